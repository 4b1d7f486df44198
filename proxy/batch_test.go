package proxy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// numbered is the body of the n-th event of a test.
func numbered(n int) string {
	return fmt.Sprintf(`{"type":"ContactCreate","webhookId":"w%d","timestamp":"2026-01-28T14:35:00.000Z"}`, n)
}

// putFailed stores so many failed events.
func putFailed(t *testing.T, st *store.Store, n int) []webhook.ID {
	t.Helper()
	ids := make([]webhook.ID, n)
	for i := range ids {
		ids[i] = put(t, st, numbered(i), lost)
	}
	return ids
}

func states(t *testing.T, st *store.Store, ids []webhook.ID) []webhook.State {
	t.Helper()
	all := make([]webhook.State, len(ids))
	for i, id := range ids {
		sum, err := st.Summary(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = sum.State(time.Now())
	}
	return all
}

func TestFailedEventsAreResentInTheOrderOfArrival(t *testing.T) {
	s := &script{statuses: []int{200}}
	r, st := realRig(t, app(t, s.ServeHTTP))
	putFailed(t, st, 3)
	put(t, st, numbered(3), webhook.Answer{Status: 200, By: webhook.ByApp, At: time.Now()})
	overdue := time.Now().Add(-time.Hour)
	put(t, st, numbered(4), webhook.Answer{Status: 429, By: webhook.ByApp, At: overdue, RetryAt: overdue})
	put(t, st, numbered(5), webhook.Answer{Status: 429, By: webhook.ByApp, At: time.Now(), RetryAt: time.Now().Add(time.Hour)})
	var seen []webhook.BatchItem
	report, err := r.proxy.ResendBatch(t.Context(), webhook.Batch{Failed: true}, func(one webhook.BatchItem) { seen = append(seen, one) })
	if err != nil || report != (webhook.BatchReport{Total: 4, Delivered: 4}) {
		t.Fatalf("%+v, %v", report, err)
	}
	want := []string{numbered(0), numbered(1), numbered(2), numbered(4)}
	if got := s.called(); !slices.Equal(got, want) {
		t.Errorf("the app got %q", got)
	}
	for i, one := range seen {
		if one.Done != i+1 || one.Total != 4 || one.State != webhook.StateRecovered || one.Attempt.Trigger != webhook.TriggerResend {
			t.Errorf("step %d: %+v", i+1, one)
		}
	}
	again, err := r.proxy.ResendBatch(t.Context(), webhook.Batch{Failed: true}, nil)
	if err != nil || again.Total != 0 {
		t.Errorf("a second batch: %+v, %v", again, err)
	}
}

func TestWhatABatchOfFailedEventsSkips(t *testing.T) {
	forged := func(e *webhook.Event) { e.Verdict = webhook.Verdict{Status: webhook.Invalid, Reason: "forged"} }
	rejected := func(e *webhook.Event) { forged(e); e.Decision = webhook.RejectedSignature }
	bodyless := func(e *webhook.Event) { e.NoBody, e.Body, e.BodySize = true, nil, 9 }
	tests := []struct {
		name string
		put  func(*testing.T, *store.Store)
		ask  webhook.Batch
		want webhook.BatchReport
	}{
		{"a forged event that was turned away", func(t *testing.T, st *store.Store) {
			put(t, st, numbered(0), webhook.Answer{Status: 401, By: webhook.ByTaskhook}, rejected)
		}, webhook.Batch{Failed: true}, webhook.BatchReport{Total: 1, Rejected: 1}},
		{"a forged event that was forwarded", func(t *testing.T, st *store.Store) { put(t, st, numbered(0), lost, forged) },
			webhook.Batch{Failed: true}, webhook.BatchReport{Total: 1, Rejected: 1}},
		{"forged events, asked for", func(t *testing.T, st *store.Store) {
			put(t, st, numbered(0), lost, forged)
			put(t, st, numbered(1), webhook.Answer{Status: 401, By: webhook.ByTaskhook}, rejected)
		}, webhook.Batch{Failed: true, Resend: webhook.Resend{Unverified: true}}, webhook.BatchReport{Total: 2, Delivered: 2}},
		{"one whose body was not kept", func(t *testing.T, st *store.Store) {
			put(t, st, "", webhook.Answer{Status: 413, By: webhook.ByTaskhook}, bodyless)
		}, webhook.Batch{Failed: true}, webhook.BatchReport{Total: 1, Bodyless: 1}},
		{"one of which a redelivery was accepted", func(t *testing.T, st *store.Store) {
			put(t, st, numbered(0), lost)
			put(t, st, numbered(0), webhook.Answer{Status: 200, By: webhook.ByApp, At: time.Now()})
		}, webhook.Batch{Failed: true}, webhook.BatchReport{Total: 1, Skipped: 1}},
		{"one that had been accepted before", func(t *testing.T, st *store.Store) {
			put(t, st, numbered(0), webhook.Answer{Status: 200, By: webhook.ByApp, At: time.Now()})
			put(t, st, numbered(0), lost)
		}, webhook.Batch{Failed: true}, webhook.BatchReport{Total: 1, Skipped: 1}},
		{"all but one of a webhook that came thrice", func(t *testing.T, st *store.Store) {
			for range 3 {
				put(t, st, numbered(0), lost)
			}
		}, webhook.Batch{Failed: true}, webhook.BatchReport{Total: 3, Delivered: 1, Same: 2}},
		{"none that is genuine for a forged one with its webhookId", func(t *testing.T, st *store.Store) {
			put(t, st, numbered(0), lost, forged)
			put(t, st, numbered(0), lost)
		}, webhook.Batch{Failed: true}, webhook.BatchReport{Total: 2, Delivered: 1, Rejected: 1}},
		{"none for a forged one that the app accepted", func(t *testing.T, st *store.Store) {
			put(t, st, numbered(0), webhook.Answer{Status: 200, By: webhook.ByApp, At: time.Now()}, forged)
			put(t, st, numbered(0), lost)
		}, webhook.Batch{Failed: true}, webhook.BatchReport{Total: 1, Delivered: 1}},
		{"none that has other bytes", func(t *testing.T, st *store.Store) {
			put(t, st, numbered(0), lost)
			put(t, st, numbered(0)+" ", lost)
		}, webhook.Batch{Failed: true}, webhook.BatchReport{Total: 2, Delivered: 2}},
		{"what was ignored or passed", func(t *testing.T, st *store.Store) {
			for _, d := range []webhook.Decision{webhook.Ignored, webhook.Passed} {
				put(t, st, numbered(0), lost, func(e *webhook.Event) { e.Decision = d })
			}
		}, webhook.Batch{Failed: true, IncludeUnknown: true, Resend: webhook.Resend{Unverified: true}}, webhook.BatchReport{}},
		{"what a filter does not select", func(t *testing.T, st *store.Store) { putFailed(t, st, 3) },
			webhook.Batch{Failed: true, Filter: "wh:w1"}, webhook.BatchReport{Total: 1, Delivered: 1}},
	}
	for _, tt := range tests {
		for _, dry := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, dry %v", tt.name, dry), func(t *testing.T) {
				s := &script{statuses: []int{200}}
				r, st := realRig(t, app(t, s.ServeHTTP))
				tt.put(t, st)
				tt.ask.DryRun = dry
				got, err := r.proxy.ResendBatch(t.Context(), tt.ask, nil)
				if !dry { // what was sent by then is accepted by then
					got.Same, got.Skipped = got.Skipped, got.Same
					if tt.want.Same == 0 {
						got.Same, got.Skipped = got.Skipped, got.Same
					}
				}
				if err != nil || got != tt.want {
					t.Errorf("%+v, %v, want %+v", got, err, tt.want)
				}
				if n, want := len(s.called()), tt.want.Delivered; dry && n != 0 || !dry && n != want {
					t.Errorf("the app was called %d times", n)
				}
			})
		}
	}
}

