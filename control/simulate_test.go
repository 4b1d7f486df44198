package control

import (
	"context"
	"encoding/gob"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/taskhook/taskhook/proxy/fault"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// The fake's part of simulate, batch, faults and shield.

func (f *fakeBackend) Simulate(ctx context.Context, r retry.SimulationRequest, watch ...func(retry.Progress)) (retry.Report, error) {
	report := retry.Report{EventID: r.Resend.EventID, Record: retry.Record{Simulation: r.Simulation, Start: received}}
	if r.Resend.EventID == 9 {
		return report, wrapped{webhook.ErrSimulating}
	}
	for n := 1; n <= 3; n++ {
		send := retry.Send{Number: n, Offset: time.Duration(n) * time.Minute, Replaced: r.Simulation.Status}
		sent := retry.Sent{Send: send, Status: 429, Simulated: true}
		stage := retry.Progress{
			Step: retry.StepAnswer, Send: send, Arrives: received.Add(send.Offset), Sent: &sent,
			Attempt: &webhook.Attempt{EventID: r.Resend.EventID, Number: n, VirtualTime: received, Body: []byte{0xff, 0}},
			State:   webhook.StateFailed, Notes: []string{"a note"},
		}
		for _, w := range watch {
			w(stage)
		}
		report.Record.Sends = append(report.Record.Sends, sent)
	}
	if r.Resend.EventID == 8 {
		select {
		case <-ctx.Done(): // whoever asked has gone
		case <-f.steered:
			report.Record.Outcome = retry.OutcomeCancelled
			close(f.left)
			return report, nil
		}
		close(f.left)
		return report, ctx.Err()
	}
	report.Record.Outcome = retry.OutcomeFailed
	report.Remarks = []string{"slow"}
	if r.Resend.EventID == 7 {
		return report, wrapped{webhook.ErrNotFound}
	}
	return report, nil
}

func (f *fakeBackend) Steer(_ context.Context, s retry.Steering) error {
	if s.EventID == 8 && s.Cancel {
		close(f.steered)
		return nil
	}
	if s.EventID != 1 || s.Answer != retry.NoResponse || !s.Skip {
		return wrapped{webhook.ErrNotSimulating}
	}
	return nil
}

func (f *fakeBackend) ResendBatch(_ context.Context, r webhook.Batch, watch func(webhook.BatchItem)) (webhook.BatchReport, error) {
	if r.Filter == "boom" {
		return webhook.BatchReport{}, errors.New("the disk is on fire")
	}
	watch(webhook.BatchItem{Event: webhook.Summary{Event: webhook.Event{ID: 1}}, Skip: webhook.SkipRejected, Done: 1, Total: 2})
	watch(webhook.BatchItem{Event: webhook.Summary{Event: webhook.Event{ID: 2}}, Attempt: &webhook.Attempt{StatusCode: 200}, Done: 2, Total: 2})
	return webhook.BatchReport{Total: 2, Delivered: 1, Rejected: 1}, nil
}

func (f *fakeBackend) Salvage(_ context.Context, path string, tell func(webhook.SalvageStep)) (webhook.Salvage, error) {
	if path != "/old.db" {
		return webhook.Salvage{}, wrapped{webhook.ErrNothingFound}
	}
	tell(webhook.SalvageStep{Done: 64, Total: 70})
	return webhook.Salvage{Events: 60, There: 10, Lost: []webhook.ID{7}}, nil
}

func (f *fakeBackend) ChangeFaults(_ context.Context, c webhook.FaultChange) ([]webhook.FaultRule, error) {
	if len(c.Remove) > 0 {
		return nil, wrapped{fault.ErrNoRule}
	}
	return []webhook.FaultRule{{ID: 1, Text: c.Add[0], Ends: received, Limit: 3}}, nil
}

func (f *fakeBackend) SetShield(_ context.Context, on bool) error {
	f.shield = on
	return nil
}

func (f *fakeBackend) SkipVerifyLike(_ context.Context, id webhook.ID) (string, error) {
	if id != 1 {
		return "", wrapped{webhook.ErrNotFound}
	}
	return "GET /oauth/callback", nil
}

func (f *fakeBackend) Announce(_ context.Context, n webhook.Announcement) error {
	f.announced = n
	return nil
}

func (f *fakeBackend) ExpectRetry(_ context.Context, id webhook.ID, at time.Time) error {
	f.expects = expected{id, at}
	return nil
}

func testSimulate(t *testing.T, open func(*testing.T, *fakeBackend) Backend) {
	t.Run("a simulation tells every stage and how it ended", func(t *testing.T) {
		b := open(t, newFakeBackend())
		ask := retry.SimulationRequest{
			Resend:     webhook.Resend{EventID: 1, NewID: true, To: "3000"},
			Simulation: retry.Simulation{Policy: retry.Policy{Name: "own", MaxRetries: 2, Interval: time.Minute, Statuses: []retry.Range{{Min: 429, Max: 429}}}, Status: 503, Speed: 600, Seed: 1 << 63},
		}
		var got []retry.Progress
		report, err := b.Simulate(t.Context(), ask, func(s retry.Progress) { got = append(got, s) })
		var want []retry.Progress
		wantReport, _ := newFakeBackend().Simulate(t.Context(), ask, func(s retry.Progress) { want = append(want, s) })
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v, stages:\n%s", err, diff)
		}
		if diff := cmp.Diff(wantReport, report); diff != "" {
			t.Errorf("report:\n%s", diff)
		}
	})
	t.Run("a simulation that fails keeps its error and what it has", func(t *testing.T) {
		b := open(t, newFakeBackend())
		_, err := b.Simulate(t.Context(), retry.SimulationRequest{Resend: webhook.Resend{EventID: 9}})
		if !errors.Is(err, webhook.ErrSimulating) {
			t.Errorf("before it begins: %v", err)
		}
		report, err := b.Simulate(t.Context(), retry.SimulationRequest{Resend: webhook.Resend{EventID: 7}})
		if !errors.Is(err, webhook.ErrNotFound) || len(report.Record.Sends) != 3 {
			t.Errorf("after three sends: %v, %d sends", err, len(report.Record.Sends))
		}
	})
	t.Run("a simulation ends with who asked for it", func(t *testing.T) {
		f := newFakeBackend()
		b := open(t, f)
		ctx, cancel := context.WithCancel(t.Context())
		report, err := b.Simulate(ctx, retry.SimulationRequest{Resend: webhook.Resend{EventID: 8}}, func(s retry.Progress) {
			if s.Send.Number == 3 {
				cancel()
			}
		})
		// Through the socket it is cancelled, and says how far it came.
		if !errors.Is(err, context.Canceled) && (err != nil || report.Record.Outcome != retry.OutcomeCancelled || len(report.Record.Sends) != 3) {
			t.Errorf("%v, %+v", err, report.Record)
		}
		<-f.left
	})
}

