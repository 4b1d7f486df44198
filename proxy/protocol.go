package proxy

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"time"

	"github.com/taskhook/taskhook/httpwire"
)

// Reasons why an app cannot answer HTTP/1.1 where it was asked.
var (
	// errSpeaksTLS is returned when a target without TLS speaks it.
	errSpeaksTLS = errors.New("the app speaks https")
	// errSpeaksHTTP2 is returned when an app understands no HTTP/1.1.
	errSpeaksHTTP2 = errors.New("the app speaks only HTTP/2")
)

const nextHTTP2 = "let your app answer HTTP/1.1, too, which is what webhooks come in"

// Of the TLS record and the HTTP/2 frame that a server sends to who does not
// speak it.
const (
	tlsAlert        = 0x15
	http2FrameHead  = 9
	http2Settings   = 4
	http2GoAway     = 7
	http2Preface    = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	http2NoSettings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
)

// otherProtocol recognises what answers in another protocol by the first bytes
// of its answer, the first of which has arrived; nil: it may be HTTP. A line of
// HTTP begins with neither.
func (c *conn) otherProtocol() error {
	first, _ := c.reader.Peek(1) // it is there
	if first[0] == tlsAlert && !c.origin.TLS() {
		return errSpeaksTLS
	}
	if first[0] == 0 {
		if head, _ := c.reader.Peek(http2FrameHead); isHTTP2(head) {
			return errSpeaksHTTP2
		}
	}
	return nil
}

// isHTTP2 reports whether a frame is one with which a server greets or leaves:
// on the connection itself, which is stream 0.
func isHTTP2(head []byte) bool {
	return len(head) == http2FrameHead && (head[3] == http2Settings || head[3] == http2GoAway) && binary.BigEndian.Uint32(head[5:]) == 0
}

// askTime is how long it may take to find out what an app speaks.
const askTime = 500 * time.Millisecond

// ask finds out what an app speaks that has closed a new connection without a
// word, on connections of its own: a client that begins with TLS or HTTP/2
// gets an answer where it is understood. nil: neither.
func (d *dialer) ask(ctx context.Context, o httpwire.Origin) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	switch {
	case o.Network() == "tcp" && d.speaksTLS(ctx, o):
		return errSpeaksTLS
	case d.speaksHTTP2(ctx, o):
		return errSpeaksHTTP2
	}
	return nil
}

// speaksTLS reports whether there is an answer to the first message of TLS, be
// it that the app wants a client with a certificate.
func (d *dialer) speaksTLS(ctx context.Context, o httpwire.Origin) bool {
	c, err := d.connect(ctx, o)
	if err != nil {
		return false
	}
	// Nothing is sent that the certificate would have to protect.
	c, err = handshake(ctx, c, &tls.Config{ServerName: o.Host(), InsecureSkipVerify: true}) //nolint:gosec // see above
	if err == nil {
		_ = c.Close()
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error"
}

// speaksHTTP2 reports whether there is an answer to the first message of
// HTTP/2.
func (d *dialer) speaksHTTP2(ctx context.Context, o httpwire.Origin) bool {
	c, err := d.connect(ctx, o)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	if _, err := io.WriteString(c, http2Preface+http2NoSettings); err != nil {
		return false
	}
	var head [http2FrameHead]byte
	n, _ := io.ReadFull(c, head[:])
	return isHTTP2(head[:n])
}

// explainOther is the failure of an app that does not speak HTTP/1.1 here.
func explainOther(err error, t httpwire.Target) *failure {
	if errors.Is(err, errSpeaksTLS) {
		return badGateway(errSpeaksTLS.Error(), "use taskhook listen "+t.WithTLS(true).String())
	}
	return badGateway(errSpeaksHTTP2.Error(), nextHTTP2)
}

// wantsTLS are the words with which servers that speak TLS answer a request
// without it: nginx, Apache, Go, Tomcat.
var wantsTLS = regexp.MustCompile(`(?i)HTTP request (was sent )?to (an )?HTTPS (port|server)|speaking plain HTTP to an SSL|combination of host and port requires TLS`)

// saysTLS reports whether an answer says that it should have been asked over
// TLS.
func saysTLS(status int, body []byte) bool {
	return status == http.StatusBadRequest && wantsTLS.Match(body[:min(len(body), hostCheckBody)])
}
