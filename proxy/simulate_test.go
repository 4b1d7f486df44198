package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// simulateRequest is a simulation of an event by the platform's policy.
func simulateRequest(id webhook.ID, change ...func(*retry.SimulationRequest)) retry.SimulationRequest {
	r := retry.SimulationRequest{
		Resend:     webhook.Resend{EventID: id},
		Simulation: retry.Simulation{Policy: taskee.Policy(), Seed: 7},
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

func failing(n int, mask bool) func(*retry.SimulationRequest) {
	return func(r *retry.SimulationRequest) { r.Simulation.Fail, r.Simulation.Mask = n, mask }
}

var lost = webhook.Answer{Status: 500, By: webhook.ByApp, At: time.Date(2026, 1, 28, 14, 35, 0, 0, time.UTC)}

func TestASimulationEndsAsTheAppAnswers(t *testing.T) {
	tests := []struct {
		name   string
		app    []int
		change func(*retry.SimulationRequest)
		sends  int
		calls  int
		out    retry.Outcome
		words  string
		state  webhook.State
	}{
		{"delivered at once", []int{200}, nil, 1, 1, retry.OutcomeDelivered, "nothing to retry: simulate failures with --fail 2", webhook.StateRecovered},
		{"429 twice, then 200", []int{429, 429, 200}, nil, 3, 3, retry.OutcomeDelivered, "delivered on retry 2: 21m ", webhook.StateRecovered},
		{"429 for ever", []int{429}, nil, 7, 7, retry.OutcomeFailed, "failed: the platform gives up after 7 sends", webhook.StateFailed},
		{"500", []int{429, 500}, nil, 2, 2, retry.OutcomeFailed, "failed: 500 on send 2 is final, 5 retries unused", webhook.StateFailed},
		{"two answers replaced", []int{200}, failing(2, false), 3, 1, retry.OutcomeDelivered, "delivered on retry 2", webhook.StateRecovered},
		{"two answers masked", []int{200}, failing(2, true), 3, 3, retry.OutcomeDelivered, "delivered on retry 2", webhook.StateRecovered},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{statuses: tt.app}
			r, st := realRig(t, app(t, s.ServeHTTP))
			id := put(t, st, contact, lost)
			ask := simulateRequest(id)
			if tt.change != nil {
				tt.change(&ask)
			}
			report, err := r.proxy.Simulate(t.Context(), ask)
			if err != nil {
				t.Fatal(err)
			}
			record := report.Record
			if len(record.Sends) != tt.sends || record.Outcome != tt.out || !strings.HasPrefix(record.Summary(), tt.words) {
				t.Errorf("%d sends, %s: %s", len(record.Sends), record.Outcome, record.Summary())
			}
			calls := s.called()
			if len(calls) != tt.calls || slices.ContainsFunc(calls, func(body string) bool { return body != contact }) {
				t.Errorf("the app was called %d times, with %q", len(calls), calls)
			}
			checkStored(t, st, id, record, tt.state)
		})
	}
}

// checkStored holds that the attempts are one delivery on the virtual clock.
func checkStored(t *testing.T, st Store, id webhook.ID, record retry.Record, state webhook.State) {
	t.Helper()
	attempts, err := st.Attempts(t.Context(), id)
	if err != nil || len(attempts) != len(record.Sends) {
		t.Fatalf("%d attempts are stored, %v", len(attempts), err)
	}
	for i, a := range attempts {
		checkAttempt(t, a, i+1, record.Start, record.Sends[i])
		last := i == len(attempts)-1
		if last != a.RetryAt.IsZero() {
			t.Errorf("attempt %d of %d: the next would come at %s", i+1, len(attempts), a.RetryAt)
		}
		if !last {
			gap := attempts[i+1].VirtualTime.Sub(a.RetryAt).Abs()
			if gap > time.Millisecond {
				t.Errorf("retry %d was announced %s off", i+1, gap)
			}
		}
	}
	sum, err := st.Summary(t.Context(), id)
	if err != nil || sum.State(time.Now()) != state || !sum.Simulated {
		t.Errorf("the event is %s, simulated %v, %v", sum.State(time.Now()), sum.Simulated, err)
	}
}

// checkAttempt holds that an attempt is what the simulation says of its send.
func checkAttempt(t *testing.T, a webhook.Attempt, number int, start time.Time, sent retry.Sent) {
	t.Helper()
	if want := fmt.Sprintf("simulated %d/7", number); a.Name() != want || a.Delivery != 1 || a.Policy != "taskee" {
		t.Errorf("attempt %d: %+v", number, a)
	}
	if a.Simulated != sent.Simulated || a.StatusCode != sent.Status || sent.Simulated && sent.Called && a.AppStatus != sent.App.Status {
		t.Errorf("attempt %d has status %d (app %d, simulated %v), the send %+v", number, a.StatusCode, a.AppStatus, a.Simulated, sent)
	}
	if want := start.Add(sent.Offset); !a.VirtualTime.Equal(want) {
		t.Errorf("attempt %d would arrive at %s, want %s", number, a.VirtualTime, want)
	}
}

