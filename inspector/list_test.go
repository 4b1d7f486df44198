package inspector

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

// young lets n events arrive that are just now forwarded.
func young(d *driver, n int) {
	for range n {
		d.feed.add(webhook.Summary{Event: webhook.Event{Type: "TaskCreate", ReceivedAt: d.m.now, Method: "POST"}})
	}
}

// after lets a moment pass in which the store does not hint at a change.
func (d *driver) after(by time.Duration) { d.send(tickMsg{d.m.now.Add(by), false}) }

func TestAFastEventNeverShowsAsWaiting(t *testing.T) {
	d := drive(t, many(20), 80, 24, Options{})
	young(d, 1)
	d.send(tickMsg{d.m.now.Add(50 * time.Millisecond), true})
	d.misses("TaskCreate")
	d.wants(20, true)
	d.feed.try(webhook.Attempt{EventID: 21, Trigger: webhook.TriggerReceived, StatusCode: 200, Answered: 200})
	d.send(tickMsg{d.m.now.Add(40 * time.Millisecond), true})
	d.sees("TaskCreate")
	d.misses("forwarding")
	d.wants(21, true)
}

func TestASlowEventWaitsInItsOwnRow(t *testing.T) {
	d := drive(t, many(20), 80, 24, Options{})
	young(d, 1)
	d.send(tickMsg{d.m.now.Add(66 * time.Millisecond), true})
	d.misses("TaskCreate")
	d.after(66 * time.Millisecond) // no hint: the list asks again by itself
	d.sees("… forwarding")
	d.after(3 * time.Second)
	d.sees("3s … forwarding")
	row := slices.IndexFunc(strings.Split(d.screen(), "\n"), func(l string) bool { return strings.Contains(l, "TaskCreate") })
	d.feed.try(webhook.Attempt{EventID: 21, Trigger: webhook.TriggerReceived, StatusCode: 500, Answered: 500})
	d.ticks(1)
	if l := strings.Split(d.screen(), "\n")[row]; !strings.Contains(l, "TaskCreate") || !strings.Contains(l, "✗ 500 failed") {
		t.Errorf("the row became %q", l)
	}
}

func TestAWaitingEventBelowOthersIsNotForgotten(t *testing.T) {
	d := drive(t, many(20), 80, 24, Options{})
	young(d, 3)
	d.feed.try(webhook.Attempt{EventID: 23, Trigger: webhook.TriggerReceived, StatusCode: 200, Answered: 200})
	d.send(tickMsg{d.m.now.Add(10 * time.Millisecond), true})
	d.wants(23, true)
	if d.m.list.rows[1].ID != 20 {
		t.Errorf("row 1 is %s", d.m.list.rows[1].ID)
	}
	d.after(100 * time.Millisecond)
	if d.m.list.rows[1].ID != 22 || d.m.list.rows[2].ID != 21 {
		t.Errorf("rows %s, %s", d.m.list.rows[1].ID, d.m.list.rows[2].ID)
	}
}

func TestTheSelectionHoldsWhileYoungEventsCome(t *testing.T) {
	d := drive(t, many(100), 80, 24, Options{})
	d.press("down", "down")
	for range 30 {
		young(d, 3)
		d.send(tickMsg{d.m.now.Add(40 * time.Millisecond), true})
		d.wants(98, false)
	}
	d.after(time.Second)
	d.after(time.Second)
	d.sees("90 new")
	for range 92 {
		d.press("k")
	}
	d.wants(190, true)
}

func TestColumnsBecomeMoreWithTheWidth(t *testing.T) {
	for _, c := range []struct {
		width    int
		has, not string
	}{
		{40, "type", "took"}, {59, "type", "outcome"}, {60, "took", "size"}, {80, "×", "webhook"}, {107, "webhook", "xyz"},
	} {
		f := some()
		f.events[9].RedeliveryOf = 9
		d := drive(t, f, c.width, 24, Options{})
		names := strings.Split(d.screen(), "\n")[1]
		if !strings.Contains(names, c.has) || strings.Contains(names, c.not) {
			t.Errorf("%d wide: %q", c.width, names)
		}
		d.fits()
	}
}

