package filter

import (
	"errors"
	"math"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter/jq"
)

// noon is the present of the tests, in a zone that is not UTC.
var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.FixedZone("", 2*60*60))

// workers run jq in processes of this test binary.
var workers = jq.NewWorkers()

func TestMain(m *testing.M) {
	if jq.Asked(os.Args[1:]) {
		os.Exit(jq.Serve(os.Stdin, os.Stdout))
	}
	code := m.Run()
	workers.Close()
	os.Exit(code)
}

// stored is an event as a store holds it: a Loader that counts what it is
// asked for.
type stored struct {
	webhook.Summary
	body           []byte
	events, bodies int
	err            error
}

func (s *stored) Event() (*webhook.Event, error) { s.events++; return &s.Summary.Event, s.err }
func (s *stored) Body() ([]byte, error)          { s.bodies++; return s.body, s.err }

// contact is an event that was answered 503 ten minutes ago.
func contact() *stored {
	const body = `{"type":"ContactCreate","data":{"email":"Jane@Example.com","tags":["vip"],"n":12345678901234567890,"name":"Zoë"}}`
	return &stored{
		Summary: webhook.Summary{
			Event: webhook.Event{
				ID: 42, Type: "ContactCreate", WebhookID: "3f2a-77", Method: "POST",
				Path: "/hooks/in", RawQuery: "tenant=7", ReceivedAt: noon.Add(-10 * time.Minute),
				Header: http.Header{
					"Content-Type":    {"application/json; charset=utf-8"},
					"X-Forwarded-For": {"10.0.0.1", "192.168.7.7"},
				},
				BodySize: int64(len(body)), Source: webhook.SourceTunnel,
				Verdict: webhook.Verdict{Status: webhook.Valid, Scheme: "rsa", Key: "dev"},
			},
			Attempts: 2, LastStatus: 503, LastDuration: 700 * time.Millisecond, Slow: true, Marked: true,
			Outcome: webhook.Outcome{Answer: webhook.Answer{Status: 503, By: webhook.ByApp}},
		},
		body: []byte(body),
	}
}

func mustParse(t testing.TB, text string) *Filter {
	t.Helper()
	f, err := Parse(text)
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return f
}

// matches says whether an event is selected at noon.
func matches(f *Filter, e *stored) (bool, error) {
	row := RowOf(&e.Summary)
	return f.At(noon, workers).Match(&row, e)
}

func match(t testing.TB, text string, e *stored) bool {
	t.Helper()
	got, err := matches(mustParse(t, text), e)
	if err != nil {
		t.Fatalf("Match(%q): %v", text, err)
	}
	return got
}

