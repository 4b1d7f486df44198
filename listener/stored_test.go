package listener

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/control"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/verify"
	"github.com/taskhook/taskhook/webhook"
)

// leave leaves a store with one event behind, as a listener does that has
// ended, and returns its directory.
func leave(t *testing.T, app string) (dir string) {
	t.Helper()
	o := testOptions(t, app)
	o.Proxy.Mode = proxy.ModeOff
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	(&rig{Listener: l, t: t}).post(nil, []byte(`{"a": 1}`))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return o.Dir
}

func openTestStored(t *testing.T, o StoredOptions) *Stored {
	t.Helper()
	s, err := OpenStored(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestWithoutAListenerTheLastTargetIsSentTo(t *testing.T) {
	received := make(chan string, 9)
	app := newApp(t, func(_ http.ResponseWriter, r *http.Request) { received <- r.URL.Path })
	s := openTestStored(t, StoredOptions{Dir: leave(t, app+"/hooks"), Project: "p", Version: "2"})
	<-received
	d, err := s.Listener(t.Context())
	if err != nil || d.Target != "http://"+app+"/hooks" || d.Counts.Events != 1 || d.Project != "p" || d.Local != "" {
		t.Errorf("it describes itself as %+v, %v", d, err)
	}
	if r, err := s.Resend(t.Context(), webhook.Resend{EventID: 1}); err != nil || r.Attempt.StatusCode != http.StatusOK || <-received != "/hooks" {
		t.Errorf("resent: %+v, %v", r, err)
	}
}

func TestAStoreThatIsOnlyReadSendsNothing(t *testing.T) {
	s := openTestStored(t, StoredOptions{Dir: leave(t, newApp(t, ok)), ReadOnly: true})
	if e, err := s.Event(t.Context(), 1); err != nil || string(e.Body) != `{"a": 1}` {
		t.Errorf("event %+v, %v", e, err)
	}
	calls := map[string]func() error{
		"resend":   func() error { _, err := s.Resend(t.Context(), webhook.Resend{EventID: 1}); return err },
		"simulate": func() error { _, err := s.Simulate(t.Context(), retry.SimulationRequest{}); return err },
		"steer":    func() error { return s.Steer(t.Context(), retry.Steering{}) },
		"batch":    func() error { _, err := s.ResendBatch(t.Context(), webhook.Batch{}, nil); return err },
		"faults":   func() error { _, err := s.ChangeFaults(t.Context(), webhook.FaultChange{}); return err },
		"shield":   func() error { return s.SetShield(t.Context(), true) },
		"skip":     func() error { _, err := s.SkipVerifyLike(t.Context(), 1); return err },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestARouteThatIsNotUnderstoodHidesNoEvents holds that what another version
// wrote stops only what would send by it.
func TestARouteThatIsNotUnderstoodHidesNoEvents(t *testing.T) {
	dir := leave(t, newApp(t, ok))
	s := openTestStored(t, StoredOptions{Dir: dir})
	if err := s.SetSetting(t.Context(), settingRoutes, `["later:A -> 3001"]`); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := OpenStored(StoredOptions{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), `the last listener's route later:A -> 3001: unknown field "later"`) {
		t.Errorf("to send: %v", err)
	}
	s = openTestStored(t, StoredOptions{Dir: dir, ReadOnly: true})
	if e, err := s.Event(t.Context(), 1); err != nil || string(e.Body) != `{"a": 1}` {
		t.Errorf("event %+v, %v", e, err)
	}
}

func TestThereMustBeAStore(t *testing.T) {
	dir := t.TempDir()
	for _, readOnly := range []bool{true, false} {
		if _, err := OpenStored(StoredOptions{Dir: dir, ReadOnly: readOnly}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("read only %v: %v", readOnly, err)
		}
	}
}

func TestAStoreIsSharedLikeAListener(t *testing.T) {
	dir := leave(t, newApp(t, ok))
	s := openTestStored(t, StoredOptions{Dir: dir})
	stop, err := s.Share()
	if err != nil {
		t.Fatal(err)
	}
	c, err := control.Dial(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if e, err := webhook.ReadRecord(t.Context(), c, 1, webhook.Parts{Payload: true}); err != nil || string(e.Body) != `{"a": 1}` {
		t.Errorf("event %+v, %v", e, err)
	}
	stop()
	if _, err := webhook.ReadRecord(t.Context(), c, 1, webhook.Parts{}); !errors.Is(err, control.ErrNoListener) {
		t.Errorf("after the end: %v", err)
	}
}

// TestAReadOverTheSocketSeesWhatIsQueued holds that whoever was answered sees
// the attempt in what another command reads, though it is only queued by then.
func TestAReadOverTheSocketSeesWhatIsQueued(t *testing.T) {
	s := openTestStored(t, StoredOptions{Dir: leave(t, newApp(t, ok))})
	stop, err := s.Share()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	c, err := control.Dial(s.Dir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for i := range 20 {
		e := webhook.Event{Type: "ContactCreate", WebhookID: fmt.Sprint("w", i), Method: "POST", Path: "/", Source: webhook.SourceLocal}
		if err := s.PutEvent(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
		s.QueueAttempt(webhook.Attempt{EventID: e.ID, Number: 1, Trigger: webhook.TriggerReceived, StatusCode: 500}, webhook.Answer{Status: 500, By: webhook.ByApp})
		r, err := webhook.ReadRecord(t.Context(), c, e.ID, webhook.Parts{Attempts: true})
		if err != nil || len(r.History) != 1 || r.LastStatus != 500 {
			t.Errorf("%s has %d attempts, the last answered %d: %v", e.ID, len(r.History), r.LastStatus, err)
		}
	}
}

// TestADiagnosisTrustsAsTheIngressDid holds that the development key counts
// for local events and is only recognised on those of the tunnel.
func TestADiagnosisTrustsAsTheIngressDid(t *testing.T) {
	dir := leave(t, newApp(t, ok))
	installKeys(t, dir, "b")
	s := openTestStored(t, StoredOptions{Dir: dir})
	body := []byte(`{"a": 1}`)
	for source, want := range map[webhook.Source]webhook.VerdictStatus{
		webhook.SourceLocal: webhook.Valid, webhook.SourceSandbox: webhook.Valid, webhook.SourceTunnel: webhook.Invalid,
	} {
		h, err := testSigner(t, "b").Sign(body, taskee.SchemeEd25519)
		if err != nil {
			t.Fatal(err)
		}
		e := webhook.Event{Method: "POST", Path: "/", Header: h, Body: body, BodySize: int64(len(body)), Source: source, Verdict: webhook.Verdict{Status: webhook.Unchecked, Age: 3}}
		if err := s.PutEvent(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
		d, err := s.Diagnose(t.Context(), e.ID)
		if err != nil || d.Verdict.Status != want || d.Verdict.Age != 3 || d.Restringify.Same || d.Restringify.Offset != 5 {
			t.Errorf("%s: %+v, %v", source, d, err)
		}
		if len(d.Signatures) != 1 || d.Signatures[0].Key != verify.DevKey || d.Signatures[0].Fingerprint == "" || d.Signatures[0].Status != want {
			t.Errorf("%s: %+v", source, d.Signatures)
		}
	}
}

func TestWhatCannotBeDiagnosed(t *testing.T) {
	s := openTestStored(t, StoredOptions{Dir: leave(t, newApp(t, ok))})
	e := webhook.Event{Method: "POST", Path: "/", Header: http.Header{}, NoBody: true, BodySize: 9 << 20, Source: webhook.SourceLocal}
	if err := s.PutEvent(t.Context(), &e); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Diagnose(t.Context(), e.ID); !errors.Is(err, webhook.ErrPruned) {
		t.Errorf("without a body: %v", err)
	}
	if _, err := s.Diagnose(t.Context(), 99); !errors.Is(err, webhook.ErrNotFound) {
		t.Errorf("of none: %v", err)
	}
}
