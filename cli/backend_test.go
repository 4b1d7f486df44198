package cli

import (
	"fmt"
	"testing"

	"github.com/taskhook/taskhook/control"
	"github.com/taskhook/taskhook/webhook"
)

// Whoever was answered sees the attempt in what another command reads through
// the listener, though it is only queued by then.
func TestAReadThroughTheListenerSeesWhatIsQueued(t *testing.T) {
	l, _ := openTestLocal(t)
	stop, err := (&app{}).shareStore(l.dir, &backend{Backend: l, own: l})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	client, err := control.Dial(l.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for i := range 20 {
		e := webhook.Event{Type: "ContactCreate", WebhookID: fmt.Sprint("w", i), Method: "POST", Path: "/", Source: webhook.SourceLocal}
		if err := l.PutEvent(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
		l.QueueAttempt(webhook.Attempt{EventID: e.ID, Number: 1, Trigger: webhook.TriggerReceived, StatusCode: 500}, webhook.Answer{Status: 500, By: webhook.ByApp})
		r, err := webhook.ReadRecord(t.Context(), client, e.ID, webhook.Parts{Attempts: true})
		if err != nil || len(r.History) != 1 || r.LastStatus != 500 {
			t.Errorf("%s has %d attempts, the last answered %d: %v", e.ID, len(r.History), r.LastStatus, err)
		}
	}
}