func TestTermsSelectWhatTheySay(t *testing.T) {
	tests := []struct{ yes, no []string }{
		{yes: []string{"", "  "}},
		{ // bare text
			yes: []string{"contactcr", "3F2A", "hooks", "tenant=7", "jane@example", `"zoË"`, "nowhere|jane", "#42", `"data"`},
			no:  []string{"johann", "nowhere", "#43", "application/json", `"#42"`, "contact*"},
		},
		{
			yes: []string{"type:contactcreate", "type:Contact*", "type:*create", "type:c?ntact*", "type:Task*|Contact*", "TYPE:ContactCreate"},
			no:  []string{"type:contact", "type:Task*", `type:"Contact*"`, `type:""`, "type:?"},
		},
		{
			yes: []string{"status:5xx", "status:503", "status:500..599", "status:429|503", "status:>=500", "status:>4xx", "status:<504", "status:5XX", "status:4xx..5xx", "status:500.."},
			no:  []string{"status:429", "status:none", "status:200..299", "status:>5xx", "status:<5xx", "status:..499"},
		},
		{yes: []string{"answer:503", "answer:5xx"}, no: []string{"answer:none", "answer:401"}},
		{yes: []string{"state:failed", "state:FAILED|delivered"}, no: []string{"state:retrying", `state:"overdue"`, "state:overdue"}},
		{yes: []string{"verdict:valid", "verdict:unsigned|valid"}, no: []string{"verdict:invalid"}},
		{yes: []string{"is:marked", "is:slow", "is:duplicate|marked"}, no: []string{"is:duplicate", "is:resent", "is:simulated", "is:unsuccessful", "is:error"}},
		{yes: []string{"id:42", "id:#42", "id:12..50", "id:42..", "id:..42", "id:>41", "id:1|42"}, no: []string{"id:41", "id:43..", "id:..41", "id:<42"}},
		{yes: []string{"wh:3f2", "wh:3F2A-77", "wh:*77"}, no: []string{"wh:f2a", "wh:*78", `wh:""`}},
		{
			yes: []string{
				"header:content-type", "header:Content-Type=JSON", "header:content-type=application/*", "header:x-forwarded-for=192.168",
				"header:x-forwarded-for=10.0.0.1", "header:x-*=7.7", "header:nope|content-type=json", "header:content-type=xml|json",
			},
			no: []string{"header:x-nope", "header:content-type=xml"},
		},
		{no: []string{`header:content-type="application/*"`, "header:content-type=*/xml"}},
		{yes: []string{"body:jane@EXAMPLE", `body:"\"vip\""`, "body:ZOË"}, no: []string{"body:hooks", "body:j*e"}},
		{yes: []string{"path:HOOKS", "path:/hooks/*", "path:tenant"}, no: []string{"path:/hooks/*/x", "path:hooks/?", "path:jane"}},
		{yes: []string{"method:post", "source:tunnel", "key:dev", "key:d*", "scheme:rsa"}, no: []string{"method:pos", "source:local", `key:""`, "scheme:ed25519"}},
		{yes: []string{"attempts:2", "attempts:>1", "attempts:1..2"}, no: []string{"attempts:0", "attempts:<2"}},
		{yes: []string{"dur:>500ms", "dur:<1s", "dur:0.5s..1s", "dur:>=700ms", "dur:..700ms"}, no: []string{"dur:>700ms", "dur:>1s"}},
		{yes: []string{"size:<1k", "size:>100", "size:..1MB", "size:0..0.5KiB"}, no: []string{"size:>1k", "size:0"}},
		{yes: []string{"since:10m", "since:1h", "since:today", "since:11:50", "before:9m", "before:11:51"}, no: []string{"since:9m59s", "before:10m", "since:11:51", "before:today"}},
		{
			yes: []string{`.data.email == "Jane@Example.com"`, ".data.tags[]", ".data.n == 12345678901234567890", `jq:(any(.data.tags[]; . == "vip"))`, `jq:".data.name == \"Zoë\""`, `jq:.data`, ".missing, .data"},
			no:  []string{`.data.email == "x"`, ".missing", ".data.tags[5]", ".data.email.deeper", "jq:(false)", "jq:(null, false)", "jq:(empty)", `jq:(error("x"))`, ".data.n == 12345678901234567891"},
		},
		{
			yes: []string{"status:5xx is:slow", "status:5xx and is:slow", "nowhere or is:slow", "!nowhere", "not nowhere", "!!jane", "! ! jane", "NOT nowhere AND jane", "(nowhere or jane) is:slow", "nowhere is:slow or jane", "!(nowhere jane)", `(.data.email) status:5xx`, `!.missing`, `(.missing) or status:5xx`},
			no:  []string{"status:5xx nowhere", "!jane", "!(nowhere or jane)", "nowhere or type:x", "nowhere (is:slow or jane)", `(.missing) status:5xx`, `!.data`},
		},
	}
	for _, tt := range tests {
		for _, text := range tt.yes {
			if !match(t, text, contact()) {
				t.Errorf("%q does not select the event", text)
			}
		}
		for _, text := range tt.no {
			if match(t, text, contact()) {
				t.Errorf("%q selects the event", text)
			}
		}
	}
}

