package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func TestConnectionsAreReused(t *testing.T) {
	var conns, requests atomic.Int32
	addr := rawApp(t, func(c net.Conn, _ int) {
		conns.Add(1)
		for br := bufio.NewReader(c); ; requests.Add(1) {
			if _, _, err := readRequest(br); err != nil {
				return
			}
			_, _ = io.WriteString(c, okAnswer)
		}
	})
	r := newRig(t, addr)
	for range 10 {
		if resp, _ := r.post("/", "{}"); resp.StatusCode != http.StatusOK {
			t.Fatalf("answered %d", resp.StatusCode)
		}
	}
	if conns.Load() != 1 {
		t.Errorf("%d connections for 10 requests", conns.Load())
	}
}

// An app that closes idle connections is no reason for a POST to fail.
func TestAConnectionTheAppClosedWhileIdleIsNotUsed(t *testing.T) {
	closed := make(chan struct{})
	addr := rawApp(t, func(c net.Conn, _ int) {
		_, _, _ = readRequest(bufio.NewReader(c))
		_, _ = io.WriteString(c, okAnswer)
		_ = c.Close()
		closed <- struct{}{}
	})
	r := newRig(t, addr)
	for range 20 {
		resp, body := r.post("/", "{}")
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("answered %d %s", resp.StatusCode, body)
		}
		<-closed
	}
}

// A request that may have reached the app is not sent again, whatever its
// method: the app may have done its work and crashed before it could answer.
func TestWhatMayHaveReachedTheAppIsNotSentAgain(t *testing.T) {
	for _, method := range []string{"GET", "POST", "PUT", "HEAD", "OPTIONS"} {
		for _, warm := range []bool{false, true} {
			var seen atomic.Int32
			addr := rawApp(t, func(c net.Conn, _ int) {
				br := bufio.NewReader(c)
				for {
					head, _, err := readRequest(br)
					if err != nil {
						return
					}
					if head[:9] != "POST /warm"[:9] {
						seen.Add(1)
						return // read, then crash
					}
					_, _ = io.WriteString(c, okAnswer)
				}
			})
			r := newRig(t, addr)
			if warm {
				r.post("/warm", "{}")
				r.store.attempt(t)
			}
			req, _ := http.NewRequest(method, "http://"+r.addr+"/x", nil)
			req.Header.Set("Idempotency-Key", "1")
			want := http.StatusBadGateway
			if warm { // it may have been closed for being idle
				want = http.StatusTooManyRequests
			}
			if resp, body := r.do(req); resp.StatusCode != want {
				t.Errorf("%s was answered %d %s", method, resp.StatusCode, body)
			}
			if seen.Load() != 1 {
				t.Errorf("%s (reused connection: %v) reached the app %d times", method, warm, seen.Load())
			}
			if a := r.store.attempt(t); a.Number != 1 || a.Error == "" {
				t.Errorf("recorded %+v", a)
			}
		}
	}
}

func TestAnIdleConnectionExpires(t *testing.T) {
	gone := make(chan struct{})
	addr := rawApp(t, func(c net.Conn, _ int) {
		for br := bufio.NewReader(c); ; {
			if _, _, err := readRequest(br); err != nil {
				close(gone)
				return
			}
			_, _ = io.WriteString(c, okAnswer)
		}
	})
	r := newRig(t, addr)
	r.post("/", "{}")
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		t.Error("the idle connection is still open")
	}
}

func TestUnexpectedBytesEndAnIdleConnection(t *testing.T) {
	sent := make(chan struct{}, 2)
	addr := rawApp(t, func(c net.Conn, _ int) {
		for br := bufio.NewReader(c); ; sent <- struct{}{} {
			if _, _, err := readRequest(br); err != nil {
				return
			}
			_, _ = io.WriteString(c, okAnswer+"HTTP/1.1 500 Not Asked\r\n\r\n")
		}
	})
	r := newRig(t, addr)
	for range 2 {
		if resp, _ := r.post("/", "{}"); resp.StatusCode != http.StatusOK {
			t.Errorf("answered %d", resp.StatusCode)
		}
		<-sent
	}
}

// An app may close an idle connection in the moment in which an event is
// written to it. Whether it has read the event is not known: the platform has
// to send it again, and until that is over no connection is reused.
func TestAnIdleConnectionThatDiesUnderAnEvent(t *testing.T) {
	var requests, conns atomic.Int32
	addr := rawApp(t, func(c net.Conn, _ int) {
		conns.Add(1)
		br := bufio.NewReader(c)
		for range 2 { // the second request of each connection is its last
			if _, _, err := readRequest(br); err != nil {
				return
			}
			if requests.Add(1); requests.Load() == 2 {
				return
			}
			_, _ = io.WriteString(c, okAnswer)
		}
	})
	r := newRig(t, addr)
	statuses := []int{200, 429, 200, 200, 200}
	for i, want := range statuses {
		resp, body := r.post("/", "{}")
		if resp.StatusCode != want {
			t.Fatalf("event %d was answered %d %s", i+1, resp.StatusCode, body)
		}
		a := r.store.attempt(t)
		if a.Answered != want || (want == 429) != strings.Contains(a.Error, "kept open") || (want == 429) != (a.Hint != "") {
			t.Errorf("recorded %+v", a)
		}
	}
	if requests.Load() != int32(len(statuses)) || conns.Load() != 4 {
		t.Errorf("%d requests on %d connections", requests.Load(), conns.Load())
	}
	got := r.store.answer(2)
	if got.By != webhook.ByTaskhook || got.RetryAt.IsZero() || !strings.Contains(got.Reason, webhook.MayBeProcessed) {
		t.Errorf("stored answer %+v", got)
	}
}

func TestConnectionsAreReusedAgainAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, err := httpwire.ParseTarget("3000")
		if err != nil {
			t.Fatal(err)
		}
		other, err := httpwire.ParseTarget("3001")
		if err != nil {
			t.Fatal(err)
		}
		p := pool{max: 2}
		put := func(o httpwire.Origin) bool {
			c, app := net.Pipe()
			defer app.Close()
			p.put(newConn(c, o), time.Second)
			taken := p.takeIdle(o)
			if taken != nil {
				_ = taken.Close()
			}
			return taken != nil
		}
		idle, app := net.Pipe()
		p.put(newConn(idle, target.Origin()), time.Second)
		p.distrust(target.Origin())
		if _, err := app.Write([]byte("x")); err == nil || p.takeIdle(target.Origin()) != nil {
			t.Error("an idle connection to this app is left open")
		}
		if put(target.Origin()) || !put(other.Origin()) {
			t.Error("the connections of one app are to be reused, those of the other not")
		}
		time.Sleep(distrustFor)
		if !put(target.Origin()) {
			t.Error("connections are not reused after a minute")
		}
		p.close()
	})
}
