// Package fakengrok plays ngrok's cloud on loopback, well enough for the real
// ngrok SDK to connect to it, and for tests to make it fail in the ways the
// real one does.
//
// An [Edge] has two sides. Agents connect to [Edge.Addr] over TLS. The public
// reaches an endpoint at its URL: without a wish the edge grants
// http://127.0.0.1:PORT, which any client reaches; the URLs of named
// endpoints, https://name.example, lead to the edge with [Edge.Client].
package fakengrok

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Edge is a running stand-in for ngrok. All methods may be called from
// several goroutines, at any time.
type Edge struct {
	caPEM  []byte
	cert   tls.Certificate
	addr   string
	public *http.Server
	named  net.Listener // where Client leads
	tasks  sync.WaitGroup

	mu       sync.Mutex
	agents   net.Listener // nil while paused
	closed   bool
	muted    bool
	sessions map[*session]struct{}
	pending  map[net.Conn]struct{} // connected, not yet a session
	online   map[string]*endpoint  // by host
	auths    []Auth
	binds    []Bind
	lastID   int
	faults
}

// faults is what the edge has been told to refuse.
type faults struct {
	token    string            // "" accepts every authtoken that is not empty
	auth     string            // message that refuses every session
	bind     string            // message that refuses every endpoint
	withheld map[string]string // host → message that refuses that endpoint
}

// Start returns a running edge. The caller closes it.
func Start() (*Edge, error) {
	e := &Edge{
		sessions: map[*session]struct{}{},
		pending:  map[net.Conn]struct{}{},
		online:   map[string]*endpoint{},
		faults:   faults{withheld: map[string]string{}},
	}
	var err error
	if e.caPEM, e.cert, err = newCertificates(time.Now()); err != nil {
		return nil, fmt.Errorf("make certificates: %w", err)
	}
	e.public = &http.Server{Handler: e.handler(), ReadHeaderTimeout: time.Minute}
	if e.named, err = e.openFront(); err != nil {
		return nil, err
	}
	if err := e.Resume(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// Addr is the host:port that agents connect to.
func (e *Edge) Addr() string { return e.addr }

// CA is the certificate, in PEM, that agents must trust.
func (e *Edge) CA() []byte { return slices.Clone(e.caPEM) }

// Close ends everything and waits for it.
func (e *Edge) Close() error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.Pause()
	e.Drop()
	err := e.public.Close()
	e.tasks.Wait()
	return err
}

// Resume accepts agents again, at the same address as before.
func (e *Edge) Resume() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.agents != nil {
		return nil
	}
	addr := e.addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	ln, err := listen(addr)
	if err != nil {
		return fmt.Errorf("listen for agents: %w", err)
	}
	e.agents, e.addr = ln, ln.Addr().String()
	e.tasks.Go(func() { e.acceptAgents(ln) })
	return nil
}

// listen opens a loopback port, which does not block.
func listen(addr string) (net.Listener, error) {
	var lc net.ListenConfig
	return lc.Listen(context.Background(), "tcp", addr)
}

// Pause refuses new connections of agents until Resume. Sessions stay.
func (e *Edge) Pause() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.agents != nil {
		_ = e.agents.Close()
		e.agents = nil
	}
}

// Mute makes the edge accept new connections and say nothing on them, true,
// or serve them, false.
func (e *Edge) Mute(on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.muted = on
}

// Drop cuts the connection of every agent without a goodbye.
func (e *Edge) Drop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for c := range e.pending {
		cut(c)
	}
	for s := range e.sessions {
		cut(s.conn)
	}
}

// cut resets a TCP connection.
func cut(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// RequireToken accepts this authtoken alone; any other is refused as ngrok
// does, quoting it.
func (e *Edge) RequireToken(token string) {
	e.change(func(f *faults) { f.token = token })
}

// RefuseSessions refuses every new session with a code, such as
// "ERR_NGROK_108", and a message. An empty code accepts again.
func (e *Edge) RefuseSessions(code, message string) {
	e.change(func(f *faults) { f.auth = refusal(code, message) })
}

// RefuseEndpoints refuses every endpoint likewise. An empty code grants again.
func (e *Edge) RefuseEndpoints(code, message string) {
	e.change(func(f *faults) { f.bind = refusal(code, message) })
}

// Occupy makes somebody else be online at a host.
func (e *Edge) Occupy(host string) {
	e.change(func(f *faults) { f.withheld[host] = alreadyOnline(host) })
}

// Withdraw gives a host to another account: who asks for it is refused.
func (e *Edge) Withdraw(host string) {
	e.change(func(f *faults) {
		f.withheld[host] = refusal("ERR_NGROK_320", "This domain is reserved for another account.\r\nFailed to create an endpoint with the domain '"+host+"'.")
	})
}

// Release takes back Occupy and Withdraw.
func (e *Edge) Release(host string) {
	e.change(func(f *faults) { delete(f.withheld, host) })
}

func (e *Edge) change(f func(*faults)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f(&e.faults)
}

// refusal is a message in the layout of ngrok's.
func refusal(code, message string) string {
	if code == "" {
		return ""
	}
	return message + "\r\n\r\n" + code + "\r\n"
}

func alreadyOnline(host string) string {
	return refusal("ERR_NGROK_334", "The endpoint '"+host+"' is already online. Either\r\n1. stop your existing endpoint first, or\r\n2. start both endpoints with pooling.")
}

// Sessions counts the agents that are connected and authenticated.
func (e *Edge) Sessions() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for s := range e.sessions {
		if s.clientID != "" {
			n++
		}
	}
	return n
}

// Auths are the requests for a session so far, refused ones too.
func (e *Edge) Auths() []Auth {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.auths)
}

// Binds are the requests for an endpoint so far, refused ones too.
func (e *Edge) Binds() []Bind {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.binds)
}

// Connections counts the connections of agents, authenticated or not.
func (e *Edge) Connections() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.pending) + len(e.sessions)
}