func TestAFilterSelectsEventsInAnyState(t *testing.T) {
	accepted := webhook.Answer{Status: 200, By: webhook.ByApp, At: time.Now()}
	store := func(t *testing.T, st *store.Store) {
		put(t, st, numbered(0), accepted)
		put(t, st, numbered(1), lost)
		put(t, st, numbered(0), accepted) // the same webhook
		put(t, st, numbered(2), webhook.Answer{Status: 401, By: webhook.ByTaskhook}, func(e *webhook.Event) { e.Decision = webhook.RejectedSignature })
		put(t, st, "", webhook.Answer{Status: 413, By: webhook.ByTaskhook}, func(e *webhook.Event) { e.NoBody, e.Body, e.BodySize = true, nil, 9 })
	}
	tests := []struct {
		name string
		ask  webhook.Batch
		want webhook.BatchReport
	}{
		{"those that were delivered too", webhook.Batch{Filter: "type:ContactCreate"}, webhook.BatchReport{Total: 4, Delivered: 3, Rejected: 1}},
		{"rejected ones only when asked for", webhook.Batch{Filter: "id:4", Resend: webhook.Resend{Unverified: true}}, webhook.BatchReport{Total: 1, Delivered: 1}},
		{"none without a body", webhook.Batch{Filter: "id:5"}, webhook.BatchReport{Total: 1, Bodyless: 1}},
		{"none", webhook.Batch{Filter: "id:9"}, webhook.BatchReport{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{statuses: []int{200}}
			r, st := realRig(t, app(t, s.ServeHTTP))
			store(t, st)
			for _, dry := range []bool{true, false} {
				tt.ask.DryRun = dry
				if got, err := r.proxy.ResendBatch(t.Context(), tt.ask, nil); err != nil || got != tt.want {
					t.Errorf("dry %v: %+v, %v, want %+v", dry, got, err, tt.want)
				}
			}
			if n := len(s.called()); n != tt.want.Delivered {
				t.Errorf("the app was called %d times", n)
			}
		})
	}
}

