package fault

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter/jq"
)

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

func add(t testing.TB, table *Table, text string) webhook.FaultRule {
	t.Helper()
	r, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return table.Add(r)
}

func contact(n int) *webhook.Event {
	body := fmt.Appendf(nil, `{"type":"ContactCreate","n":%d}`, n)
	return &webhook.Event{ID: webhook.ID(n), Type: "ContactCreate", Try: 1, Method: "POST", Path: "/", Body: body, BodySize: int64(len(body))}
}

func TestTheFirstRuleThatFiresDecides(t *testing.T) {
	var table Table
	if _, fires := table.Decide(contact(1)); fires {
		t.Error("an empty table decided")
	}
	add(t, &table, "status:500 for type:Note*")
	add(t, &table, "every:2 status:429 for type:Contact*")
	add(t, &table, "delay:2s for .n == 3")
	tests := []struct {
		n     int
		words string
	}{{1, ""}, {2, "429 by rule 2"}, {3, "delayed 2s by rule 3"}, {4, "429 by rule 2"}}
	for _, tt := range tests {
		action, fires := table.Decide(contact(tt.n))
		if fires != (tt.words != "") || fires && action.String() != tt.words {
			t.Errorf("event %d: %v, %s", tt.n, fires, action)
		}
	}
	rules := table.Rules()
	if len(rules) != 3 || rules[1].Matched != 4 || rules[1].Fired != 2 || rules[0].Matched != 0 || rules[2].Fired != 1 {
		t.Errorf("%+v", rules)
	}
}

func TestARuleWhoseFilterCannotTellDoesNotFire(t *testing.T) {
	table := Table{JQ: workers}
	add(t, &table, "status:500 for .n.x.y == 1")
	add(t, &table, "status:501 for !.n.x.y == 1")
	add(t, &table, "status:502 for jq:(last(range(1e18)))") // does not end by itself
	add(t, &table, "status:503 for type:Note* jq:(last(range(1e18)))")
	add(t, &table, "status:504 for jq:([] | .[400000000] = 1)") // takes 6 GB
	if action, fires := table.Decide(contact(1)); fires {
		t.Errorf("%s", action)
	}
	for i, undecided := range []int{0, 0, 1, 0, 1} {
		if r := table.Rules()[i]; r.Undecided != undecided || r.Matched != 0 || r.Fired != 0 {
			t.Errorf("%+v", r)
		}
	}
}

func TestARuleSeesWhatWasReceived(t *testing.T) {
	tests := []struct {
		filter  string
		selects bool
	}{
		{"type:contactcreate", true},
		{"type:ContactCreate|X size:>1k", false},
		{"id:7 since:1h verdict:valid", true},
		{"is:duplicate", true},
		{"!is:altered", true},
		{"path:/hook?x=1 method:POST source:tunnel", true},
		{"header:user-agent=taskee", true},
		{"header:user-agent=curl", false},
		{"wh:3f2a key:taskee", true},
		{`body:"\"n\":7"`, true},
		{"body:absent or n", true},
		{".n == 7", true},
		{`(.type == "ContactCreate") type:Note*`, false},
		{"jq:(.n > 7) or .n < 7", false},
		{"jq:(.n % 2 == 1)", true},
	}
	e := contact(7)
	e.ReceivedAt, e.RedeliveryOf, e.Try = time.Now(), 3, 2
	e.Path, e.RawQuery, e.Source, e.WebhookID = "/hook", "x=1", webhook.SourceTunnel, "3f2a"
	e.Header = http.Header{"User-Agent": {"Taskee-Webhooks/1"}}
	e.Verdict = webhook.Verdict{Status: webhook.Valid, Key: "taskee"}
	for _, tt := range tests {
		table := Table{JQ: workers}
		add(t, &table, "delay:1s for "+tt.filter)
		for range 2 { // what was read of an event must not outlive it
			if _, fires := table.Decide(e); fires != tt.selects {
				t.Errorf("%s: %v", tt.filter, fires)
			}
			if _, fires := table.Decide(&webhook.Event{ID: 8, Body: []byte("{"), ReceivedAt: time.Now(), Altered: true}); fires {
				t.Errorf("%s: selects another event", tt.filter)
			}
		}
	}
}

func TestARuleEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		add(t, &table, "status:429 times:2")
		add(t, &table, "status:500 expires:10m")
		var got []int
		for n := range 5 {
			action, _ := table.Decide(contact(n))
			got = append(got, action.Status)
			time.Sleep(150 * time.Second)
		}
		if want := []int{429, 429, 500, 500, 0}; !slices.Equal(got, want) {
			t.Errorf("answered %v, want %v", got, want)
		}
		for _, r := range table.Rules() {
			if !r.Ended || r.Limit == 0 && !r.Ends.Equal(r.AddedAt.Add(10*time.Minute)) {
				t.Errorf("%+v", r)
			}
		}
	})
}

func TestTheSameSeedGivesTheSameFaults(t *testing.T) {
	draw := func(text string) (fired []int, waits []time.Duration) {
		var table Table
		add(t, &table, text)
		for n := range 1000 {
			if action, fires := table.Decide(contact(n)); fires {
				fired = append(fired, n)
				waits = append(waits, action.Before)
			}
		}
		return fired, waits
	}
	fired, waits := draw("rate:30% delay:1s..5s")
	if len(fired) < 250 || len(fired) > 350 {
		t.Errorf("%d of 1000 events at 30%%", len(fired))
	}
	for _, d := range waits {
		if d < time.Second || d > 5*time.Second {
			t.Errorf("a delay of %s", d)
		}
	}
	again, sameWaits := draw("rate:30% delay:1s..5s")
	other, _ := draw("rate:30% delay:1s..5s seed:2")
	if fmt.Sprint(fired, waits) != fmt.Sprint(again, sameWaits) || fmt.Sprint(fired) == fmt.Sprint(other) {
		t.Error("the seed does not decide")
	}
}

