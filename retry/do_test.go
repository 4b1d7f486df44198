package retry

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// answers is an app that gives one answer after another, the last for ever.
// Status 0 is a refused connection.
func answers(statuses ...int) func(context.Context, Send) (Result, error) {
	n := 0
	return func(context.Context, Send) (Result, error) {
		status := statuses[min(n, len(statuses)-1)]
		n++
		if status == 0 {
			return Result{Error: "connection refused"}, nil
		}
		return Result{Status: status}, nil
	}
}

// brief writes what was told on each send: "429 429* 200", a star where the
// answer was written here, with the app's own in brackets where it was asked.
func brief(r Record) string {
	var words []string
	for _, s := range r.Sends {
		w := fmt.Sprint(s.Status)
		if s.Simulated {
			w += "*"
		}
		if s.Simulated && s.Called {
			w += fmt.Sprintf("(%d)", s.App.Status)
		}
		if s.Interrupted {
			w += "?"
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

func TestHowASimulationEnds(t *testing.T) {
	onError := platform
	onError.OnError = true
	tests := []struct {
		name       string
		simulation Simulation
		app        []int
		told       string
		outcome    Outcome
		words      string
	}{
		{"delivered on a retry", Simulation{Policy: platform, Seed: 7}, []int{429, 429, 429, 200}, "429 429 429 200", OutcomeDelivered, "delivered on retry 3: 31m 33s late on Taskee"},
		{"delivered at once", Simulation{Policy: platform}, []int{204}, "204", OutcomeDelivered, "nothing to retry: simulate failures with --fail 2"},
		{"given up", Simulation{Policy: platform}, []int{429}, "429 429 429 429 429 429 429", OutcomeFailed, "failed: the platform gives up after 7 sends"},
		{"a failure is final", Simulation{Policy: platform}, []int{429, 500}, "429 500", OutcomeFailed, "failed: 500 on send 2 is final, 5 retries unused"},
		{"a failure on the last send but one", Simulation{Policy: platform}, []int{429, 429, 429, 429, 429, 401}, "429 429 429 429 429 401", OutcomeFailed, "failed: 401 on send 6 is final, 1 retry unused"},
		{"a failure on the last send", Simulation{Policy: platform}, []int{429, 429, 429, 429, 429, 429, 500}, "429 429 429 429 429 429 500", OutcomeFailed, "failed: 500 on send 7 is final, no retries left"},
		{"an app that is down", Simulation{Policy: platform}, []int{0}, "0", OutcomeFailed, "failed: no answer on send 1 is final, 6 retries unused"},
		{"an app that is down, under a policy that minds", Simulation{Policy: onError}, []int{0, 200}, "0 200", OutcomeDelivered, "delivered on retry 1: 10m 30s late on Taskee"},
		{"the first answers fail", Simulation{Policy: platform, Fail: 2}, []int{200}, "429* 429* 200", OutcomeDelivered, "delivered on retry 2: 21m 53s late on Taskee"},
		{"the first answers fail otherwise", Simulation{Policy: platform, Fail: 2, Status: 503}, []int{200}, "503*", OutcomeFailed, "failed: 503 on send 1 is final, 6 retries unused"},
		{"the first answers never come", Simulation{Policy: onError, Fail: 1, Status: NoResponse}, []int{200}, "0* 200", OutcomeDelivered, "delivered on retry 1: 10m 30s late on Taskee"},
		{"masked answers", Simulation{Policy: platform, Fail: 2, Mask: true}, []int{200, 0, 201}, "429*(200) 429*(0) 201", OutcomeDelivered, "delivered on retry 2: 21m 53s late on Taskee"},
		{"more failures than sends", Simulation{Policy: platform, Fail: 50}, []int{200}, "429* 429* 429* 429* 429* 429* 429*", OutcomeFailed, "failed: the platform gives up after 7 sends"},
		{"no policy", Simulation{}, []int{200}, "200", OutcomeDelivered, "nothing to retry: the policy has no retries"},
		{"no name", Simulation{Policy: Policy{MaxRetries: 1, Statuses: []Range{{429, 429}}}}, []int{429, 200}, "429 200", OutcomeDelivered, "delivered on retry 1: 0s late on the platform"},
		{"one retry", Simulation{Policy: Policy{MaxRetries: 1, OnError: true}}, []int{200}, "200", OutcomeDelivered, "nothing to retry: simulate failures with --fail 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, err := Do(t.Context(), tt.simulation, nil, answers(tt.app...))
				if err != nil {
					t.Fatal(err)
				}
				if got := brief(r); got != tt.told || r.Outcome != tt.outcome || r.Summary() != tt.words {
					t.Errorf("told %s, %s: %s\nwant %s, %s: %s", got, r.Outcome, r.Summary(), tt.told, tt.outcome, tt.words)
				}
			})
		})
	}
}

