package fault

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"taskhook/webhook"
)

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
	add(t, &table, "type:Note* status:500")
	add(t, &table, "type:Contact* every:2 status:429 with:busy retry-after:5")
	add(t, &table, "delay:2s .n == 3")
	tests := []struct {
		n     int
		words string
	}{{1, ""}, {2, "429 by rule 2"}, {3, "delayed 2s by rule 3"}, {4, "429 by rule 2"}}
	for _, tt := range tests {
		effect, fires := table.Decide(contact(tt.n))
		if fires != (tt.words != "") || fires && effect.Words() != tt.words {
			t.Errorf("event %d: %v, %s", tt.n, fires, effect.Words())
		}
		if effect.Rule == 2 && (effect.Body != "busy" || effect.RetryAfter != "5") {
			t.Errorf("effect %+v", effect)
		}
	}
	rules := table.Rules()
	if len(rules) != 3 || rules[1].Matched != 4 || rules[1].Fired != 2 || rules[0].Matched != 0 || rules[2].Fired != 1 {
		t.Errorf("%+v", rules)
	}
}

func TestARuleOfAFilterThatFailsDoesNotFire(t *testing.T) {
	var table Table
	add(t, &table, "status:500 .n.x.y == 1")
	if _, fires := table.Decide(contact(1)); fires {
		t.Error("a jq expression that fails selected the event")
	}
}

func TestARuleEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		add(t, &table, "status:429 times:2")
		add(t, &table, "status:500 for:10m")
		var got []int
		for n := range 5 {
			effect, _ := table.Decide(contact(n))
			got = append(got, effect.Status)
			time.Sleep(150 * time.Second)
		}
		if want := []int{429, 429, 500, 500, 0}; fmt.Sprint(got) != fmt.Sprint(want) {
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
			if effect, fires := table.Decide(contact(n)); fires {
				fired = append(fired, n)
				waits = append(waits, effect.Before)
			}
		}
		return fired, waits
	}
	fired, waits := draw("rate:30% delay:1s..5s")
	if len(fired) < 250 || len(fired) > 350 {
		t.Errorf("%d of 1000 events at 30 %%", len(fired))
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

func TestRulesAreTakenAway(t *testing.T) {
	var table Table
	for range 3 {
		add(t, &table, "status:429")
	}
	if err := table.Remove(2); err != nil {
		t.Fatal(err)
	}
	if err := table.Remove(2); !errors.Is(err, ErrNoRule) {
		t.Errorf("taken away twice: %v", err)
	}
	if rules := table.Rules(); len(rules) != 2 || rules[1].ID != 3 {
		t.Errorf("%+v", rules)
	}
	if n := table.Clear(); n != 2 || len(table.Rules()) != 0 {
		t.Errorf("%d were cleared", n)
	}
	if r := add(t, &table, "hang"); r.ID != 4 {
		t.Errorf("an ID was used twice: %d", r.ID)
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

func TestWordsOfEffects(t *testing.T) {
	tests := []struct{ rule, words string }{
		{"hang", "no answer until the time limit by rule 1"},
		{"drop:before", "connection dropped before the answer by rule 1"},
		{"drop:middle delay:1500ms", "delayed 1.5s, connection dropped in the middle of the answer by rule 1"},
		{"duplicate:3 signature:strip", "signature removed, delivered 3 times by rule 1"},
		{"signature:corrupt delay-after:20ms", "signature made wrong, answer held back 20ms by rule 1"},
	}
	for _, tt := range tests {
		var table Table
		add(t, &table, tt.rule)
		if effect, _ := table.Decide(contact(1)); effect.Words() != tt.words {
			t.Errorf("%s: %q", tt.rule, effect.Words())
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{0, 1, 100} {
		b.Run(fmt.Sprintf("%d rules", n), func(b *testing.B) {
			var table Table
			for i := range n {
				add(b, &table, fmt.Sprintf("type:Other%d size:>10k status:429", i))
			}
			e := contact(1)
			for b.Loop() {
				table.Decide(e)
			}
		})
	}
}
