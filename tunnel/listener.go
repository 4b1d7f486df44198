package tunnel

import (
	"context"
	"net"
	"net/url"
	"sync"
)

// listener is the one listener of a tunnel, fed by one session after another.
type listener struct {
	conns  chan net.Conn
	closed chan struct{}

	mu   sync.Mutex
	addr endpointAddr
	once sync.Once
}

func newListener() *listener {
	return &listener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// deliver waits until the connection is accepted. It returns false when
// nobody will: the listener is closed, or ctx has ended.
func (l *listener) deliver(ctx context.Context, c net.Conn) bool {
	select {
	case l.conns <- c:
		return true
	case <-l.closed:
	case <-ctx.Done():
	}
	return false
}

// Accept waits for the next connection.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.closed: // has precedence
		return nil, l.closedError()
	default:
	}
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, l.closedError()
	}
}

func (l *listener) closedError() error {
	return &net.OpError{Op: "accept", Net: l.Addr().Network(), Addr: l.Addr(), Err: net.ErrClosed}
}

// Close makes every Accept end.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr is the host of the present public URL.
func (l *listener) Addr() net.Addr {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.addr
}

// at notes the public URL.
func (l *listener) at(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if u, err := url.Parse(address); err == nil {
		l.addr = endpointAddr(u.Host)
	}
}

// endpointAddr is the host of an endpoint as an address.
type endpointAddr string

func (endpointAddr) Network() string  { return "ngrok" }
func (a endpointAddr) String() string { return string(a) }
