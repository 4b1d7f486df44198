//go:build !unix

package proxy

import (
	"errors"
	"net"
	"os"
	"time"
)

// open reports whether the app has kept an idle connection open: reading must
// find nothing, not even an end of file, for a moment.
func open(c net.Conn) bool {
	var b [1]byte
	if err := c.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return false
	}
	_, err := c.Read(b[:])
	return errors.Is(err, os.ErrDeadlineExceeded)
}
