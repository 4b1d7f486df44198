package inspector

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// resending has the fake resend some events and skip some.
func resending(f *memory, r webhook.BatchReport) {
	f.platform.batch = func(_ context.Context, ask webhook.Batch, watch func(webhook.BatchItem)) (webhook.BatchReport, error) {
		out := r
		if ask.Resend.Unverified {
			out.Delivered, out.Rejected = out.Delivered+out.Rejected, 0
		}
		if ask.IncludeUnknown {
			out.Delivered, out.Unknown = out.Delivered+out.Unknown, 0
		}
		for n := range out.Total {
			watch(webhook.BatchItem{Done: n + 1, Total: out.Total})
		}
		return out, nil
	}
}

// dryRuns are which of the batches so far were dry runs.
func (f *memory) dryRuns() (all []bool) {
	for _, r := range f.platform.batches {
		all = append(all, r.DryRun)
	}
	return all
}

func TestFailedEventsAreCountedAndThenResent(t *testing.T) {
	feed := many(2)
	feed.listener.Resendable = 12
	resending(feed, webhook.BatchReport{Total: 17, Delivered: 12, Rejected: 2, Unknown: 1, Bodyless: 1, Skipped: 1})
	d := simulating(t, feed, 80, 24)
	d.sees("12 failed: ctrl+r to resend")
	d.press("ctrl+r")
	d.sees("Resend failed events: 12 to send; not sent: 2 rejected, 1 of unknown outcome")
	d.sees("1 without a body, 1 delivered or deleted meanwhile.")
	d.sees("▸ r  send 12 events in order of arrival to http://localhost:3000")
	d.press("v")
	d.sees("Resend failed events: 14 to send")
	d.press("u")
	d.sees("Resend failed events: 15 to send")
	d.press("v", "enter")
	d.sees("↑ 13 events recovered; 2 rejected, 1 without a body")
	if got := fmt.Sprint(feed.dryRuns()); got != "[true true true true false]" {
		t.Errorf("dry runs %s", got)
	}
	last := feed.platform.batches[4]
	if want := (webhook.Batch{Failed: true, IncludeUnknown: true}); !reflect.DeepEqual(last, want) {
		t.Errorf("batch %+v", last)
	}
}

func TestTheDialogCanBeLeftBeforeAnythingIsSent(t *testing.T) {
	feed := many(2)
	resending(feed, webhook.BatchReport{Total: 2, Rejected: 2})
	d := simulating(t, feed, 80, 24)
	d.press("ctrl+r")
	d.sees("Resend failed events: 0 to send")
	d.press("esc")
	resending(feed, webhook.BatchReport{Total: 1, Bodyless: 1})
	d.press("ctrl+r")
	d.sees("there is nothing to send")
	d.press("enter")
	if got := fmt.Sprint(feed.dryRuns()); got != "[true true]" {
		t.Errorf("dry runs %s", got)
	}
}

func TestTheFailedEventsOfTheListAreResent(t *testing.T) {
	feed := many(2)
	resending(feed, webhook.BatchReport{Total: 1, Delivered: 1})
	d := simulating(t, feed, 80, 24)
	d.press("/")
	d.typed("type:Contact*")
	d.press("enter")
	d.ticks(2)
	d.press("ctrl+r")
	d.sees("only those that the list shows")
	d.press("o")
	d.sees("all failed events")
	d.press("r")
	last := feed.platform.batches[len(feed.platform.batches)-1]
	if want := (webhook.Batch{Failed: true, Filter: "type:Contact*"}); !reflect.DeepEqual(last, want) {
		t.Errorf("batch %+v", last)
	}
}