func TestABatchByFilterIsSentAsItsResendSays(t *testing.T) {
	s := &script{statuses: []int{200}}
	r, st := realRig(t, app(t, s.ServeHTTP))
	put(t, st, numbered(0), webhook.Answer{Status: 200, By: webhook.ByApp, At: time.Now()})
	put(t, st, "[]", webhook.Answer{Status: 200, By: webhook.ByApp, At: time.Now()}, func(e *webhook.Event) { e.WebhookID = "" })
	var items []webhook.BatchItem
	watch := func(i webhook.BatchItem) { items = append(items, i) }
	if _, err := r.proxy.ResendBatch(t.Context(), webhook.Batch{Filter: "id:1"}, watch); err != nil || len(items) != 1 || len(items[0].Notes) != 1 {
		t.Errorf("a delivered event as it was: %+v, %v", items, err)
	}
	ask := webhook.Batch{Filter: "id:1|2", Resend: webhook.Resend{EventID: 9, NewID: true, Sign: webhook.SignNone}}
	report, err := r.proxy.ResendBatch(t.Context(), ask, watch)
	if err != nil || report != (webhook.BatchReport{Total: 2, Delivered: 1, Failed: 1}) {
		t.Fatalf("%+v, %v", report, err)
	}
	if sent := items[1].Attempt.Sent; sent == nil || taskee.Parse(sent.Body).WebhookID == "w0" || len(items[1].Notes) != 0 {
		t.Errorf("sent %+v, notes %q", sent, items[1].Notes)
	}
	if i := items[2]; i.Attempt != nil || !strings.Contains(i.Reason, "new webhookId") {
		t.Errorf("a body without a place for a webhookId: %+v", i)
	}
}

