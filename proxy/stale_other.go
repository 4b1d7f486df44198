//go:build !unix

package proxy

import (
	"errors"
	"net"
	"os"
	"time"
)

// isOpen reports whether the app has left an idle connection open. Reading
// must find nothing for a moment, not even an end of file.
func isOpen(c net.Conn) bool {
	var b [1]byte
	if err := c.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return false
	}
	_, err := c.Read(b[:])
	return errors.Is(err, os.ErrDeadlineExceeded)
}