// TestSeventyMinutesAtTrueLength holds that at 1x the virtual clock is the
// real one, answers' times included.
func TestSeventyMinutesAtTrueLength(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, took := time.Now(), 3*time.Second
		app := func(_ context.Context, s Send) (Result, error) {
			if got := time.Since(start); got != s.Offset {
				t.Errorf("send %d at %v, its offset is %v", s.Number, got, s.Offset)
			}
			time.Sleep(took)
			return Result{Status: 429}, nil
		}
		var due time.Time
		watch := func(p Progress) {
			if p.Step == StepSend && p.Send.Number > 1 && !p.Due.Equal(due) {
				t.Errorf("send %d at %v, announced for %v", p.Send.Number, p.Due, due)
			}
			if due = p.Due; p.Step == StepWait && !p.Arrives.Equal(p.Due) {
				t.Errorf("at 1x send %d arrives %v and is made %v", p.Send.Number, p.Arrives, p.Due)
			}
		}
		r, err := Do(t.Context(), Simulation{Policy: platform, Speed: 1, Seed: 3}, nil, app, watch)
		if err != nil {
			t.Fatal(err)
		}
		plan := Plan(platform, 3)
		if want := plan[6] + 7*took; r.Duration != want || time.Since(start) != want {
			t.Errorf("took %v on the virtual clock and %v really, want %v", r.Duration, time.Since(start), want)
		}
		if r.Duration < 60*time.Minute || r.Duration > 73*time.Minute || len(r.Sends) != 7 {
			t.Errorf("%d sends in %v, want 7 in about 70 min", len(r.Sends), r.Duration)
		}
	})
}

func TestASpeedShortensTheGapsAndNotTheAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := Policy{MaxRetries: 2, Interval: 10 * time.Minute, Statuses: []Range{{429, 429}}}
		app := func(context.Context, Send) (Result, error) {
			time.Sleep(4 * time.Second)
			return Result{Status: 429}, nil
		}
		for speed, want := range map[Speed]time.Duration{Instant: 12 * time.Second, 600: 14 * time.Second, 1: 20*time.Minute + 12*time.Second} {
			start := time.Now()
			r, err := Do(t.Context(), Simulation{Policy: p, Speed: speed}, nil, app)
			if err != nil {
				t.Fatal(err)
			}
			if got := time.Since(start); got != want || r.Duration != 20*time.Minute+12*time.Second {
				t.Errorf("%s: took %v, %v on the virtual clock; want %v and 20m12s", speed, got, r.Duration, want)
			}
		}
	})
}

func TestTheCallersMeasureOfAnAnswerCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := func(context.Context, Send) (Result, error) {
			time.Sleep(time.Minute) // the answer, and what the caller does with it
			return Result{Status: 500, Took: time.Second}, nil
		}
		r, err := Do(t.Context(), Simulation{Policy: platform}, nil, app)
		if err != nil || r.Duration != time.Second {
			t.Errorf("Duration = %v, %v; want 1s", r.Duration, err)
		}
	})
}