func TestHowABatchEndsIsSaid(t *testing.T) {
	tests := []struct {
		report webhook.BatchReport
		want   string
	}{
		{webhook.BatchReport{}, "no event has failed"},
		{webhook.BatchReport{Total: 9, Failed: 5, Delivered: 1, Stopped: "5 failures in a row, the last: refused"}, "stopped: 5 failures in a row, the last: refused; ctrl+r continues where it stopped"},
		{webhook.BatchReport{Total: 2, Delivered: 1, Failed: 1}, "1 event recovered, 1 failed"},
	}
	for _, tt := range tests {
		feed := many(1)
		resending(feed, tt.report)
		d := simulating(t, feed, 120, 24)
		d.press("ctrl+r")
		if tt.report.Total > 0 {
			d.press("r")
		}
		d.sees(tt.want)
	}
}

func TestABatchThatCannotBeSentSaysWhy(t *testing.T) {
	feed := many(1)
	d := simulating(t, feed, 80, 24)
	feed.platform.batch = func(_ context.Context, r webhook.Batch, _ func(webhook.BatchItem)) (webhook.BatchReport, error) {
		if r.DryRun {
			return webhook.BatchReport{Total: 1, Delivered: 1}, nil
		}
		return webhook.BatchReport{}, errors.New("the listener is gone")
	}
	d.press("ctrl+r", "r")
	d.sees("↑ 0 events recovered; the listener is gone")
	d.press("esc")
	feed.platform.batch = func(context.Context, webhook.Batch, func(webhook.BatchItem)) (webhook.BatchReport, error) {
		return webhook.BatchReport{}, errors.New("the store is gone")
	}
	d.press("ctrl+r")
	d.sees("cannot look for failed events: the store is gone")
}

// halting has the fake resend four of ten events, one of which fails and one of
// which is skipped, call halt, and end when it is stopped.
func halting(f *memory, halt func()) {
	f.platform.batch = func(ctx context.Context, ask webhook.Batch, watch func(webhook.BatchItem)) (webhook.BatchReport, error) {
		if ask.DryRun {
			return webhook.BatchReport{Total: 10, Delivered: 9, Rejected: 1}, nil
		}
		watch(webhook.BatchItem{Done: 1, Total: 10})
		watch(webhook.BatchItem{Event: webhook.Summary{Event: webhook.Event{ID: 2}}, Done: 2, Total: 10, Reason: "the app answered 500"})
		watch(webhook.BatchItem{Done: 3, Total: 10, Skip: webhook.SkipRejected, Reason: "refused"})
		watch(webhook.BatchItem{Done: 4, Total: 10})
		halt()
		watch(webhook.BatchItem{Done: 5, Total: 10})
		return webhook.BatchReport{}, ctx.Err()
	}
}

func TestABatchIsStoppedBetweenTwoEvents(t *testing.T) {
	for _, stop := range []string{"esc", "x"} {
		feed := many(2)
		feed.listener.Resendable = 9
		d := simulating(t, feed, 80, 24)
		halting(feed, func() {
			d.send(tickMsg{d.m.now.Add(time.Second), false})
			d.sees("Resending: 4 of 10, ✓ 2 delivered, ✗ 1 failed")
			d.sees(" 40%")
			d.press(stop)
			d.sees("stopping …")
		})
		d.press("ctrl+r", "r")
		d.sees("↑ 3 events recovered, 1 failed; first #2: the app answered 500; stopped;")
		d.sees("9 failed: ctrl+r to resend")
	}
}

func TestResendFailedViews(t *testing.T) {
	for _, size := range [][2]int{{40, 12}, {80, 24}, {120, 40}} {
		feed := many(5)
		feed.listener.Resendable = 12
		d := simulating(t, feed, size[0], size[1])
		resending(feed, webhook.BatchReport{Total: 14, Delivered: 12, Rejected: 1, Unknown: 1})
		d.press("ctrl+r")
		d.golden("resend-failed")
		d.press("esc")
		halting(feed, func() {
			d.send(tickMsg{d.m.now.Add(time.Second), false})
			d.golden("resend-failed-progress")
			d.press("x")
		})
		d.press("ctrl+r", "r")
		d.golden("resend-failed-summary")
	}
}