func TestARedeliverySaysOfWhat(t *testing.T) {
	f := many(20)
	e := f.events[19]
	e.RedeliveryOf, e.Try, e.BodySize = 12, 2, 2150
	f.add(e)
	d := drive(t, f, 107, 24, Options{})
	d.sees("200 on try 2, dup of #12")
	d.sees("2.1 KiB")
	d.send(windowSize(70, 24))
	d.sees("✓ 200 on try 2")
}

func TestTheSlowestComeFirst(t *testing.T) {
	f := many(3000)
	for i := range f.events {
		f.events[i].LastDuration = time.Duration((i*7919)%3000) * time.Millisecond
	}
	d := drive(t, f, 80, 24, Options{})
	d.press("down", "o")
	d.sees("slowest first")
	d.sees("took↓")
	d.m.list.rows[0].Marked = false
	at := func() time.Duration { e, _ := d.m.selection(); return e.LastDuration }
	if at() != 2999*time.Millisecond {
		t.Fatalf("the first took %s", at())
	}
	for want := 2998; want >= 2000; want-- {
		d.press("down")
		if got := at(); got != time.Duration(want)*time.Millisecond {
			t.Fatalf("selected %s, want %d ms", got, want)
		}
		if n := len(d.m.list.rows); n > 400 {
			t.Fatalf("the list holds %d rows", n)
		}
	}
	arrive(f, 5)
	d.ticks(2)
	d.misses("new")
	for want := 2001; want <= 2999; want++ {
		d.press("up")
		if got := at(); got != time.Duration(want)*time.Millisecond {
			t.Fatalf("selected %s, want %d ms", got, want)
		}
	}
	if d.m.list.follow {
		t.Error("the list follows in another order than time's")
	}
	d.press("o")
	d.wants(2999, false) // where it was left
	d.press("home")
	d.ticks(2)
	d.wants(3005, true)
}

func TestASlowestListSurvivesTheDeletionOfWhereItBegan(t *testing.T) {
	f := many(1000)
	d := drive(t, f, 80, 24, Options{})
	d.press("o")
	for range 10 {
		d.press("pgdown")
	}
	if d.m.list.from == 0 {
		t.Fatal("the window did not move: the test proves nothing")
	}
	f.events = slices.DeleteFunc(f.events, func(e webhook.Summary) bool { return e.ID == d.m.list.from })
	d.ticks(6)
	d.misses("not found")
	d.sees("ContactCreate")
	if d.m.list.from != 0 {
		t.Error("the list does not begin anew")
	}
}

func TestASearchShowsWhatItHasAndHowFarItIs(t *testing.T) {
	f := many(1000)
	f.events[899].Type, f.events[99].Type, f.events[9].Type = "Needle", "Needle", "Needle"
	f.patience = 300
	d := drive(t, f, 80, 24, Options{})
	d.press("/")
	d.typed("type:Needle")
	d.slow = true
	d.ticks(3)
	step := func() {
		late := d.late
		d.late = nil
		for _, c := range late {
			d.slow = false
			if msg, ok := c().(pageMsg); ok {
				d.slow = true
				d.send(msg)
			}
			d.slow = true
		}
	}
	step()
	d.sees("Needle")
	d.sees("filtering… 29%")
	d.press("enter")
	d.sees("filtering… 29% /type:Needle")
	step()
	d.sees("filtering… 59%")
	d.catchUp()
	d.ticks(1)
	d.sees("only /type:Needle")
	d.misses("filtering")
	var ids []webhook.ID
	for _, e := range d.m.list.rows {
		ids = append(ids, e.ID)
	}
	if !slices.Equal(ids, []webhook.ID{900, 100, 10}) {
		t.Errorf("found %v", ids)
	}
}