func TestEveryPropertyIsReadFromTheSummary(t *testing.T) {
	tests := map[string]func(s *webhook.Summary){
		"marked":       func(s *webhook.Summary) { s.Marked = true },
		"duplicate":    func(s *webhook.Summary) { s.RedeliveryOf = 3 },
		"redelivered":  func(s *webhook.Summary) { s.RedeliveredAs = 9 },
		"altered":      func(s *webhook.Summary) { s.Altered = true },
		"simulated":    func(s *webhook.Summary) { s.Simulated = true },
		"faulted":      func(s *webhook.Summary) { s.Faulted = true },
		"shielded":     func(s *webhook.Summary) { s.Outcome.Answer.Shielded = true },
		"resent":       func(s *webhook.Summary) { s.Resent = true },
		"slow":         func(s *webhook.Summary) { s.Slow = true },
		"unsuccessful": func(s *webhook.Summary) { s.Unsuccessful = true },
		"error":        func(s *webhook.Summary) { s.LastError = true },
		"gone":         func(s *webhook.Summary) { s.Outcome.Answer.SenderGone = true },
		"pruned":       func(s *webhook.Summary) { s.NoBody = true },

		"possibly-deleted": func(s *webhook.Summary) { s.PossiblyDeleted = true },
	}
	for _, tr := range traits {
		set, known := tests[tr.name]
		if !known {
			t.Errorf("is:%s has no test", tr.name)
			continue
		}
		var with, without stored
		set(&with.Summary)
		if !match(t, "is:"+tr.name, &with) || match(t, "is:"+tr.name, &without) {
			t.Errorf("is:%s does not tell the two events apart", tr.name)
		}
	}
}

func TestEveryStateHasItsName(t *testing.T) {
	retry := noon.Add(time.Minute)
	outcomes := map[webhook.State]webhook.Outcome{
		webhook.StateForwarding:  {},
		webhook.StateDelivered:   {Answer: webhook.Answer{Status: 200}},
		webhook.StateRetrying:    {Answer: webhook.Answer{Status: 429, RetryAt: retry}},
		webhook.StateOverdue:     {Answer: webhook.Answer{Status: 429, RetryAt: noon.Add(-time.Hour)}},
		webhook.StateFailed:      {Answer: webhook.Answer{Status: 500}},
		webhook.StateRecovered:   {Answer: webhook.Answer{Status: 500}, DeliveredLater: true},
		webhook.StateRejected:    {Answer: webhook.Answer{Status: 401, By: webhook.ByTaskhook}, Decision: webhook.RejectedUnsigned},
		webhook.StateIgnored:     {Answer: webhook.Answer{Status: 200, By: webhook.ByTaskhook}, Decision: webhook.Ignored},
		webhook.StatePassed:      {Answer: webhook.Answer{Status: 302}, Decision: webhook.Passed},
		webhook.StateInterrupted: {Interrupted: true},
	}
	for _, named := range webhook.States {
		for state, o := range outcomes {
			e := &stored{Summary: webhook.Summary{Outcome: o}}
			if got := match(t, "state:"+string(named), e); got != (state == named) {
				t.Errorf("state:%s on an event that is %s: %v", string(named), state, got)
			}
		}
		if !match(t, `state:"`+string(named)+`"`, &stored{Summary: webhook.Summary{Outcome: outcomes[named]}}) {
			t.Errorf("%q in quotes does not select its own", named)
		}
	}
}

func TestWhatIsUnknownIsNotSelectedByARange(t *testing.T) {
	never := &stored{Summary: webhook.Summary{Event: webhook.Event{BodySize: -1}}}
	for _, text := range []string{"size:<10k", "size:..1k", "dur:<1s", "dur:>=0s", "status:<500", "status:..500", "status:none", "body:a", "jq:(true)"} {
		if match(t, text, never) {
			t.Errorf("%q selects an event that was never sent, without a body", text)
		}
	}
	for _, text := range []string{"answer:none", "attempts:0", `type:""`, `wh:""`, `key:""`, `scheme:""`} {
		if !match(t, text, never) {
			t.Errorf("%q does not select an event without", text)
		}
	}
}

