package cli

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func TestShownEventSaysEachThingOnce(t *testing.T) {
	const reason = "the request has no signature"
	refused := webhook.Event{
		ID: 7, Method: "GET", Path: "/favicon.ico", Host: "localhost", Decision: webhook.RejectedUnsigned,
		Verdict: webhook.Verdict{Status: webhook.Unsigned, Reason: reason},
		Answer:  webhook.Answer{Status: 401, By: webhook.ByTaskhook, Reason: reason},
	}
	named := refused
	named.Type, named.WebhookID = "ContactCreate", "a1"
	faulty := named
	faulty.Verdict, faulty.Decision = webhook.Verdict{Status: webhook.Valid}, webhook.DecisionNone
	faulty.Answer = webhook.Answer{Status: 503, By: webhook.ByTaskhook, Reason: "a fault rule"}
	noted := []webhook.Attempt{{
		EventID: 7, Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, StatusCode: 200,
		Trailer: http.Header{"X-Sum": {"7", "8"}}, Notes: []string{"the app's answer begins with an empty line"},
	}}
	late := []webhook.Attempt{
		{EventID: 7, Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, Error: "the app did not answer within 30s", Answered: 408},
		{EventID: 7, Delivery: 1, Number: 1, Trigger: webhook.TriggerLate, StatusCode: 200, BodySize: 2, Duration: 94 * time.Second, Answered: 408},
	}
	gone := []webhook.Attempt{{EventID: 7, Delivery: 1, Number: 1, Trigger: webhook.TriggerLate, Error: "the app closed the connection without an answer", Duration: time.Minute}}
	resent := []webhook.Attempt{{EventID: 7, Delivery: 1, Number: 1, Trigger: webhook.TriggerResend, StatusCode: 200}}
	for _, tt := range []struct {
		name    string
		event   webhook.Event
		history []webhook.Attempt
		once    []string // each is in the text once
		never   []string
	}{
		{"a rejected event", named, nil, []string{"event      #7 ContactCreate\n", "webhookId  a1\n", reason, "state      rejected: answered 401\n"}, nil},
		{"a rejected event that was resent", named, resent, []string{reason, "answered 401\n"}, nil},
		{"a request without type and webhookId", refused, nil, []string{"event      #7 GET /favicon.ico\n"}, []string{"webhookId", " \n"}},
		{"an answer with trailers and something broken", faulty, noted, []string{"  trailer  X-Sum: 7, 8\n", "  note     the app's answer begins with an empty line\n"}, nil},
		{"a late answer", faulty, late, []string{"attempt    late answer ", "  answer   200 after 1m 34s, 2 B; the sender had been told 408\n"}, nil},
		{"a late end without an answer", faulty, gone, []string{"  answer   the app closed the connection without an answer; the sender had hung up\n"}, nil},
		{"an answer by a rule", faulty, resent, []string{"answered 503: a fault rule\n"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			summary := webhook.Summary{Event: tt.event, Outcome: webhook.Outcome{Answer: tt.event.Answer, Decision: tt.event.Decision}}
			writeEvent(&out, webhook.Record{Summary: summary, History: tt.history}, time.Now())
			for _, want := range tt.once {
				if n := strings.Count(out.String(), want); n != 1 {
					t.Errorf("%q is there %d times:\n%s", want, n, out.String())
				}
			}
			for _, not := range tt.never {
				if strings.Contains(out.String(), not) {
					t.Errorf("%q is there:\n%s", not, out.String())
				}
			}
		})
	}
}
