package proxy

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"time"

	"github.com/taskhook/taskhook/httpwire"
)

// DefaultAppWait is how long an app that is restarted is usually away, with
// room: what an Options.AppWait may be.
const DefaultAppWait = 5 * time.Second

// The pauses between two dials while an app is away: short at first, because
// many are back at once, and never so short that waiting costs much.
const (
	firstRedial = 10 * time.Millisecond
	lastRedial  = 100 * time.Millisecond
)

// await dials an app. While it is away - it is being restarted - it dials again
// until the limit is over, and then returns why the last dial failed. waited is
// how long the app was away. The error wraps ErrStopping when stopping is
// closed meanwhile: the app has got nothing, and the event can come again.
func (d *dialer) await(ctx context.Context, o httpwire.Origin, limit time.Duration, stopping <-chan struct{}) (c net.Conn, waited time.Duration, err error) {
	c, err = d.dial(ctx, o)
	if err == nil || limit <= 0 || !isAway(err) {
		return c, 0, err
	}
	begin := time.Now()
	over := time.NewTimer(limit)
	defer over.Stop()
	for pause := firstRedial; ; pause = min(2*pause, lastRedial) {
		again := time.NewTimer(pause)
		select {
		case <-again.C:
		case <-over.C:
			return nil, time.Since(begin), err
		case <-stopping:
			return nil, time.Since(begin), &dialError{ErrStopping}
		case <-ctx.Done():
			return nil, time.Since(begin), err
		}
		var next error
		if c, next = d.dial(ctx, o); next == nil || !isAway(next) {
			if next != nil && ctx.Err() != nil {
				next = err // it was cut short, and says nothing of the app
			}
			return c, time.Since(begin), next
		}
		err = next
	}
}

// isAway reports whether a dial failed as it does while an app is restarted:
// on this machine or in a private network, nothing listens. What listens
// elsewhere is not restarted by the person who waits here.
func isAway(err error) bool {
	if _, ok := errors.AsType[*proxyError](err); ok {
		return false // the proxy is
	}
	op, ok := errors.AsType[*net.OpError](err)
	if !ok {
		return false
	}
	switch addr := op.Addr.(type) {
	case *net.UnixAddr:
		return httpwire.IsRefused(err) || errors.Is(err, fs.ErrNotExist)
	case *net.TCPAddr:
		ip := addr.IP
		near := ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()
		return near && httpwire.IsRefused(err)
	}
	return false
}
