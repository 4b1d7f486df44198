package proxy

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// TestASenderThatReadsLastGetsAnEarlyAnswer sends as many clients do: the whole
// body first, more than any buffer between takes, and only then it reads.
func TestASenderThatReadsLastGetsAnEarlyAnswer(t *testing.T) {
	const size = 24 << 20
	declared := fmt.Sprintf("Content-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size))
	chunked := fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", size, strings.Repeat("x", size))
	tooLarge := func(*rig) {}
	overBudget := func(r *rig) { r.proxy.opts.MaxBody, r.proxy.budget.total = 2*size, 1<<10 }
	stopped := func(r *rig) { _ = r.proxy.Close(context.Background()) }
	tests := []struct {
		name    string
		prepare func(*rig)
		body    string
		status  int
	}{
		{"too large, declared", tooLarge, declared, http.StatusRequestEntityTooLarge},
		{"too large, chunked", tooLarge, chunked, http.StatusRequestEntityTooLarge},
		{"over the budget, declared", overBudget, declared, http.StatusTooManyRequests},
		{"over the budget, chunked", overBudget, chunked, http.StatusTooManyRequests},
		{"after the end", stopped, declared, http.StatusTooManyRequests},
	}
	for _, tt := range tests {
		for _, connection := range []string{"", "Connection: close\r\n"} {
			t.Run(tt.name+" "+connection, func(t *testing.T) {
				r := newRig(t, "127.0.0.1:1")
				tt.prepare(r)
				c := r.raw("POST / HTTP/1.1\r\nHost: x\r\n" + connection + tt.body)
				resp, body := rawAnswer(t, c)
				if resp.StatusCode != tt.status || !resp.Close {
					t.Errorf("answered %d %s, close %t", resp.StatusCode, body, resp.Close)
				}
				if n, err := io.Copy(io.Discard, c); n != 0 || err != nil {
					t.Errorf("the connection ends with %d bytes, %v", n, err)
				}
			})
		}
	}
}

func TestAnEarlyAnswerDoesNotWaitForTheBody(t *testing.T) {
	r := newRig(t, "127.0.0.1:1", func(o *Options) { o.MaxBody = 10 })
	for _, head := range []string{"Content-Length: 1000\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n"} {
		if resp, body := rawAnswer(t, r.raw("POST / HTTP/1.1\r\nHost: x\r\n"+head)); resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("answered %d %s", resp.StatusCode, body)
		}
	}
	if n := r.proxy.InFlight(); n != 0 {
		t.Errorf("%d requests are in flight after their answer: a stop would wait for them", n)
	}
}

// TestAStopIsNoHangUp sends a part of a body and waits for the answer.
func TestAStopIsNoHangUp(t *testing.T) {
	for _, head := range []string{"Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nabc"} {
		r := newRig(t, "127.0.0.1:1")
		c := r.raw("POST / HTTP/1.1\r\nHost: x\r\n" + head)
		waitUntil(t, func() bool { return r.proxy.InFlight() == 1 })
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.proxy.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
		if resp, body := rawAnswer(t, c); resp.StatusCode != http.StatusTooManyRequests || !strings.Contains(body, "stopping") {
			t.Errorf("answered %d %s", resp.StatusCode, body)
		}
		sum, err := r.store.Summary(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := sum.Outcome.State(time.Now()); got != webhook.StateRetrying || sum.Answer.SenderGone {
			t.Errorf("stored as %s, %+v", got, sum.Answer)
		}
	}
}

func TestWhoIsStillThereIsNotGone(t *testing.T) {
	tests := []struct {
		name, rest string
		hangsUp    bool
	}{
		{"pausing for too long", "abc", false},
		{"hanging up", "abc", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, "127.0.0.1:1")
			if !tt.hangsUp {
				r.proxy.bodyIdleTimeout = 50 * time.Millisecond
			}
			c := r.raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n" + tt.rest)
			if tt.hangsUp {
				_ = c.Close()
			}
			waitUntil(t, func() bool { events, _ := r.store.count(); return events == 1 })
			if got := r.store.answer(1); got.SenderGone != tt.hangsUp {
				t.Errorf("stored %+v", got)
			}
		})
	}
}