func TestTheStepsOfASimulation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var got []string
		watch := func(p Progress) {
			line := fmt.Sprintf("%s %d arrives +%v due +%v", p.Step, p.Send.Number, p.Arrives.Sub(start), p.Due.Sub(start))
			if p.Sent != nil {
				line += fmt.Sprintf(" told %d", p.Sent.Status)
			}
			got = append(got, line)
		}
		p := Policy{MaxRetries: 2, Interval: 10 * time.Minute, Statuses: []Range{{429, 429}}}
		if _, err := Do(t.Context(), Simulation{Policy: p, Speed: 60, Fail: 1}, nil, answers(200), watch); err != nil {
			t.Fatal(err)
		}
		want := []string{
			"send 1 arrives +0s due +0s",
			"answer 1 arrives +0s due +0s told 429",
			"wait 2 arrives +10m0s due +10s",
			"send 2 arrives +10m0s due +10s",
			"answer 2 arrives +10m0s due +10s told 200",
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

func TestAPersonSteersASimulation(t *testing.T) {
	tests := []struct {
		name  string
		mask  bool
		steer func(c *Control) // a minute after the first answer
		told  string
		words string
		real  time.Duration
	}{
		{"skip the wait", false, func(c *Control) { c.Skip(); c.Skip() }, "429 429 429", "failed: the platform gives up after 3 sends", 11 * time.Minute},
		{"answer next with 200", false, func(c *Control) { mustAnswer(c, 200) }, "429 200*", "delivered on retry 1: 10m late on the platform", 10 * time.Minute},
		{"answer next with 200, the app asked", true, func(c *Control) { mustAnswer(c, 200) }, "429 200*(429)", "delivered on retry 1: 10m late on the platform", 10 * time.Minute},
		{"answer next with nothing", false, func(c *Control) { mustAnswer(c, NoResponse) }, "429 0*", "failed: no answer on send 2 is final, 1 retry unused", 10 * time.Minute},
		{"the later of two answers holds", false, func(c *Control) { mustAnswer(c, 200); mustAnswer(c, 500); c.Skip() }, "429 500*", "failed: 500 on send 2 is final, 1 retry unused", time.Minute},
		{"a forced answer is for one send", false, func(c *Control) { mustAnswer(c, 429) }, "429 429* 429", "failed: the platform gives up after 3 sends", 20 * time.Minute},
		{"cancel", false, func(c *Control) { c.Cancel(); c.Cancel() }, "429", "cancelled after 1 send", time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, c := time.Now(), new(Control)
				p := Policy{MaxRetries: 2, Interval: 10 * time.Minute, Statuses: []Range{{429, 429}}}
				var wg sync.WaitGroup
				wg.Go(func() {
					time.Sleep(time.Minute)
					tt.steer(c)
				})
				r, err := Do(t.Context(), Simulation{Policy: p, Speed: 1, Mask: tt.mask}, c, answers(429))
				wg.Wait()
				if err != nil {
					t.Fatal(err)
				}
				if got := brief(r); got != tt.told || r.Summary() != tt.words || time.Since(start) != tt.real {
					t.Errorf("told %s in %v: %s\nwant %s in %v: %s", got, time.Since(start), r.Summary(), tt.told, tt.real, tt.words)
				}
				// A skipped wait passes on the virtual clock all the same.
				if n := len(r.Sends); r.Duration != time.Duration(n-1)*10*time.Minute {
					t.Errorf("%d sends took %v on the virtual clock", n, r.Duration)
				}
			})
		})
	}
}

func mustAnswer(c *Control, status int) {
	if err := c.Answer(status); err != nil {
		panic(err)
	}
}

func TestAControlActsBeforeItsSimulation(t *testing.T) {
	c := new(Control)
	for _, status := range []int{0, 100, 199, 600, -2} {
		if err := c.Answer(status); !errors.Is(err, ErrSimulation) {
			t.Errorf("Answer(%d) = %v, want ErrSimulation", status, err)
		}
	}
	c.Cancel()
	r, err := Do(t.Context(), Simulation{Policy: platform}, c, answers(200))
	if err != nil || r.Outcome != OutcomeCancelled || r.Summary() != "cancelled before the first send" {
		t.Errorf("cancelled before it began: %v, %s", err, r.Summary())
	}
}