func TestASearchIsGivenUpForAnotherAndByEsc(t *testing.T) {
	f := many(1000)
	f.patience = 100
	d := drive(t, f, 80, 24, Options{})
	d.slow = true
	d.press("/")
	d.typed("zebra")
	d.ticks(3)
	gone := d.m.list.cancel
	d.typed("s")
	d.ticks(3)
	if gone == nil || d.m.list.text != "zebras" {
		t.Fatalf("looking for %q", d.m.list.text)
	}
	d.press("enter")
	d.sees("filtering…")
	d.press("esc")
	before := d.feed.reads
	d.catchUp()
	d.ticks(1)
	d.wants(1000, true)
	d.misses("filtering")
	if reads := d.feed.reads - before; reads > 5 { // a whole search is ten
		t.Errorf("%d reads: what was given up went on", reads)
	}
}

func TestANarrowedListCountsOnlyItsOwnNews(t *testing.T) {
	d := drive(t, many(100), 80, 24, Options{})
	d.press("/")
	d.typed("type:ContactCreate")
	d.press("enter", "down")
	arrive(d.feed, 12)
	d.ticks(2)
	d.sees("paused")
	d.misses("new")
	for range 3 {
		d.feed.add(d.feed.events[0])
	}
	d.ticks(2)
	d.sees("3 new")
	for range 200 {
		d.feed.add(d.feed.events[0])
	}
	d.ticks(2)
	d.sees("over 99 new")
}

// A list that is slow to search finds what is new without searching all again.
func TestASlowSearchIsNotDoneAgainForEveryChange(t *testing.T) {
	f := many(1000)
	d := drive(t, f, 80, 24, Options{})
	d.press("/")
	d.typed("body:hello")
	d.press("enter")
	d.ticks(1)
	l := &d.m.list
	hello := func() webhook.ID {
		e := f.events[0]
		e.Body = []byte("hello")
		return f.add(e)
	}
	first := hello()
	d.ticks(1)
	d.wants(first, true)
	// As if the store had taken three seconds.
	l.slow, l.notYet = true, d.m.now.Add(time.Hour)
	looked := f.looked
	id := hello()
	d.ticks(2)
	d.wants(id, true)
	f.try(webhook.Attempt{EventID: first, Trigger: webhook.TriggerReceived, StatusCode: 500, Answered: 500})
	d.ticks(2)
	if e := l.rows[1]; e.ID != first || e.LastStatus != 500 {
		t.Errorf("the row below is %s with %d", e.ID, e.LastStatus)
	}
	d.press("down")
	d.wants(first, false)
	hello()
	d.ticks(2)
	d.sees("1 new")
	d.wants(first, false)
	if n := f.looked - looked; n > 200 {
		t.Errorf("%d events were looked at again", n)
	}
}

func TestTheFiltersThatTheListBuildsParse(t *testing.T) {
	for _, text := range []string{"", "a or b", ".data.x == 1", `"or"`, "!(a b)", strings.Repeat("a", 4000)} {
		for _, s := range []scope{{text: text}, {text: text, marked: true}} {
			r := request{scope: s}.newerThan(1 << 30)
			for _, made := range []string{s.filter(), r.filter()} {
				if _, err := filter.Parse(made); err != nil {
					t.Errorf("%.40q: %v", made, err)
				}
			}
		}
	}
}

func TestLeavingTheFilterLineReturnsToWhereThePersonWas(t *testing.T) {
	d := drive(t, many(500), 80, 24, Options{})
	for range 40 {
		d.press("down")
	}
	d.wants(460, false)
	d.press("/")
	d.typed("id:3")
	d.ticks(4)
	d.wants(3, true)
	d.press("esc")
	d.ticks(4)
	d.wants(460, false)
}

func TestWithoutAListenerTheHeaderSaysSo(t *testing.T) {
	f := some()
	f.listener = webhook.Listener{Version: "1.0.0", Project: "default", Target: "http://localhost:3000"}
	d := drive(t, f, 120, 40, Options{})
	d.sees("stored events: no listener runs; resends go to http://localhost:3000")
}
