package inspector

import (
	"testing"

	"github.com/taskhook/taskhook/webhook"
)

func marked(f *memory) (ids []webhook.ID) {
	for _, e := range f.events {
		if e.Marked {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

func TestAMarkStandsAtOnceAndIsStored(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("down")
	d.slow = true
	d.press("m")
	d.sees("▌*14:33:29")
	d.sees("m unmark")
	if len(marked(d.feed)) != 0 {
		t.Error("it was stored on the Update goroutine")
	}
	d.ticks(1) // a page that was read before the mark was stored does not take it away
	d.catchUp()
	d.sees("▌*14:33:29")
	d.ticks(2)
	if got := marked(d.feed); len(got) != 1 || got[0] != 9 {
		t.Errorf("stored %v", got)
	}
	d.press("m")
	d.ticks(2)
	d.misses("*14:33:29")
	if len(marked(d.feed)) != 0 || len(d.m.list.marks) != 0 {
		t.Errorf("still marked %v, pending %v", marked(d.feed), d.m.list.marks)
	}
}

func TestAMarkThatCannotBeStoredIsTakenBack(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.feed.markErr = errTest
	d.press("m")
	d.misses("▌*")
	d.sees("cannot mark #10: the socket is gone")
}

func TestOnlyMarkedComposesWithTheFilter(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("m", "down", "m", "down", "m", "M")
	d.wants(10, true)
	d.sees("only the marked")
	if n := len(d.m.list.rows); n != 3 {
		t.Fatalf("%d rows", n)
	}
	d.press("/")
	d.typed("contactcreate or contacttag")
	d.press("enter")
	d.sees("only marked /contactcreate or contacttag")
	if n := len(d.m.list.rows); n != 2 {
		t.Errorf("%d rows", n)
	}
	d.press("esc")
	d.wants(8, false) // where it was left
	d.misses("only")
}

func TestAllMarksAreRemovedWhereverTheyAre(t *testing.T) {
	f := many(5000)
	for i := range f.events {
		f.events[i].Marked = i%2 == 0
	}
	f.patience = 700
	d := drive(t, f, 80, 24, Options{})
	d.press("u")
	d.sees("2,500 marks removed")
	d.misses("*14:")
	if n := len(marked(f)); n != 0 {
		t.Errorf("%d are left", n)
	}
	d.press("M")
	d.sees("Nothing matches is:marked")
	d.press("esc")
	d.sees("ContactCreate")
}
