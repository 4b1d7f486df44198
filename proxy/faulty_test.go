package proxy

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/proxy/fault"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

func (r *rig) rule(text string) {
	r.t.Helper()
	rule, err := fault.Parse(text)
	if err != nil {
		r.t.Fatal(err)
	}
	r.proxy.Faults().Add(rule)
}

func TestARuleActsAndIsRecorded(t *testing.T) {
	tests := []struct {
		rule     string
		status   int    // the sender's; 0: its connection breaks
		body     string // a part of the answer
		calls    int
		fault    string
		answer   webhook.Answer
		appState int // of the attempt
	}{
		{"status:429", 429, "fault: 429 by rule 1", 0, "429 by rule 1",
			webhook.Answer{Status: 429, By: webhook.ByTaskhook, Reason: "fault: 429 by rule 1"}, 429},
		{"status:503", 503, `"error":"fault: 503 by rule 1"`, 0, "503 by rule 1",
			webhook.Answer{Status: 503, By: webhook.ByTaskhook, Reason: "fault: 503 by rule 1"}, 503},
		{"status:500 for type:Other", 200, "", 1, "", webhook.Answer{Status: 200, By: webhook.ByApp}, 200},
		{"hang", 408, "fault: no answer until the time limit by rule 1", 0, "no answer until the time limit by rule 1",
			webhook.Answer{Status: 408, By: webhook.ByTaskhook, Reason: "fault: no answer until the time limit by rule 1"}, 0},
		{"delay:10s", 408, "fault: delayed 10s by rule 1", 0, "delayed 10s by rule 1",
			webhook.Answer{Status: 408, By: webhook.ByTaskhook, Reason: "fault: delayed 10s by rule 1"}, 0},
		{"delay:1ms status:500", 500, "fault: delayed 1ms, 500 by rule 1", 0, "delayed 1ms, 500 by rule 1",
			webhook.Answer{Status: 500, By: webhook.ByTaskhook, Reason: "fault: delayed 1ms, 500 by rule 1"}, 500},
		{"delay:1ms", 200, "", 1, "delayed 1ms by rule 1", webhook.Answer{Status: 200, By: webhook.ByApp}, 200},
		{"delay-after:1ms", 200, "the app's own answer", 1, "answer delayed 1ms by rule 1", webhook.Answer{Status: 200, By: webhook.ByApp}, 200},
		{"delay-after:10s", 408, "fault: answer delayed 10s by rule 1", 1, "answer delayed 10s by rule 1",
			webhook.Answer{Status: 408, By: webhook.ByTaskhook, Reason: "fault: answer delayed 10s by rule 1"}, 200},
		{"drop:before", 0, "", 1, "connection dropped before the answer by rule 1",
			webhook.Answer{By: webhook.ByTaskhook, BrokenOff: true, Reason: "fault: connection dropped before the answer by rule 1"}, 200},
		{"drop:middle", 0, "the app's ", 1, "connection dropped in the middle of the answer by rule 1",
			webhook.Answer{Status: 200, By: webhook.ByApp, BrokenOff: true, Reason: "fault: connection dropped in the middle of the answer by rule 1"}, 200},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			calls := make(chan string, 10)
			addr := app(t, func(w http.ResponseWriter, r *http.Request) {
				calls <- r.URL.Path
				_, _ = io.WriteString(w, "the app's own answer")
			})
			r := newRig(t, addr, func(o *Options) { o.Timeout = 200 * time.Millisecond })
			r.rule(tt.rule)
			resp, body, broken := r.ask(contact)
			if status := statusOf(resp, broken); status != tt.status || !strings.Contains(body, tt.body) {
				t.Errorf("answered %d %q, broken %v", status, body, broken)
			}
			a := r.store.attempt(t)
			if a.Fault != tt.fault || a.Simulated != (tt.calls == 0) || a.StatusCode != tt.appState || a.Trigger != webhook.TriggerReceived {
				t.Errorf("attempt %+v", a)
			}
			if len(calls) != tt.calls {
				t.Errorf("the app was called %d times", len(calls))
			}
			got := r.store.answer(1)
			got.At, got.RetryAt = time.Time{}, time.Time{}
			if got != tt.answer {
				t.Errorf("answer %+v, want %+v", got, tt.answer)
			}
			state := webhook.Outcome{Answer: r.store.answer(1)}.State(time.Now())
			if want := stateAfter(tt.status); state != want {
				t.Errorf("the event is %s, want %s", state, want)
			}
		})
	}
}

// statusOf is 0 for an answer that broke off.
func statusOf(resp *http.Response, broken bool) int {
	if resp == nil || broken {
		return 0
	}
	return resp.StatusCode
}

