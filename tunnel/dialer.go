package tunnel

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// dialTime bounds one attempt to connect.
const dialTime = 10 * time.Second

// dialer makes the connections of one session. The first is tried once, for
// Open to judge. The later ones are tried until the session ends: within the
// dialer the pauses can be interrupted, and the session keeps its identity.
type dialer struct {
	s *session

	mu     sync.Mutex
	conn   net.Conn // the last one; nil before the first success
	closed bool
}

// Dial is DialContext without a context, as the SDK's interface has it.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext connects.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	nd := net.Dialer{Timeout: dialTime}
	d.mu.Lock()
	first := d.conn == nil
	d.mu.Unlock()
	for first || d.s.t.backoff.wait(ctx) {
		c, err := nd.DialContext(ctx, network, address)
		switch {
		case err == nil:
			return c, d.register(c)
		case first:
			return nil, err
		case ctx.Err() == nil:
			d.s.t.lost(d.s, err)
		}
	}
	return nil, context.Cause(ctx)
}

// register remembers the connection for close; it is closed at once after that.
func (d *dialer) register(c net.Conn) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		_ = c.Close()
		return net.ErrClosed
	}
	d.conn = c
	return nil
}

// close cuts the connection, whatever the SDK is waiting for on it.
func (d *dialer) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.conn != nil {
		_ = d.conn.Close()
	}
}

// Pauses between attempts: none, then longer and longer ones, each shortened
// by chance so that many clients of a failed service do not return as one.
const (
	firstPause = 500 * time.Millisecond
	maxPause   = 30 * time.Second
	// stableTime online makes the next loss a new one, tried again at once.
	stableTime = 10 * time.Second
)

// backoff spaces attempts. The zero value is ready and waits for nothing at
// first.
type backoff struct {
	mu       sync.Mutex
	pause    time.Duration // before the next attempt, at most
	onlineAt time.Time     // zero: not online
}

// online notes that the attempts have succeeded.
func (b *backoff) online() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.onlineAt = time.Now()
}

// next is the pause before this attempt.
func (b *backoff) next() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.onlineAt.IsZero() && time.Since(b.onlineAt) >= stableTime {
		b.pause = 0
	}
	b.onlineAt = time.Time{}
	pause := b.pause
	b.pause = min(max(2*pause, firstPause), maxPause)
	if pause == 0 {
		return 0
	}
	return pause/2 + rand.N(pause/2+1)
}

// wait pauses before an attempt; false: ctx has ended.
func (b *backoff) wait(ctx context.Context) bool {
	timer := time.NewTimer(b.next())
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}
