package proxy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

func TestAResendGoesWhereTheEventWouldGoNow(t *testing.T) {
	calls := make(chan string, 10)
	rest, a := namedApp(t, "rest", 200, calls), namedApp(t, "a", 200, calls)
	tests := []struct {
		name   string
		resend webhook.Resend
		want   string // who gets it; "": an error
	}{
		{"as it was", webhook.Resend{}, "a"},
		{"elsewhere", webhook.Resend{To: rest}, "rest"},
		{"what a person made of it", webhook.Resend{Sign: webhook.SignNone, Set: []webhook.Edit{{Path: "type", Value: "Other"}}}, "rest"},
		{"what nobody gets", webhook.Resend{Sign: webhook.SignNone, Set: []webhook.Edit{{Path: "type", Value: "NoteCreate"}}}, ""},
		{"what nobody gets, elsewhere", webhook.Resend{To: a, Sign: webhook.SignNone, Set: []webhook.Edit{{Path: "type", Value: "NoteCreate"}}}, "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, rest, route(t, "type:Note* -> none"), route(t, "type:Contact* -> "+a))
			tt.resend.EventID = r.stored(nil)
			got, err := r.proxy.Resend(t.Context(), tt.resend)
			if tt.want == "" {
				if !errors.Is(err, webhook.ErrIgnored) || !strings.Contains(err.Error(), "type:Note* -> none") || len(calls) > 0 {
					t.Errorf("%+v, %v", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if who := <-calls; who != tt.want {
				t.Errorf("%s got it", who)
			}
		})
	}
}

func TestAResendThatCannotBeRoutedSaysWhy(t *testing.T) {
	calls := make(chan string, 10)
	rest := namedApp(t, "rest", 200, calls)
	r := newRig(t, rest, route(t, ".x == 1 -> 127.0.0.1:1"))
	id := r.stored(func(e *webhook.Event) { e.Body = []byte("x=1") })
	got, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: id})
	if err != nil || len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "the body is not JSON") {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestASimulationGoesWhereTheEventWouldGo(t *testing.T) {
	calls := make(chan string, 10)
	a := namedApp(t, "a", 200, calls)
	r := newRig(t, "127.0.0.1:1", route(t, "type:Contact* -> "+a))
	report, err := r.proxy.Simulate(t.Context(), retry.SimulationRequest{
		Resend:     webhook.Resend{EventID: r.stored(nil)},
		Simulation: retry.Simulation{Policy: taskee.Policy(), Fail: 1, Speed: retry.Instant},
	})
	if err != nil || len(calls) != 1 {
		t.Errorf("%+v, %v, %d calls", report, err, len(calls))
	}
}

func TestABatchSendsEachEventWhereItWouldGo(t *testing.T) {
	calls := make(chan string, 10)
	rest, a := namedApp(t, "rest", 200, calls), namedApp(t, "a", 200, calls)
	r, st := realRig(t, rest, route(t, "type:Note* -> none"), route(t, "type:Task* -> "+a))
	for i, name := range []string{"ContactCreate", "NoteCreate", "TaskCreate"} {
		put(t, st, fmt.Sprintf(`{"type":%q,"webhookId":"%d"}`, name, i), webhook.Answer{Status: 500, By: webhook.ByApp})
	}
	var skipped []string
	report, err := r.proxy.ResendBatch(t.Context(), webhook.Batch{Failed: true}, func(i webhook.BatchItem) {
		if i.Skip != "" {
			skipped = append(skipped, string(i.Skip)+" "+i.Event.Type)
		}
	})
	if err != nil || report.Delivered != 2 || report.Ignored != 1 || !slices.Equal(skipped, []string{"ignored NoteCreate"}) {
		t.Errorf("%+v, %v, skipped %q", report, err, skipped)
	}
	if first, second := <-calls, <-calls; first != "rest" || second != "a" {
		t.Errorf("%s and %s got them", first, second)
	}
}

func TestABatchPassesOverTheAppThatFails(t *testing.T) {
	calls := make(chan string, 100)
	down, up := namedApp(t, "down", 500, calls), namedApp(t, "up", 200, calls)
	r, st := realRig(t, down, route(t, "type:Task* -> "+up))
	for i := range 24 {
		name := "ContactCreate"
		if i%3 == 2 {
			name = "TaskCreate"
		}
		put(t, st, fmt.Sprintf(`{"type":%q,"webhookId":"%d"}`, name, i), webhook.Answer{Status: 500, By: webhook.ByApp})
	}
	var reasons []string
	report, err := r.proxy.ResendBatch(t.Context(), webhook.Batch{Failed: true}, func(i webhook.BatchItem) {
		if i.Skip != "" {
			reasons = append(reasons, i.Reason)
		}
	})
	if err != nil || report != (webhook.BatchReport{Total: 24, Delivered: 8, Failed: 5, Down: 11}) {
		t.Errorf("%+v, %v", report, err)
	}
	if len(reasons) != 11 || reasons[0] != "5 failures in a row at "+down {
		t.Errorf("%q", reasons)
	}
	again, err := r.proxy.ResendBatch(t.Context(), webhook.Batch{Failed: true, Resend: webhook.Resend{To: down}}, nil)
	if err != nil || again.Failed != 5 || again.Stopped == "" {
		t.Errorf("to one app: %+v, %v", again, err)
	}
}
