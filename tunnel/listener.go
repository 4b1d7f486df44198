package tunnel

import (
	"context"
	"net"
	"net/url"
	"sync/atomic"
)

// listener is the one listener of a tunnel, fed by one session after another.
type listener struct {
	conns chan net.Conn
	open  context.Context // ends with Close
	close context.CancelFunc
	addr  atomic.Value // of endpointAddr
}

func newListener() *listener {
	l := &listener{conns: make(chan net.Conn)}
	l.open, l.close = context.WithCancel(context.Background())
	l.addr.Store(endpointAddr(""))
	return l
}

// deliver waits until the connection is accepted. It returns false when
// nobody will: the listener is closed, or ctx has ended.
func (l *listener) deliver(ctx context.Context, c net.Conn) bool {
	select {
	case l.conns <- c:
		return true
	case <-l.open.Done():
	case <-ctx.Done():
	}
	return false
}

// Accept waits for the next connection.
func (l *listener) Accept() (net.Conn, error) {
	if l.open.Err() == nil { // closing has precedence
		select {
		case c := <-l.conns:
			return c, nil
		case <-l.open.Done():
		}
	}
	return nil, &net.OpError{Op: "accept", Net: l.Addr().Network(), Addr: l.Addr(), Err: net.ErrClosed}
}

// Close makes every Accept end.
func (l *listener) Close() error {
	l.close()
	return nil
}

// Addr is the host of the present public URL.
func (l *listener) Addr() net.Addr { return l.addr.Load().(endpointAddr) }

// at notes the public URL.
func (l *listener) at(address string) {
	if u, err := url.Parse(address); err == nil {
		l.addr.Store(endpointAddr(u.Host))
	}
}

// endpointAddr is the host of an endpoint as an address.
type endpointAddr string

func (endpointAddr) Network() string  { return "ngrok" }
func (a endpointAddr) String() string { return string(a) }
