package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// rawMain sends a file as it is, but with the line ends of HTTP, and prints the
// answer: raw URL FILE. It ends with the connection, or some time after the
// answer.
func rawMain() {
	request, err := os.ReadFile(os.Args[2])
	fail(err)
	c, err := net.Dial("tcp", strings.TrimPrefix(os.Args[1], "http://"))
	fail(err)
	_, err = c.Write(bytes.ReplaceAll(request, []byte("\n"), []byte("\r\n")))
	fail(err)
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	var answer bytes.Buffer
	buf := make([]byte, 4<<10)
	for err == nil {
		var n int
		n, err = c.Read(buf)
		answer.Write(buf[:n])
		if bytes.HasSuffix(answer.Bytes(), []byte("}")) || bytes.HasSuffix(answer.Bytes(), []byte("}\n")) {
			err = io.EOF // all answers here are JSON objects
		}
	}
	fmt.Println(answer.String())
}