func TestAStoppingProxyEndsABatchBeforeTheNextEvent(t *testing.T) {
	s := &script{statuses: []int{200}}
	r, st := realRig(t, app(t, s.ServeHTTP))
	putFailed(t, st, 3)
	report, err := r.proxy.ResendBatch(t.Context(), webhook.Batch{Failed: true}, func(webhook.BatchItem) { r.proxy.Drain() })
	if err != nil || report != (webhook.BatchReport{Total: 3, Delivered: 1, Stopped: ErrStopping.Error()}) {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestASecondBatchSendsNothingThatTheFirstHasSent(t *testing.T) {
	s := &script{statuses: []int{200}}
	r, st := realRig(t, app(t, s.ServeHTTP))
	for range 3 {
		put(t, st, numbered(0), lost)
	}
	for round, want := range []webhook.BatchReport{{Total: 3, Delivered: 1, Skipped: 2}, {Total: 2, Skipped: 2}} {
		if got, err := r.proxy.ResendBatch(t.Context(), webhook.Batch{Failed: true}, nil); err != nil || got != want {
			t.Errorf("round %d: %+v, %v", round+1, got, err)
		}
	}
	if n := len(s.called()); n != 1 {
		t.Errorf("the app was called %d times", n)
	}
}

func TestOnlyOneBatchIsSentAtATime(t *testing.T) {
	s := &script{statuses: []int{200}}
	r, st := realRig(t, app(t, s.ServeHTTP))
	putFailed(t, st, 2)
	var second error
	if _, err := r.proxy.ResendBatch(t.Context(), webhook.Batch{Failed: true}, func(one webhook.BatchItem) {
		if one.Done == 1 {
			_, second = r.proxy.ResendBatch(t.Context(), webhook.Batch{Failed: true}, nil)
		}
	}); err != nil || !errors.Is(second, webhook.ErrBatchRunning) {
		t.Errorf("%v, the second: %v", err, second)
	}
	if _, err := r.proxy.Resendable(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestABatchOfFailedEventsGoesByTheKeysThatAreTrustedNow(t *testing.T) {
	s := &script{statuses: []int{200}}
	r, st := realRig(t, app(t, s.ServeHTTP), func(o *Options) {
		o.Check = func(webhook.Event) webhook.Verdict {
			return webhook.Verdict{Status: webhook.Invalid, Reason: "the key was replaced"}
		}
	})
	putFailed(t, st, 1)
	var one webhook.BatchItem
	report, err := r.proxy.ResendBatch(t.Context(), webhook.Batch{Failed: true}, func(r webhook.BatchItem) { one = r })
	if err != nil || report.Rejected != 1 || one.Reason != "the key was replaced" {
		t.Errorf("%+v, %+v, %v", report, one, err)
	}
}

func TestInterruptedEventsAreResentOnlyWhenAskedFor(t *testing.T) {
	s := &script{statuses: []int{200}}
	dir := t.TempDir()
	st, err := store.Open(dir+"/events.db", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	put(t, st, numbered(0), webhook.Answer{}) // nobody has been answered when it ends
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if st, err = store.Open(dir+"/events.db", store.Options{}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	r := newRig(t, app(t, s.ServeHTTP), func(o *Options) { o.Store = st })
	for _, unknown := range []bool{false, true} {
		report, err := r.proxy.ResendBatch(t.Context(), webhook.Batch{Failed: true, IncludeUnknown: unknown}, nil)
		want := webhook.BatchReport{Total: 1, Unknown: 1}
		if unknown {
			want = webhook.BatchReport{Total: 1, Delivered: 1}
		}
		if err != nil || report != want {
			t.Errorf("%+v, %v", report, err)
		}
	}
}

func TestABatchStopsAfterFiveFailuresInARow(t *testing.T) {
	s := &script{statuses: []int{200, 500, 500, 200, 500}}
	r, st := realRig(t, app(t, s.ServeHTTP))
	ids := putFailed(t, st, 12)
	report, err := r.proxy.ResendBatch(t.Context(), webhook.Batch{Failed: true}, nil)
	if err != nil || report != (webhook.BatchReport{Total: 12, Delivered: 2, Failed: 7, Stopped: "5 failures in a row, the last: the app answered 500"}) {
		t.Fatalf("%+v, %v", report, err)
	}
	s.mu.Lock()
	s.statuses = []int{200}
	s.mu.Unlock()
	if report, err = r.proxy.ResendBatch(t.Context(), webhook.Batch{Failed: true, Parallel: 4, Interval: 100 * time.Microsecond}, nil); err != nil || report != (webhook.BatchReport{Total: 10, Delivered: 10}) {
		t.Errorf("the second batch: %+v, %v", report, err)
	}
	for i, state := range states(t, st, ids) {
		if state != webhook.StateRecovered {
			t.Errorf("%s is %s", ids[i], state)
		}
	}
}

func TestACancelledBatchCanBeContinued(t *testing.T) {
	s := &script{statuses: []int{200}}
	r, st := realRig(t, app(t, s.ServeHTTP))
	ids := putFailed(t, st, 5)
	ctx, cancel := context.WithCancel(t.Context())
	report, err := r.proxy.ResendBatch(ctx, webhook.Batch{Failed: true, Interval: time.Millisecond}, func(one webhook.BatchItem) {
		if one.Done == 2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || report.Stopped != "cancelled" || report.Delivered < 2 {
		t.Fatalf("%+v, %v", report, err)
	}
	left := len(ids) - report.Delivered
	if report, err = r.proxy.ResendBatch(t.Context(), webhook.Batch{Failed: true}, nil); err != nil || report.Total != left || report.Delivered != left {
		t.Errorf("the second batch: %+v, %v, want %d", report, err, left)
	}
	if calls := s.called(); len(calls) != len(ids) {
		t.Errorf("the app was called %d times for %d events", len(calls), len(ids))
	}
}

func TestBatchesThatCannotBeSent(t *testing.T) {
	r, st := realRig(t, "")
	putFailed(t, st, 1)
	if _, err := r.proxy.ResendBatch(t.Context(), webhook.Batch{Failed: true}, nil); !errors.Is(err, ErrNoTarget) {
		t.Errorf("without a target: %v", err)
	}
	if report, err := r.proxy.ResendBatch(t.Context(), webhook.Batch{Failed: true, DryRun: true}, nil); err != nil || report.Delivered != 1 {
		t.Errorf("a dry run without a target: %+v, %v", report, err)
	}
	for _, ask := range []webhook.Batch{
		{DryRun: true}, {Failed: true, DryRun: true, Interval: -1}, {Failed: true, DryRun: true, Parallel: -1},
		{Filter: "nosuch:", DryRun: true}, {Failed: true, Resend: webhook.Resend{To: "::"}},
		{Failed: true, DryRun: true, Resend: webhook.Resend{NewID: true}},
		{Failed: true, DryRun: true, Resend: webhook.Resend{Set: []webhook.Edit{{Path: "a", Value: "1"}}}},
	} {
		if _, err := r.proxy.ResendBatch(t.Context(), ask, nil); err == nil {
			t.Errorf("%+v was taken", ask)
		}
	}
	r.proxy.Drain()
	if _, err := r.proxy.ResendBatch(t.Context(), webhook.Batch{Failed: true}, nil); !errors.Is(err, ErrStopping) {
		t.Errorf("while stopping: %v", err)
	}
}
