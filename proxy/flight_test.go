package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// blockingApp is an app that answers no request before release is closed.
func blockingApp(t *testing.T) (addr string, entered, release chan struct{}) {
	entered, release = make(chan struct{}, 10), make(chan struct{})
	addr = app(t, func(w http.ResponseWriter, _ *http.Request) {
		entered <- struct{}{}
		<-release
		_, _ = io.WriteString(w, "done")
	})
	return addr, entered, release
}

// postAsync posts and hands over the status and the body.
func (r *rig) postAsync() chan string {
	answer := make(chan string, 1)
	go func() {
		resp, err := r.client.Post("http://"+r.addr+"/", "", strings.NewReader("{}"))
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		answer <- resp.Status + " " + string(body)
	}()
	return answer
}

func TestWhileStoppingNothingNewIsForwarded(t *testing.T) {
	addr, entered, release := blockingApp(t)
	r := newRig(t, addr, func(o *Options) { o.MaxConnections = 1 })
	inFlight := r.postAsync()
	<-entered
	waiting := r.postAsync()
	waitUntil(t, func() bool { events, _ := r.store.count(); return events == 2 })
	r.proxy.Drain()
	if got := <-waiting; !strings.HasPrefix(got, "429 ") || !strings.Contains(got, "stopping") {
		t.Errorf("who waited for a connection was answered %s", got)
	}
	resp, body := r.post("/", "{}")
	if m := r.message(body); resp.StatusCode != http.StatusTooManyRequests || m.Error != "taskhook is stopping" {
		t.Errorf("a new request was answered %d %s", resp.StatusCode, body)
	}
	for id := webhook.ID(2); id <= 3; id++ {
		if got := r.store.answer(id); got.Status != 429 || got.RetryAt.IsZero() || got.By != webhook.ByTaskhook {
			t.Errorf("%s is stored with %+v", id, got)
		}
	}
	close(release)
	if got := <-inFlight; got != "200 OK done" {
		t.Errorf("what was in progress was answered %s", got)
	}
	if _, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: 1}); !errors.Is(err, ErrStopping) {
		t.Errorf("a resend while stopping: %v", err)
	}
}

func TestCloseWaitsForWhatIsInProgress(t *testing.T) {
	addr, entered, release := blockingApp(t)
	r := newRig(t, addr)
	inFlight := r.postAsync()
	<-entered
	closed := make(chan error, 1)
	go func() { closed <- r.proxy.Close(context.Background()) }()
	<-r.proxy.flight.draining
	select {
	case <-closed:
		t.Fatal("Close did not wait")
	default:
	}
	close(release)
	if got := <-inFlight; got != "200 OK done" {
		t.Errorf("answered %s", got)
	}
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
	r.store.setFail(errors.New("must not be asked any more"))
	if resp, body := r.post("/", "{}"); resp.StatusCode != http.StatusTooManyRequests || !strings.Contains(body, "stopping") {
		t.Errorf("after Close answered %d %s", resp.StatusCode, body)
	}
	if err := r.proxy.Close(context.Background()); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestCloseCancelsWhatTakesTooLong(t *testing.T) {
	addr := rawApp(t, func(c net.Conn, _ int) { _, _ = io.Copy(io.Discard, c) })
	r := newRig(t, addr)
	inFlight := r.postAsync()
	waitUntil(t, func() bool { inUse, _ := r.proxy.apps[0].Connections(); return inUse == 1 })
	slow := r.raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
	waitUntil(t, func() bool { return r.proxy.InFlight() == 2 })
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := r.proxy.Close(ctx); err != nil {
		t.Errorf("Close: %v", err)
	}
	if got := <-inFlight; !strings.HasPrefix(got, "429 ") || !strings.Contains(got, "stopping") {
		t.Errorf("the cancelled request was answered %s", got)
	}
	a := r.store.attempt(t)
	if !strings.Contains(a.Error, "stopped before the app had answered") {
		t.Errorf("recorded %q", a.Error)
	}
	if got := r.store.answer(1); got.Status != 429 || got.RetryAt.IsZero() {
		t.Errorf("stored %+v", got)
	}
	if resp, _ := rawAnswer(t, slow); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a sender in the middle of its body was answered %d", resp.StatusCode)
	}
	if r.proxy.InFlight() != 0 {
		t.Error("something is still in progress")
	}
}
