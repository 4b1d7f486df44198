package proxy

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

// refusal is what a dial returns where nothing listens.
func refusal(network, address string) error {
	var addr net.Addr = &net.UnixAddr{Name: address, Net: network}
	if at, err := net.ResolveTCPAddr("tcp", address); err == nil && network == "tcp" {
		addr = at
	}
	return &net.OpError{Op: "dial", Net: network, Addr: addr, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}

// backAfter is a dialer for an app that is away for a time from now on.
func backAfter(away time.Duration) *dialer {
	back := time.Now().Add(away)
	d := &dialer{}
	d.tcp.Connect = func(_ context.Context, network, address string) (net.Conn, error) {
		if time.Now().Before(back) {
			return nil, refusal(network, address)
		}
		c, _ := net.Pipe()
		return c, nil
	}
	return d
}

func TestAnAppThatIsRestartedIsWaitedFor(t *testing.T) {
	tests := []struct {
		name, target string
		away, limit  time.Duration
		waited       time.Duration // at least
		up           bool
	}{
		{"it is there", "localhost:3000", 0, 5 * time.Second, 0, true},
		{"it comes back", "localhost:3000", 1200 * time.Millisecond, 5 * time.Second, 1200 * time.Millisecond, true},
		{"in a private network", "192.168.1.5:3000", 1200 * time.Millisecond, 5 * time.Second, 1200 * time.Millisecond, true},
		{"in a private network of IPv6", "[fd00::5]:3000", 1200 * time.Millisecond, 5 * time.Second, 1200 * time.Millisecond, true},
		{"it stays away", "localhost:3000", time.Hour, 5 * time.Second, 5 * time.Second, false},
		{"nobody wants to wait", "localhost:3000", time.Second, 0, 0, false},
		{"somebody else's app", "203.0.113.9:80", time.Second, 5 * time.Second, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target, err := httpwire.ParseTarget(tt.target)
				if err != nil {
					t.Fatal(err)
				}
				c, waited, err := backAfter(tt.away).await(t.Context(), target.Origin(), tt.limit, nil)
				if (err == nil) != tt.up || err != nil && !httpwire.IsRefused(err) {
					t.Errorf("%v", err)
				}
				if waited < tt.waited || waited > tt.waited+lastRedial || tt.waited == 0 && waited != 0 {
					t.Errorf("waited %s, want %s", waited, tt.waited)
				}
				if c != nil {
					_ = c.Close()
				}
			})
		})
	}
}

func TestTheWaitForAnAppEnds(t *testing.T) {
	stopped := make(chan struct{})
	close(stopped)
	tests := []struct {
		name     string
		stopping chan struct{}
		end      time.Duration // of the context
		want     error
	}{
		{"when taskhook stops", stopped, time.Hour, ErrStopping},
		{"with the time for an answer", nil, time.Second, syscall.ECONNREFUSED},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.end)
				defer cancel()
				target, err := httpwire.ParseTarget("3000")
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				_, _, err = backAfter(2*time.Hour).await(ctx, target.Origin(), time.Hour, tt.stopping)
				if !errors.Is(err, tt.want) || time.Since(began) > time.Second {
					t.Errorf("after %s: %v", time.Since(began), err)
				}
			})
		})
	}
}

// An event that arrives while the app is restarted reaches it once, and the
// attempt says how long that took.
func TestAnEventOutlivesARestart(t *testing.T) {
	addr, heads, _ := recordingApp(t)
	r := newRig(t, addr, func(o *Options) { o.AppWait = time.Minute })
	dials := 0
	r.proxy.transport.pool.dialer.tcp.Connect = func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials++; dials < 3 {
			return nil, refusal(network, address)
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	if resp, body := r.post("/", "{}"); resp.StatusCode != http.StatusOK {
		t.Errorf("answered %d %s", resp.StatusCode, body)
	}
	a := r.store.attempt(t)
	if a.Waited < firstRedial || a.Number != 1 || len(heads) != 1 {
		t.Errorf("%d requests; recorded %+v", len(heads), a)
	}
	if r.post("/", "{}"); r.store.attempt(t).Waited != 0 {
		t.Error("an app that is there was waited for")
	}
}

func TestAStopEndsTheWaitAndTheEventComesAgain(t *testing.T) {
	r := newRig(t, "3000", func(o *Options) { o.AppWait, o.Timeout = time.Hour, time.Hour })
	r.proxy.transport.pool.dialer.tcp.Connect = func(_ context.Context, network, address string) (net.Conn, error) {
		r.proxy.Drain()
		return nil, refusal(network, address)
	}
	resp, body := r.post("/", "{}")
	if m := r.message(body); resp.StatusCode != http.StatusTooManyRequests || !strings.Contains(m.Error, "stopping") {
		t.Errorf("answered %d %s", resp.StatusCode, body)
	}
	if got := r.store.answer(1); got.By != webhook.ByTaskhook || got.RetryAt.IsZero() {
		t.Errorf("stored answer %+v", got)
	}
}

// Five failures in a row end a batch: they must not take five waits.
func TestABatchWaitsOnceForAnAppThatStaysAway(t *testing.T) {
	r, st := realRig(t, "3000", func(o *Options) { o.AppWait = firstRedial })
	for range 3 {
		put(t, st, `{"type":"ContactCreate"}`, webhook.Answer{Status: 500, By: webhook.ByApp})
	}
	r.proxy.transport.pool.dialer.tcp.Connect = func(_ context.Context, network, address string) (net.Conn, error) {
		return nil, refusal(network, address)
	}
	var waits int
	_, err := r.proxy.ResendBatch(t.Context(), webhook.Batch{Failed: true}, func(i webhook.BatchItem) {
		if i.Attempt.Waited > 0 {
			waits++
		}
	})
	if err != nil || waits != 1 {
		t.Errorf("%d waits, %v", waits, err)
	}
}