func TestACancelledSimulationRecordsTheSendUnderWay(t *testing.T) {
	stopping := errors.New("the listener is stopping")
	tests := []struct {
		name string
		app  func(ctx context.Context) (Result, error)
		told string
		want string
	}{
		{"the app was cut off", func(ctx context.Context) (Result, error) { return Result{Error: ctx.Err().Error()}, nil },
			"429* 0?", "cancelled during send 2, which your app may have processed: the listener is stopping"},
		{"the sending gave up", func(ctx context.Context) (Result, error) { return Result{}, fmt.Errorf("post: %w", ctx.Err()) },
			"429* 0?", "cancelled during send 2, which your app may have processed: the listener is stopping"},
		{"the sending tells the cause", func(ctx context.Context) (Result, error) { return Result{}, context.Cause(ctx) },
			"429* 0?", "cancelled during send 2, which your app may have processed: the listener is stopping"},
		{"it was answered all the same", func(context.Context) (Result, error) { return Result{Status: 200}, nil },
			"429* 200", "delivered on retry 1: 10m 30s late on Taskee"},
		{"it was answered and would be retried", func(context.Context) (Result, error) { return Result{Status: 429}, nil },
			"429* 429", "cancelled after 2 sends: the listener is stopping"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				r, err := Do(ctx, Simulation{Policy: platform, Speed: 1, Fail: 1}, nil, func(ctx context.Context, _ Send) (Result, error) {
					cancel(stopping)
					<-ctx.Done()
					return tt.app(ctx)
				})
				if err != nil || brief(r) != tt.told || r.Summary() != tt.want {
					t.Errorf("%s: %s (%v)\nwant %s: %s", brief(r), r.Summary(), err, tt.told, tt.want)
				}
			})
		})
	}
}

func TestASendThatCannotBeStoredEndsTheSimulation(t *testing.T) {
	full := errors.New("the store is full")
	var told []*Sent
	watch := func(p Progress) {
		if p.Step == StepAnswer {
			told = append(told, p.Sent)
		}
	}
	r, err := Do(t.Context(), Simulation{Policy: platform, Fail: 2, Mask: true}, nil, func(_ context.Context, s Send) (Result, error) {
		if s.Number == 2 {
			return Result{Status: 200}, full
		}
		return Result{Status: 200}, nil
	}, watch)
	if !errors.Is(err, full) || err.Error() != "send 2: the store is full" {
		t.Errorf("error = %v", err)
	}
	if brief(r) != "429*(200) 0" || r.Outcome != OutcomeCancelled || r.Summary() != "cancelled at send 2: the store is full" {
		t.Errorf("%s, %s: %s", brief(r), r.Outcome, r.Summary())
	}
	if last := r.Sends[1]; last.App.Status != 200 || last.Failure == "" || len(told) != 2 || told[1].Failure != last.Failure {
		t.Errorf("the app's answer or the failure is not recorded: %+v", last)
	}
}

func TestAnInvalidSimulationSendsNothing(t *testing.T) {
	tests := []struct {
		simulation Simulation
		want       string
	}{
		{Simulation{Speed: -1}, `invalid simulation: speed -1x is not between 0.1x and 1000000x and so not a speed: write "1x", "600x" or "instant"`},
		{Simulation{Speed: Speed(math.NaN())}, `invalid simulation: speed NaNx is not between 0.1x and 1000000x and so not a speed: write "1x", "600x" or "instant"`},
		{Simulation{Fail: -2}, "invalid simulation: fail is -2 and cannot be negative"},
		{Simulation{Fail: 1, Status: 42}, "invalid simulation: status 42 is not between 200 and 599"},
	}
	for _, tt := range tests {
		r, err := Do(t.Context(), tt.simulation, nil, func(context.Context, Send) (Result, error) {
			t.Errorf("%+v was sent", tt.simulation)
			return Result{}, nil
		})
		if !errors.Is(err, ErrSimulation) || err.Error() != tt.want || len(r.Sends) != 0 {
			t.Errorf("error = %v, want %s", err, tt.want)
		}
		if r.Summary() != "nothing was sent" {
			t.Errorf("Words = %s", r.Summary())
		}
	}
}

// TestAControlIsSafeForConcurrentUse is for the race detector.
func TestAControlIsSafeForConcurrentUse(t *testing.T) {
	c := new(Control)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					c.Skip()
					mustAnswer(c, http.StatusTooManyRequests)
				}
			}
		})
	}
	r, err := Do(t.Context(), Simulation{Policy: platform, Speed: 1}, c, answers(429), func(p Progress) {
		if p.Send.Number == 5 {
			wg.Go(c.Cancel)
		}
	})
	close(done)
	wg.Wait()
	if err != nil || len(r.Sends) < 4 {
		t.Errorf("%d sends, %v", len(r.Sends), err)
	}
}

func BenchmarkDoInstant(b *testing.B) {
	app := answers(429)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Do(b.Context(), Simulation{Policy: platform}, nil, app); err != nil {
			b.Fatal(err)
		}
	}
}
