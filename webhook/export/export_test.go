package export

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

var received = time.Date(2026, 1, 28, 14, 35, 0, 120_000_000, time.UTC)

func event() webhook.Summary {
	return webhook.Summary{Event: webhook.Event{
		ID: 1, Type: "ContactCreate", WebhookID: "w-1", ReceivedAt: received, Method: "POST", Path: "/hook",
		RawQuery: "a=<1>", Host: "127.0.0.1:4480", RemoteAddr: "127.0.0.1:50000", BodySize: 7, Source: webhook.SourceLocal,
		Verdict: webhook.Verdict{Status: webhook.Valid, Scheme: "rsa", Key: "taskee"},
	}}
}

func TestLinesAreTheContract(t *testing.T) {
	rejected := event()
	rejected.Verdict = webhook.Verdict{Status: webhook.Unsigned, Reason: `no signature <header> & "none"`}
	rejected.Decision, rejected.Answer = webhook.RejectedUnsigned, webhook.Answer{Status: 401, By: webhook.ByTaskhook}
	rejected.RedeliveryOf = 7
	forwarded := event()
	forwarded.Answer = webhook.Answer{Status: 200, By: webhook.ByApp}
	forwarded.Attempts, forwarded.LastStatus = 1, 200
	attempt := webhook.Attempt{
		EventID: 1, Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, Target: "http://127.0.0.1:3000/?a=1&b=2",
		StartedAt: received, Duration: 3_100_400, StatusCode: 200, Answered: 200,
	}
	tests := []struct {
		name  string
		write func(*bytes.Buffer) error
		want  string
	}{
		{
			"ready",
			func(b *bytes.Buffer) error {
				return ReadyLine(b, webhook.Listener{
					Tunnel: webhook.Tunnel{URL: "https://x.example"}, Local: "http://127.0.0.1:4480", Target: "http://127.0.0.1:3000",
				})
			},
			`{"kind":"ready","version":2,"url":"https://x.example","webhookURL":"https://x.example/webhooks","local":"http://127.0.0.1:4480","target":"http://127.0.0.1:3000"}`,
		},
		{
			"an event",
			func(b *bytes.Buffer) error { return EventLine(b, event()) },
			`{"kind":"event","id":1,"type":"ContactCreate","webhookId":"w-1","receivedAt":"2026-01-28T14:35:00.12Z","source":"local","verdict":"valid","scheme":"rsa","key":"taskee","reason":"","redeliveryOf":0,"bodySize":7}`,
		},
		{
			"an event that is not forwarded says what was answered",
			func(b *bytes.Buffer) error { return EventLine(b, rejected) },
			`{"kind":"event","id":1,"type":"ContactCreate","webhookId":"w-1","receivedAt":"2026-01-28T14:35:00.12Z","source":"local","verdict":"unsigned","scheme":"","key":"","reason":"no signature <header> & \"none\"","redeliveryOf":7,"bodySize":7,"answered":401,"decision":"unsigned"}`,
		},
		{
			"a listed event",
			func(b *bytes.Buffer) error { return SummaryLine(b, forwarded, webhook.StateDelivered) },
			`{"kind":"event","id":1,"type":"ContactCreate","webhookId":"w-1","receivedAt":"2026-01-28T14:35:00.12Z","source":"local","verdict":"valid","scheme":"rsa","key":"taskee","reason":"","redeliveryOf":0,"bodySize":7,"lastStatus":200,"attempts":1,"state":"delivered"}`,
		},
		{
			"an attempt",
			func(b *bytes.Buffer) error { return AttemptLine(b, attempt, webhook.StateDelivered) },
			`{"kind":"attempt","eventId":1,"delivery":1,"number":1,"trigger":"received","target":"http://127.0.0.1:3000/?a=1&b=2","startedAt":"2026-01-28T14:35:00.12Z","status":200,"durationMs":3.1,"error":"","simulated":false,"answered":200,"state":"delivered"}`,
		},
		{
			"an attempt with notes",
			func(b *bytes.Buffer) error {
				a := attempt
				a.Notes = []string{"the app's answer begins with an empty line"}
				return AttemptLine(b, a, webhook.StateDelivered)
			},
			`{"kind":"attempt","eventId":1,"delivery":1,"number":1,"trigger":"received","target":"http://127.0.0.1:3000/?a=1&b=2","startedAt":"2026-01-28T14:35:00.12Z","status":200,"durationMs":3.1,"error":"","simulated":false,"answered":200,"notes":["the app's answer begins with an empty line"],"state":"delivered"}`,
		},
		{
			"a shown event",
			func(b *bytes.Buffer) error {
				r := webhook.Record{Summary: forwarded}
				r.Header = http.Header{"X-Two": {"b", "a"}, "Content-Type": {"application/json"}}
				r.Body = []byte(`{"a":1}`)
				a := attempt
				a.Body, a.BodySize = []byte("ok"), 9
				a.Trailer = http.Header{"X-Sum": {"7"}}
				a.Sent = &webhook.Request{Method: "POST", Path: "/", Body: []byte("{}")}
				r.History = []webhook.Attempt{a}
				return EventObject(b, r, received)
			},
			`{"kind":"event","id":1,"type":"ContactCreate","webhookId":"w-1","receivedAt":"2026-01-28T14:35:00.12Z","source":"local","verdict":"valid","scheme":"rsa","key":"taskee","reason":"","redeliveryOf":0,"bodySize":7,` +
				`"lastStatus":200,"state":"forwarding","method":"POST","path":"/hook","rawQuery":"a=<1>","host":"127.0.0.1:4480","remoteAddr":"127.0.0.1:50000","answer":{"status":200,"by":"app"},` +
				`"header":{"Content-Type":["application/json"],"X-Two":["b","a"]},"bodyBase64":"eyJhIjoxfQ==",` +
				`"attempts":[{"delivery":1,"number":1,"trigger":"received","target":"http://127.0.0.1:3000/?a=1&b=2","startedAt":"2026-01-28T14:35:00.12Z","status":200,"durationMs":3.1,"error":"","simulated":false,"answered":200,` +
				`"trailer":{"X-Sum":["7"]},"bodyBase64":"b2s=","bodySize":9,"bodyCapped":true,"sent":{"method":"POST","path":"/","rawQuery":"","header":{},"bodyBase64":"e30="}}]}`,
		},
		{
			"a shown event without header, body or attempts has no null",
			func(b *bytes.Buffer) error {
				return EventObject(b, webhook.Record{}, received)
			},
			`{"kind":"event","id":0,"type":"","webhookId":"","receivedAt":"0001-01-01T00:00:00Z","source":"","verdict":"","scheme":"","key":"","reason":"","redeliveryOf":0,"bodySize":0,"lastStatus":0,"state":"forwarding","method":"","path":"","rawQuery":"","host":"","remoteAddr":"","header":{},"bodyBase64":"","attempts":[]}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := tt.write(&b); err != nil {
				t.Fatal(err)
			}
			if got := b.String(); got != tt.want+"\n" {
				t.Errorf("got  %swant %s", got, tt.want)
			}
		})
	}
}

func TestPretty(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"an object", `{"a":1.0,"b":[true,"x,{"],"c":{}}`, "{\n  \"a\": 1.0,\n  \"b\": [\n    true,\n    \"x,{\"\n  ],\n  \"c\": {}\n}"},
		{"already indented", "{\n \"a\" : [ ] }\n", "{\n  \"a\": []\n}"},
		{"escapes keep their spelling", `["\u00e9\/"]`, "[\n  \"\\u00e9\\/\"\n]"},
		{"a scalar", "1e3", "1e3"},
		{"text", "a=1\r\nb=\x1b[31m2\n", "a=1\nb=2"},
		{"nothing", " ", ""},
		{"bytes", "\x00\x01", "00000000  00 01                                             |..|"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Pretty([]byte(tt.in)); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestPrettyIsNotMostlySpaces(t *testing.T) {
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	got := Pretty([]byte(deep))
	if lines := strings.Count(got, "\n") + 1; lines != 19_999 || len(got) > 2<<20 {
		t.Errorf("deep JSON: %d lines, %d bytes", lines, len(got))
	}
}

func TestJSONLinesDoNotActOnATerminal(t *testing.T) {
	var b bytes.Buffer
	in := "a\u009b31m\u202eb\x7fc\u2028é"
	if err := EventLine(&b, webhook.Summary{Event: webhook.Event{Type: in}}); err != nil {
		t.Fatal(err)
	}
	if line := strings.TrimSuffix(b.String(), "\n"); strings.ContainsAny(line, "\u009b\u202e\x7f") {
		t.Errorf("the line acts: %q", line)
	}
	var out struct{ Type string }
	if err := json.Unmarshal(b.Bytes(), &out); err != nil || out.Type != in {
		t.Errorf("it reads %q, %v", out.Type, err)
	}
}
