package proxy

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/taskhook/taskhook/httpwire"
)

// maxAnswerHead bounds the status line and headers of the app's answer, in
// bytes.
const maxAnswerHead = 1 << 20

// Reasons why an exchange with the app ended without an answer.
var (
	// errNoAnswer is returned when the app closed the connection without a
	// byte of an answer.
	errNoAnswer = errors.New("the app closed the connection without an answer")
	// errClosedIdle is returned when the app closed a connection that had been
	// idle, without a byte of an answer, after the request was written to it:
	// whether it has read the request is not known.
	errClosedIdle = errors.New("the app closed a connection that it had kept open, as the event was written to it")
	// errNothingSent is returned when an idle connection turned out to be
	// closed before a byte of the request was written: only then may the
	// request go over another connection.
	errNothingSent = errors.New("the connection was closed while it was idle")
	errHeadTooBig  = errors.New("the headers of the app's answer are too large")
)

// conn is one connection to the app, used by one exchange at a time.
type conn struct {
	net.Conn
	origin   httpwire.Origin
	via      *viaProxy // that takes the requests; nil: the app does
	reader   *bufio.Reader
	headLeft int64      // bytes that the head of an answer may still have; negative: unlimited
	answer   answerHead // of the exchange in progress
	reused   bool       // an exchange has used it before
	deadline time.Time  // of the exchange in progress
	expires  time.Time  // when it is too old to be reused
	head     []byte     // the request head being written
	buffers  net.Buffers
}

func newConn(c net.Conn, o httpwire.Origin) *conn {
	n := &conn{Conn: c, origin: o, headLeft: -1, buffers: make(net.Buffers, 0, 3)}
	if via, ok := c.(*viaProxy); ok {
		n.Conn, n.via = via.Conn, via
	}
	n.reader = bufio.NewReader(n)
	return n
}

// Read reads for the bufio.Reader of c and limits the head of an answer.
func (c *conn) Read(p []byte) (int, error) {
	if c.headLeft == 0 {
		return 0, errHeadTooBig
	}
	if c.headLeft > 0 {
		p = p[:min(int64(len(p)), c.headLeft)]
	}
	n, err := c.Conn.Read(p)
	if c.headLeft > 0 {
		c.headLeft -= int64(n)
	}
	return n, err
}

// write sends a request and returns how many bytes of it were written.
func (c *conn) write(head, body, tail []byte) (int64, error) {
	c.buffers = append(c.buffers[:0], head)
	if len(body) > 0 {
		c.buffers = append(c.buffers, body)
	}
	if len(tail) > 0 {
		c.buffers = append(c.buffers, tail)
	}
	all := c.buffers // WriteTo consumes what it is called on
	n, err := c.buffers.WriteTo(c.Conn)
	clear(all)
	c.buffers = all
	return n, err
}

// noAnswer tells a connection that was closed from one that timed out.
func noAnswer(err error) error {
	if httpwire.IsTimeout(err) || errors.Is(err, net.ErrClosed) {
		return err
	}
	return errNoAnswer
}

// idleTimeout is how long a connection may be idle after an answer: maxIdle, or
// less if the app says that it closes the connection earlier.
func idleTimeout(h http.Header) time.Duration {
	for _, v := range h["Keep-Alive"] {
		for field := range strings.SplitSeq(v, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
			if !strings.EqualFold(name, "timeout") {
				continue
			}
			if n, err := strconv.ParseInt(value, 10, 32); err == nil {
				return min(maxIdle, time.Duration(n)*time.Second-time.Second)
			}
		}
	}
	return maxIdle
}