func TestAChangeIsMadeAsAWholeOrNotAtAll(t *testing.T) {
	var table Table
	add(t, &table, "status:429")
	add(t, &table, "hang for type:A")
	tests := []struct {
		change webhook.FaultChange
		left   string // IDs
		err    string
	}{
		{webhook.FaultChange{}, "[1 2]", ""},
		{webhook.FaultChange{Add: []string{"hang", "status:42"}}, "[1 2]", `status: "42" is not a status`},
		{webhook.FaultChange{Remove: []int{1, 7}, Add: []string{"hang"}}, "[1 2]", "no such rule: 7"},
		{webhook.FaultChange{Clear: true, Remove: []int{1}}, "[1 2]", "no such rule: 1"},
		{webhook.FaultChange{Remove: []int{1, 1}}, "[1 2]", "no such rule: 1"},
		{webhook.FaultChange{Remove: []int{1}, Add: []string{"hang", "delay:1s"}}, "[2 3 4]", ""},
		{webhook.FaultChange{Clear: true, Add: []string{"status:429"}}, "[5]", ""},
		{webhook.FaultChange{Clear: true}, "[]", ""},
	}
	ids := func(rules []webhook.FaultRule) string {
		all := []int{}
		for _, r := range rules {
			all = append(all, r.ID)
		}
		return fmt.Sprint(all)
	}
	for _, tt := range tests {
		rules, err := table.Change(tt.change)
		if got := ids(table.Rules()); got != tt.left || err == nil && ids(rules) != got {
			t.Errorf("%+v: left %s, returned %s", tt.change, got, ids(rules))
		}
		if (err == nil) != (tt.err == "") || err != nil && !strings.HasPrefix(err.Error(), tt.err) {
			t.Errorf("%+v: %v", tt.change, err)
		}
		if strings.HasPrefix(tt.err, "no such rule") != errors.Is(err, ErrNoRule) {
			t.Errorf("%+v: %v is ErrNoRule: %v", tt.change, err, errors.Is(err, ErrNoRule))
		}
	}
	if _, fires := table.Decide(contact(1)); fires {
		t.Error("a cleared table decided")
	}
}

func TestATableIsChangedWhileItDecides(t *testing.T) {
	var table Table
	add(t, &table, "hang for type:Note*")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for n := range 100 {
				action, fires := table.Decide(contact(n))
				if fires && action.Status != 429 {
					t.Errorf("%+v", action)
				}
			}
		})
		all.Go(func() {
			for range 100 {
				r, err := table.Change(webhook.FaultChange{Add: []string{"status:429 for .n >= 0"}})
				if err != nil || len(r) < 2 {
					t.Errorf("%v, %v", r, err)
					return
				}
				_ = table.Rules()
			}
		})
	}
	all.Wait()
	if rules := table.Rules(); len(rules) != 401 || rules[400].ID != 401 {
		t.Errorf("%d rules", len(rules))
	}
}

func TestCountsAreExactFromManyGoroutines(t *testing.T) {
	var table Table
	add(t, &table, "status:429 every:2 times:300")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for n := range 100 {
				table.Decide(contact(n))
				_ = table.Rules()
			}
		})
	}
	all.Wait()
	if r := table.Rules()[0]; r.Fired != 300 || r.Matched != 600 || !r.Ended {
		t.Errorf("%+v", r)
	}
}

func TestAnActionSaysWhatItDoes(t *testing.T) {
	tests := []struct{ rule, words string }{
		{"hang", "no answer until the time limit by rule 1"},
		{"drop:before", "connection dropped before the answer by rule 1"},
		{"drop:middle delay:1500ms", "delayed 1.5s, connection dropped in the middle of the answer by rule 1"},
		{"duplicate:3 signature:strip", "signature removed, delivered 3 times by rule 1"},
		{"delay:100us", "delayed 0.1ms by rule 1"},
		{"delay:1234567us", "delayed 1.2s by rule 1"},
		{"signature:corrupt delay-after:20ms", "signature corrupted, answer delayed 20ms by rule 1"},
	}
	for _, tt := range tests {
		var table Table
		add(t, &table, tt.rule)
		if action, _ := table.Decide(contact(1)); action.String() != tt.words {
			t.Errorf("%s: %q", tt.rule, action.String())
		}
	}
	if words := (Action{}).String(); words != "" {
		t.Errorf("nothing: %q", words)
	}
}

func BenchmarkDecide(b *testing.B) {
	benchmarks := []struct {
		name, rule string
		n          int
	}{
		{"0 rules", "", 0},
		{"1 rule", "status:429 for type:Other%d size:>10k", 1},
		{"100 rules", "status:429 for type:Other%d size:>10k", 100},
		{"100 rules on a header", "status:429 for header:x-other=%d", 100},
		{"100 rules on the payload", "status:429 for .n == -%d", 100},
	}
	for _, bb := range benchmarks {
		b.Run(bb.name, func(b *testing.B) {
			var table Table
			for i := range bb.n {
				add(b, &table, fmt.Sprintf(bb.rule, i+1))
			}
			e := contact(1)
			e.Header = http.Header{"X-Other": {"none"}, "Content-Type": {"application/json"}}
			b.ReportAllocs()
			for b.Loop() {
				if _, fires := table.Decide(e); fires {
					b.Fatal("a rule fired")
				}
			}
		})
	}
}