func TestTheZeroFilterSelectsEverything(t *testing.T) {
	var f Filter
	if res := f.At(noon, workers).Row(&Row{}); res != Yes || f.String() != "" || boundsOf(&f) != everyID {
		t.Errorf("Row = %v; String = %q, Bounds = %v", res, f.String(), boundsOf(&f))
	}
}

func TestNoMoreIsReadThanTheMatchTakes(t *testing.T) {
	tests := []struct {
		text           string
		events, bodies int
	}{
		{"status:5xx since:1h", 0, 0},
		{"type:Contact* method:post", 1, 0},
		{"body:jane", 0, 1},
		{"body:jane type:Task*", 0, 0},
		{"body:jane or type:Contact*", 0, 0},
		{"body:jane (method:GET or status:5xx)", 0, 1},
		{"body:jane method:GET", 1, 0},
		{"(.data) or method:POST", 1, 0},
		{"contactcreate", 0, 0},
		{"tenant", 1, 0},
		{"jane", 1, 1},
		{"!(jane type:Task*)", 0, 0},
		{"jane body:vip (.data)", 1, 1},
	}
	for _, tt := range tests {
		e := contact()
		f := mustParse(t, tt.text)
		if _, err := matches(f, e); err != nil {
			t.Fatal(err)
		}
		if e.events != tt.events || e.bodies != tt.bodies {
			t.Errorf("%q: %d events and %d bodies read, want %d, %d", tt.text, e.events, e.bodies, tt.events, tt.bodies)
		}
	}
}

func TestARowAloneTellsWhatItCan(t *testing.T) {
	r := RowOf(&contact().Summary)
	tests := map[string]Result{
		"status:5xx": Yes, "status:429": No, "body:x": Unknown, "!body:x": Unknown,
		"body:x status:429": No, "body:x or status:5xx": Yes, "body:x status:5xx": Unknown,
		"method:POST": Unknown, "contact": Yes, "jane": Unknown,
	}
	for text, want := range tests {
		if got := mustParse(t, text).At(noon, workers).Row(&r); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestTheLoadersErrorEndsTheMatch(t *testing.T) {
	for _, text := range []string{"method:POST", "body:x"} {
		e := contact()
		e.err = webhook.ErrNotFound
		if ok, err := matches(mustParse(t, text), e); ok || !errors.Is(err, webhook.ErrNotFound) {
			t.Errorf("%q: %v, %v", text, ok, err)
		}
	}
}

func TestAScanForgetsTheEventBefore(t *testing.T) {
	s := mustParse(t, ".data.email").At(noon, workers)
	with, without := contact(), contact()
	without.body = []byte(`{"data":{}}`)
	row := RowOf(&with.Summary)
	for i, want := range []bool{true, false, true} {
		e := with
		if !want {
			e = without
		}
		if got, err := s.Match(&row, e); got != want || err != nil {
			t.Errorf("event %d: %v, %v", i, got, err)
		}
	}
}

func TestOneFilterServesManyScansAtOnce(t *testing.T) {
	f := mustParse(t, `jane (.data.email) since:1h header:content-type=json`)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			e := contact()
			for range 50 {
				if ok, err := matches(f, e); !ok || err != nil {
					t.Errorf("Match = %v, %v", ok, err)
				}
			}
		})
	}
	all.Wait()
}

func TestBoundsHoldEverySelectedEvent(t *testing.T) {
	tests := map[string]interval{
		"":                     everyID,
		"jane":                 everyID,
		"id:12..40":            {12, 40},
		"id:12.. id:..40 jane": {12, 40},
		"id:12|40":             {12, 40},
		"id:5 or id:>9":        {5, math.MaxInt64},
		"id:5 or jane":         everyID,
		"!id:5":                everyID,
		"id:5 id:6":            {6, 5},
		"id:0":                 {0, 0}, // which no event has
		"since:1h id:>=3":      {3, math.MaxInt64},
	}
	for text, want := range tests {
		if got := boundsOf(mustParse(t, text)); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

func boundsOf(f *Filter) interval {
	first, last := f.Bounds()
	return interval{int64(first), int64(min(last, math.MaxInt64))}
}