func TestAMaskedAnswerStandsBesideWhatThePlatformWasTold(t *testing.T) {
	s := &script{statuses: []int{201, 200}}
	r, st := realRig(t, app(t, s.ServeHTTP))
	report, err := r.proxy.Simulate(t.Context(), simulateRequest(put(t, st, contact, lost), failing(1, true)))
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Remarks) != 1 || !strings.Contains(report.Remarks[0], "201→429, 200→200; your app answered 2xx 2 times") {
		t.Errorf("remarks %+v", report.Remarks)
	}
}

func TestARefusedRetryIsNamed(t *testing.T) {
	s := &script{statuses: []int{429, 400}, header: http.Header{"Retry-After": {"5"}}}
	r, st := realRig(t, app(t, s.ServeHTTP))
	report, err := r.proxy.Simulate(t.Context(), simulateRequest(put(t, st, contact, lost)))
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Remarks) != 2 || !strings.Contains(report.Remarks[0], "Retry-After") || !strings.Contains(report.Remarks[1], "for the same bytes") {
		t.Errorf("remarks %+v", report.Remarks)
	}
}

func TestWhatWasAcceptedBeforeIsSaidFirst(t *testing.T) {
	s := &script{statuses: []int{200}}
	r, st := realRig(t, app(t, s.ServeHTTP))
	id := put(t, st, contact, webhook.Answer{Status: 200, By: webhook.ByApp, At: time.Now()})
	for _, newID := range []bool{false, true} {
		var notes []string
		ask := simulateRequest(id, failing(2, false), func(r *retry.SimulationRequest) { r.Resend.NewID, r.Resend.Sign = newID, webhook.SignNone })
		_, err := r.proxy.Simulate(t.Context(), ask, func(s retry.Progress) { notes = append(notes, s.Notes...) })
		if err != nil {
			t.Fatal(err)
		}
		if warned := slices.Contains(notes, webhook.NoteSameID); warned == newID {
			t.Errorf("new ID %v: notes %q", newID, notes)
		}
	}
	attempts, err := st.Attempts(t.Context(), id)
	if err != nil || len(attempts) != 6 {
		t.Fatalf("%d attempts, %v", len(attempts), err)
	}
	// One new webhookId for the whole simulation.
	first, last := taskee.Parse(attempts[3].Sent.Body).WebhookID, taskee.Parse(attempts[5].Sent.Body).WebhookID
	if first != last || first == taskee.Parse([]byte(contact)).WebhookID {
		t.Errorf("the sends of a simulation with a new ID have webhookIds %s and %s", first, last)
	}
}

func TestASecondSimulationOfAnEventIsRefused(t *testing.T) {
	s := &script{statuses: []int{429, 200}}
	r, st := realRig(t, app(t, s.ServeHTTP))
	id := put(t, st, contact, lost)
	slow := func(r *retry.SimulationRequest) { r.Simulation.Speed = 1 }
	refused := false
	report, err := r.proxy.Simulate(t.Context(), simulateRequest(id, slow), func(stage retry.Progress) {
		if stage.Step != retry.StepWait {
			return
		}
		_, err := r.proxy.Simulate(t.Context(), simulateRequest(id))
		refused = errors.Is(err, webhook.ErrSimulating)
		// Whoever waits ten minutes may skip them.
		if err := r.proxy.Steer(retry.Steering{EventID: id, Answer: 503, Skip: true}); err != nil {
			t.Error(err)
		}
	})
	if err != nil || !refused {
		t.Fatalf("refused %v, %v", refused, err)
	}
	if words := report.Record.Summary(); words != "failed: 503 on send 2 is final, 5 retries unused" {
		t.Error(words)
	}
	if err := r.proxy.Steer(retry.Steering{EventID: id, Cancel: true}); !errors.Is(err, webhook.ErrNotSimulating) {
		t.Errorf("steering what has ended: %v", err)
	}
	if _, err := r.proxy.Simulate(t.Context(), simulateRequest(id)); err != nil {
		t.Errorf("a simulation after the first has ended: %v", err)
	}
}