func testSteer(t *testing.T, open func(*testing.T, *fakeBackend) Backend) {
	t.Run("steering reaches the simulation", func(t *testing.T) {
		b := open(t, newFakeBackend())
		if err := b.Steer(t.Context(), retry.Steering{EventID: 1, Answer: retry.NoResponse, Skip: true}); err != nil {
			t.Error(err)
		}
		if err := b.Steer(t.Context(), retry.Steering{EventID: 2}); !errors.Is(err, webhook.ErrNotSimulating) {
			t.Error(err)
		}
	})
	t.Run("a batch tells of every event", func(t *testing.T) {
		b := open(t, newFakeBackend())
		var ids []webhook.ID
		report, err := b.ResendBatch(t.Context(), webhook.Batch{Failed: true, Interval: time.Second}, func(r webhook.BatchItem) { ids = append(ids, r.Event.ID) })
		if err != nil || !slices.Equal(ids, []webhook.ID{1, 2}) || report != (webhook.BatchReport{Total: 2, Delivered: 1, Rejected: 1}) {
			t.Errorf("%v, %+v, %v", ids, report, err)
		}
		if _, err := b.ResendBatch(t.Context(), webhook.Batch{Filter: "boom"}, nil); err == nil || err.Error() != "the disk is on fire" {
			t.Error(err)
		}
	})
	t.Run("rules and shield are changed", func(t *testing.T) {
		f := newFakeBackend()
		b := open(t, f)
		rules, err := b.ChangeFaults(t.Context(), webhook.FaultChange{Add: []string{"status:429"}})
		if err != nil || len(rules) != 1 || rules[0].Text != "status:429" || !rules[0].Ends.Equal(received) {
			t.Errorf("%+v, %v", rules, err)
		}
		if _, err := b.ChangeFaults(t.Context(), webhook.FaultChange{Remove: []int{4}}); !errors.Is(err, fault.ErrNoRule) {
			t.Error(err)
		}
		if err := b.SetShield(t.Context(), true); err != nil || !f.shield {
			t.Errorf("shield %v, %v", f.shield, err)
		}
		if rule, err := b.SkipVerifyLike(t.Context(), 1); err != nil || rule != "GET /oauth/callback" {
			t.Errorf("rule %q, %v", rule, err)
		}
		if _, err := b.SkipVerifyLike(t.Context(), 9); !errors.Is(err, webhook.ErrNotFound) {
			t.Error(err)
		}
		told := webhook.Announcement{Sum: [32]byte{1, 2}, RetryIn: webhook.NoRetry}
		if err := b.Announce(t.Context(), told); err != nil || f.announced != told {
			t.Errorf("announced %v, %v", f.announced, err)
		}
		if err := b.ExpectRetry(t.Context(), 3, received); err != nil || f.expects.ID != 3 || !f.expects.At.Equal(received) {
			t.Errorf("expects %v, %v", f.expects, err)
		}
	})
}

func TestAListenerThatEndsInASimulationIsAnError(t *testing.T) {
	dir := privateDir(t)
	stop := serve(t, dir, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(versionHeader, protocol)
		_ = gob.NewEncoder(w).Encode(frame[retry.Progress, retry.Report]{Step: &retry.Progress{}})
	}))
	defer stop()
	_, err := dial(t, dir).Simulate(t.Context(), retry.SimulationRequest{Resend: webhook.Resend{EventID: 1}})
	if !errors.Is(err, ErrNoListener) {
		t.Errorf("error %v", err)
	}
}