// stateAfter is what an answer makes of an event.
func stateAfter(status int) webhook.State {
	switch {
	case status == http.StatusTooManyRequests:
		return webhook.StateRetrying
	case webhook.Delivered(status):
		return webhook.StateDelivered
	}
	return webhook.StateFailed
}

// ask posts an event whose answer may break off.
func (r *rig) ask(body string) (resp *http.Response, answer string, broken bool) {
	r.t.Helper()
	resp, err := r.client.Post("http://"+r.addr+"/hook", "application/json", strings.NewReader(body))
	if err != nil {
		return nil, "", true
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp, string(text), err != nil
}

func TestARuleCanTryOutTheShield(t *testing.T) {
	r := newRig(t, "127.0.0.1:1", func(o *Options) { o.Timeout = 50 * time.Millisecond })
	r.proxy.SetShield(true)
	r.rule("hang")
	if resp, _, _ := r.ask(contact); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("answered %d", resp.StatusCode)
	}
	if answer := r.store.answer(1); !answer.Shielded || answer.Reason != "shielded: fault: no answer until the time limit by rule 1" {
		t.Errorf("answer %+v", answer)
	}
}

func TestADuplicatedEventReachesTheAppThatOften(t *testing.T) {
	for _, rule := range []string{"duplicate:3", "duplicate:3 spacing:1ms"} {
		t.Run(rule, func(t *testing.T) {
			bodies := make(chan string, 10)
			addr := app(t, func(_ http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				bodies <- string(b)
			})
			r, st := realRig(t, addr)
			r.rule(rule)
			if resp, body := r.post("/", contact); resp.StatusCode != http.StatusOK {
				t.Fatalf("answered %d %s", resp.StatusCode, body)
			}
			for range 3 {
				if b := <-bodies; b != contact {
					t.Errorf("the app got %s", b)
				}
			}
			<-r.proxy.flight.idle() // the copies are recorded
			if err := st.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			attempts, err := st.Attempts(t.Context(), 1)
			if err != nil || len(attempts) != 3 {
				t.Fatalf("%d attempts, %v", len(attempts), err)
			}
			deliveries := map[int]bool{}
			for _, a := range attempts {
				deliveries[a.Delivery] = true
				if a.Fault != "delivered 3 times by rule 1" || a.StatusCode != http.StatusOK {
					t.Errorf("attempt %+v", a)
				}
			}
			if len(deliveries) != 3 {
				t.Errorf("deliveries %v", deliveries)
			}
			if sum, err := st.Summary(t.Context(), 1); err != nil || sum.State(time.Now()) != webhook.StateDelivered || !sum.Faulted {
				t.Errorf("%+v, %v", sum.Outcome, err)
			}
		})
	}
}

func TestASignatureIsChangedOnlyForTheApp(t *testing.T) {
	for rule, want := range map[string]func(string) bool{
		"signature:strip":   func(v string) bool { return v == "" },
		"signature:corrupt": func(v string) bool { return v != "" && v != "c2lnbmVk" },
	} {
		got := make(chan string, 1)
		addr := app(t, func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get(taskee.HeaderEd25519) })
		r := newRig(t, addr)
		r.rule(rule)
		req, err := http.NewRequest(http.MethodPost, "http://"+r.addr+"/", strings.NewReader(contact))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(taskee.HeaderEd25519, "c2lnbmVk")
		r.do(req)
		if v := <-got; !want(v) {
			t.Errorf("%s: the app got %q", rule, v)
		}
		a := r.store.attempt(t)
		if a.Sent == nil || !want(a.Sent.Header.Get(taskee.HeaderEd25519)) || string(a.Sent.Body) != contact {
			t.Errorf("%s: recorded %+v", rule, a.Sent)
		}
		if e := r.store.event(t, 1); e.Header.Get(taskee.HeaderEd25519) != "c2lnbmVk" {
			t.Errorf("%s: the event itself was changed", rule)
		}
	}
}

// tellingStore says when the first event has been stored.
type tellingStore struct {
	Store
	stored chan struct{}
}

func (s tellingStore) PutEvent(ctx context.Context, e *webhook.Event) error {
	defer close(s.stored)
	return s.Store.PutEvent(ctx, e)
}

func TestAStopEndsTheDelayOfARule(t *testing.T) {
	stored := make(chan struct{})
	r := newRig(t, "127.0.0.1:1", func(o *Options) { o.Store = tellingStore{o.Store, stored} })
	r.rule("hang")
	go func() {
		<-stored
		r.proxy.Drain()
	}()
	resp, body, _ := r.ask(contact)
	if resp == nil || resp.StatusCode != http.StatusTooManyRequests || !strings.Contains(body, "stopping") {
		t.Errorf("answered %v %s", resp, body)
	}
}