func TestWhatEndsASimulationEarly(t *testing.T) {
	tests := []struct {
		name   string
		end    func(*rig, context.CancelFunc, webhook.ID)
		reason string
	}{
		{"its caller", func(_ *rig, cancel context.CancelFunc, _ webhook.ID) { cancel() }, "cancelled after 1 send"},
		{"a person", func(r *rig, _ context.CancelFunc, id webhook.ID) {
			_ = r.proxy.Steer(retry.Steering{EventID: id, Cancel: true})
		}, "cancelled after 1 send"},
		{"the stop of the listener", func(r *rig, _ context.CancelFunc, _ webhook.ID) { r.proxy.Drain() }, "cancelled after 1 send: taskhook is stopping"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{statuses: []int{429}}
			r, st := realRig(t, app(t, s.ServeHTTP))
			id := put(t, st, contact, lost)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			slow := func(r *retry.SimulationRequest) { r.Simulation.Speed = 1 }
			report, err := r.proxy.Simulate(ctx, simulateRequest(id, slow), func(stage retry.Progress) {
				if stage.Step == retry.StepWait {
					tt.end(r, cancel, id)
				}
			})
			if err != nil || report.Record.Outcome != retry.OutcomeCancelled || report.Record.Summary() != tt.reason {
				t.Fatalf("%s: %s, %v", report.Record.Outcome, report.Record.Summary(), err)
			}
			attempts, err := st.Attempts(t.Context(), id)
			if err != nil || len(attempts) != 1 || attempts[0].RetryAt.IsZero() {
				t.Errorf("stored %+v, %v", attempts, err)
			}
		})
	}
}

func TestATargetThatVanishesEndsASimulationAsThePlatformWould(t *testing.T) {
	vanishing := listen(t)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(vanishing) }()
	r, st := realRig(t, vanishing.Addr().String())
	id := put(t, st, contact, lost)
	report, err := r.proxy.Simulate(t.Context(), simulateRequest(id), func(stage retry.Progress) {
		if stage.Step == retry.StepAnswer && stage.Send.Number == 1 {
			_ = srv.Close()
			<-done
		}
	})
	if err != nil || report.Record.Summary() != "failed: no answer on send 2 is final, 5 retries unused" {
		t.Errorf("%s, %v", report.Record.Summary(), err)
	}
}

func TestWhatCannotBeSimulated(t *testing.T) {
	r, st := realRig(t, "127.0.0.1:1")
	tests := []struct {
		name string
		ask  retry.SimulationRequest
		want error
	}{
		{"an unknown event", simulateRequest(99), webhook.ErrNotFound},
		{"one without its body", simulateRequest(put(t, st, "", webhook.Answer{Status: 413, By: webhook.ByTaskhook}, func(e *webhook.Event) { e.NoBody, e.BodySize = true, 9 })), webhook.ErrPruned},
		{"a rejected one", simulateRequest(put(t, st, contact, webhook.Answer{Status: 401, By: webhook.ByTaskhook}, func(e *webhook.Event) { e.Decision = webhook.RejectedSignature })), webhook.ErrUnverified},
		{"a negative count", simulateRequest(1, failing(-1, false)), retry.ErrSimulation},
		{"a target that is none", simulateRequest(put(t, st, contact, lost), func(r *retry.SimulationRequest) { r.Resend.To = "::" }), httpwire.ErrTarget},
	}
	for _, tt := range tests {
		if _, err := r.proxy.Simulate(t.Context(), tt.ask); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// fullStore is a real store whose disk is full after some attempts.
type fullStore struct {
	Store
	left int
}

func (f *fullStore) PutAttempt(ctx context.Context, a *webhook.Attempt, answer *webhook.Answer) error {
	if f.left == 0 {
		return errDiskFull
	}
	f.left--
	return f.Store.PutAttempt(ctx, a, answer)
}

func TestAStoreThatFillsUpEndsASimulation(t *testing.T) {
	for name, change := range map[string]func(*retry.SimulationRequest){
		"the app answers": func(*retry.SimulationRequest) {}, "its answer is written": failing(3, false), "its answer is masked": failing(3, true),
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{statuses: []int{429}}
			r, st := realRig(t, app(t, s.ServeHTTP))
			r.proxy.opts.Store = &fullStore{Store: st, left: 1}
			id := put(t, st, contact, lost)
			report, err := r.proxy.Simulate(t.Context(), simulateRequest(id, change))
			if !errors.Is(err, errDiskFull) || report.Record.Outcome != retry.OutcomeCancelled || len(report.Record.Sends) != 2 {
				t.Errorf("%v: %s", err, report.Record.Summary())
			}
			if attempts, err := st.Attempts(t.Context(), id); err != nil || len(attempts) != 1 {
				t.Errorf("%d attempts are stored, %v", len(attempts), err)
			}
		})
	}
}

func TestACancelledCallIsRecordedAsUnknown(t *testing.T) {
	reached := make(chan struct{})
	addr := app(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(reached)
		<-r.Context().Done()
	})
	r, st := realRig(t, addr)
	id := put(t, st, contact, lost)
	go func() {
		<-reached
		_ = r.proxy.Steer(retry.Steering{EventID: id, Cancel: true})
	}()
	report, err := r.proxy.Simulate(t.Context(), simulateRequest(id))
	if err != nil || !strings.HasPrefix(report.Record.Summary(), "cancelled during send 1, which your app may have processed") {
		t.Errorf("%s, %v", report.Record.Summary(), err)
	}
	if attempts, err := st.Attempts(t.Context(), id); err != nil || len(attempts) != 1 || attempts[0].Error == "" {
		t.Errorf("stored %+v, %v", attempts, err)
	}
}
