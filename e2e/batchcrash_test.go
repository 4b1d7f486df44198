package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// missed fills a store with events that an app has missed.
func missed(t *testing.T, dir string, n int) {
	t.Helper()
	st, err := store.Open(filepath.Join(dir, "events.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		body := event(fmt.Sprint("missed-", i), 200)
		env := taskee.Parse(body)
		e := webhook.Event{
			Type: env.Type, WebhookID: env.WebhookID, ReceivedAt: time.Now(), Method: http.MethodPost, Path: "/",
			Body: body, BodySize: int64(len(body)), Source: webhook.SourceTunnel,
			Verdict: webhook.Verdict{Status: webhook.Unchecked},
			Answer:  webhook.Answer{Status: http.StatusBadGateway, By: webhook.ByTaskhook, At: time.Now()},
		}
		if err := st.PutEvent(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
}

// countingApp is an app that counts how often it got each event, and says
// when it has got so many in all.
type countingApp struct {
	mu    sync.Mutex
	times map[string]int
	all   int
	at    int
	reach chan struct{}
}

func (c *countingApp) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.times[taskee.Parse(body).WebhookID]++
	if c.all++; c.all == c.at {
		close(c.reach)
	}
}

// TestAKilledBatchForgetsNothingAndSendsOnlyTheOneInFlightTwice kills
// a resend of what failed several times and has the next one continue.
func TestAKilledBatchForgetsNothingAndSendsOnlyTheOneInFlightTwice(t *testing.T) {
	events, kills := times(200, 1000), times(3, 20)
	dir := t.TempDir()
	missed(t, dir, events)
	app := &countingApp{times: map[string]int{}}
	srv := httptest.NewServer(app)
	t.Cleanup(srv.Close)
	for round := range kills {
		app.mu.Lock()
		app.at, app.reach = app.all+20+round, make(chan struct{})
		app.mu.Unlock()
		cmd := exec.CommandContext(t.Context(), "taskhook", "resend", "--failed", "--to", srv.URL, "--unverified", "--data-dir", dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-app.reach:
		case <-time.After(patience):
			t.Fatal("the batch did not come that far")
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	out, err := exec.CommandContext(t.Context(), "taskhook", "resend", "--failed", "--to", srv.URL, "--unverified", "--data-dir", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("the last batch: %v\n%s", err, out)
	}
	app.mu.Lock()
	defer app.mu.Unlock()
	if len(app.times) != events {
		t.Errorf("the app got %d of %d events", len(app.times), events)
	}
	if twice := app.all - events; twice < 0 || twice > kills {
		t.Errorf("%d sends for %d events and %d kills", app.all, events, kills)
	}
	for name, n := range app.times {
		if n > 2 {
			t.Errorf("%s came %d times", name, n)
		}
	}
}
