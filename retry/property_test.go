package retry

import (
	"context"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestRandomSimulationsLeaveAConsistentRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Simulation{
			Policy: anyPolicy.Draw(t, "policy"),
			Fail:   rapid.IntRange(0, 5).Draw(t, "fail"),
			Status: rapid.SampledFrom([]int{0, 200, 429, 500, NoResponse}).Draw(t, "status"),
			Mask:   rapid.Bool().Draw(t, "mask"),
			Seed:   rapid.Uint64().Draw(t, "seed"),
		}
		control := new(Control)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		// Every step and every call is a point to cancel at; 60: never.
		point, at := 0, rapid.IntRange(0, 60).Draw(t, "cancel at")
		steered := rapid.Bool().Draw(t, "cancel by control")
		reached := func() {
			if point == at && steered {
				control.Cancel()
			} else if point == at {
				cancel()
			}
			point++
		}
		reached()
		calls, sendSteps, waitSteps := 0, 0, 0
		r, err := Do(ctx, s, control, func(ctx context.Context, _ Send) (Result, error) {
			reached()
			calls++
			status := rapid.SampledFrom([]int{429, 429, 429, 503, 200, 400, 0}).Draw(t, "answer")
			if ctx.Err() != nil && rapid.Bool().Draw(t, "gives up") {
				return Result{}, ctx.Err()
			}
			return Result{Status: status, Took: time.Duration(rapid.Int64Range(1, 1e10).Draw(t, "took"))}, nil
		}, func(p Progress) {
			reached()
			switch p.Step {
			case StepSend:
				sendSteps++
			case StepWait:
				waitSteps++
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		checkRecord(t, r, calls, point > at)
		if n := len(r.Sends); sendSteps != n || waitSteps < n-1 || waitSteps > n {
			t.Fatalf("%d sends, %d of them announced, %d waited for", n, sendSteps, waitSteps)
		}
	})
}

// checkRecord holds a record against the policy it was made under.
func checkRecord(t *rapid.T, r Record, calls int, cancelled bool) {
	p, plan := r.Simulation.Policy, Plan(r.Simulation.Policy, r.Simulation.Seed)
	if len(r.Sends) > p.MaxRetries+1 {
		t.Fatalf("%d sends, at most %d are allowed", len(r.Sends), p.MaxRetries+1)
	}
	var clock time.Duration
	for i, s := range r.Sends {
		if s.Called {
			calls--
		}
		if s.Number != i+1 || s.Gap != plan.Gap(i+1) || s.Offset != clock+s.Gap {
			t.Fatalf("send %d after %v at %v, want %d after %v at %v", s.Number, s.Gap, s.Offset, i+1, plan.Gap(i+1), clock+plan.Gap(i+1))
		}
		clock = s.Offset + s.App.Took
		if s.Simulated != (s.Replaced != 0 && !s.Interrupted) || !s.Called && !s.Simulated {
			t.Fatalf("send %d is told by nobody or by two: %+v", s.Number, s)
		}
		if !s.Simulated && s.Status != s.App.Status {
			t.Fatalf("send %d was told %d, the app answered %d", s.Number, s.Status, s.App.Status)
		}
		if last := i == len(r.Sends)-1; !last && (!p.Retries(s.Status) || s.Interrupted) {
			t.Fatalf("send %d was answered %d, which ends it, and another followed", s.Number, s.Status)
		}
	}
	if calls != 0 || r.Duration != clock {
		t.Fatalf("%d calls too many, %v on the clock and %v recorded", calls, clock, r.Duration)
	}
	last := Sent{Interrupted: true}
	if n := len(r.Sends); n > 0 {
		last = r.Sends[n-1]
	}
	final := OutcomeCancelled
	switch {
	case last.Interrupted:
	case last.Status >= 200 && last.Status < 300:
		final = OutcomeDelivered
	case !p.Retries(last.Status), len(r.Sends) == p.MaxRetries+1:
		final = OutcomeFailed
	}
	if r.Outcome != final || final == OutcomeCancelled && !cancelled {
		t.Fatalf("outcome %q, want %q: %s", r.Outcome, final, brief(r))
	}
	if r.Summary() == "" || r.Outcome == OutcomeCancelled != strings.HasPrefix(r.Summary(), "cancelled") {
		t.Fatalf("%s is said as %q", r.Outcome, r.Summary())
	}
	for _, remark := range r.Remarks(time.Second, []int{200}) {
		if remark == "" {
			t.Fatal("an empty remark")
		}
	}
}
