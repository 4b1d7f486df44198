package inspector

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func TestManyAreSentOnlyAfterALookAtTheirNumber(t *testing.T) {
	f := accepting(many(30))
	for _, id := range []webhook.ID{3, 4} { // that fail
		f.events[id-1].Type = "TaskFail"
	}
	f.resend = func(r webhook.Resend) (webhook.Resent, error) {
		a := webhook.Attempt{EventID: r.EventID, StatusCode: 200}
		switch r.EventID {
		case 3:
			a.StatusCode, a.Duration = 500, 3*time.Millisecond
		case 4:
			return webhook.Resent{}, webhook.ErrPruned
		}
		return webhook.Resent{Attempt: a}, nil
	}
	d := drive(t, f, 80, 24, Options{})
	d.press("S")
	d.sees("Resend all 30 events?")
	d.press("f")
	d.sees("Resend all 30 events as new events, in order of arrival? y/n")
	d.press("x", "n")
	if len(f.resent) != 0 {
		t.Fatalf("sent %s", f.sent())
	}
	d.press("S", "f", "y")
	if len(f.resent) != 30 || !strings.HasPrefix(f.sent(), "#1 #2 #3 #4 ") || !f.resent[7].NewID {
		t.Errorf("sent %s", f.sent())
	}
	d.sees("✗ 29 sent: 28 delivered, 1 failed, 1 could not be sent; first #3: 500 in 3ms")
	d.ticks(30)
	d.sees("29 sent")
}

func TestTheShownAreThoseOfTheFilter(t *testing.T) {
	d := drive(t, accepting(some()), 80, 24, Options{})
	d.press("/")
	d.typed("type:Contact*")
	d.press("enter")
	d.ticks(2)
	d.press("S")
	d.sees("that fit type:Contact*")
	d.press("r")
	want := ""
	for _, e := range d.feed.events {
		if strings.HasPrefix(e.Type, "Contact") {
			want = strings.TrimSpace(want + " " + e.ID.String())
		}
	}
	if got := d.feed.sent(); got != want || got == "" {
		t.Errorf("sent %q, want %q\n%s", got, want, d.screen())
	}
}

func TestRefusedEventsAmongManyAreAskedFor(t *testing.T) {
	d := drive(t, withMarks(accepting(some()), 3, 4, 5, 8), 80, 24, Options{})
	d.press("r", "m")
	d.sees("Rejected for their signature:\n 2.")
	d.press("esc")
	if len(d.feed.resent) != 0 {
		t.Fatalf("sent %s", d.feed.sent())
	}
	d.press("r", "m", "w")
	if got := d.feed.sent(); got != "#3 #8" {
		t.Errorf("sent %q", got)
	}
	d.feed.resent = nil
	d.press("r", "m", "a")
	if got := d.feed.sent(); got != "#3 #4 #5 #8" || !d.feed.resent[1].Unverified || d.feed.resent[0].Unverified {
		t.Errorf("sent %q: %+v", got, d.feed.resent)
	}
}

func TestEscStopsBetweenTwoSends(t *testing.T) {
	f := many(5)
	d := drive(t, f, 80, 24, Options{})
	f.resend = func(r webhook.Resend) (webhook.Resent, error) {
		if r.EventID == 3 {
			d.send(tickMsg{d.m.now.Add(time.Second), false})
			d.sees("Sending all 5 events: 2 of 5")
			d.sees("██")
			d.sees(" 40%")
			d.sees("esc stop")
			d.press("j", "esc")
			d.sees("stopping …")
			d.sees("esc leave it behind")
		}
		return webhook.Resent{Attempt: webhook.Attempt{StatusCode: 200}}, nil
	}
	d.press("S", "r")
	if got := f.sent(); got != "#1 #2 #3" {
		t.Errorf("sent %q", got)
	}
	d.sees("stopped after 3 of 5: 3 sent, all delivered")
	if d.m.place != inList {
		t.Error("the dialog is still open")
	}
}

func TestASecondEscDoesNotWaitForTheSend(t *testing.T) {
	f := many(3)
	d := drive(t, f, 80, 24, Options{})
	f.resend = func(webhook.Resend) (webhook.Resent, error) {
		d.press("esc", "esc")
		if d.m.place != inList {
			t.Error("the dialog holds the person")
		}
		return webhook.Resent{Attempt: webhook.Attempt{StatusCode: 200}}, nil
	}
	d.press("S", "r")
	d.sees("stopped after 1 of 3")
}

func TestAListenerThatIsGoneIsNotAskedAThousandTimes(t *testing.T) {
	f := many(8)
	f.resend = func(webhook.Resend) (webhook.Resent, error) { return webhook.Resent{}, errTest }
	d := drive(t, f, 80, 24, Options{})
	d.press("S", "r")
	if len(f.resent) != giveUpAfter {
		t.Errorf("asked %d times", len(f.resent))
	}
	d.sees("stopped after 3 of 8: 0 sent, 3 could not be sent; first #1: the socket is\n gone")
}

func TestDelete(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("down", "d")
	d.sees("Delete #9 for good? y/n")
	d.press("n")
	if d.feed.deletes != 0 {
		t.Fatal("deleted without a yes")
	}
	d.press("d", "y")
	d.ticks(1)
	d.sees("✓ #9 deleted")
	if _, err := webhook.ReadRecord(t.Context(), d.feed, 9, webhook.Parts{}); !errors.Is(err, webhook.ErrNotFound) {
		t.Errorf("#9: %v", err)
	}
}

func TestDeleteAllShown(t *testing.T) {
	f := many(1500)
	for i := range f.events {
		if i%3 == 0 {
			f.events[i].Type = "NoteCreate"
		}
	}
	f.patience = 170 // pages come before they are full
	d := drive(t, f, 80, 24, Options{})
	d.press("/")
	d.typed("type:NoteCreate")
	d.press("enter")
	d.ticks(8)
	d.press("D")
	d.sees("Delete all 500 events that fit type:NoteCreate for good? y/n")
	d.press("y")
	if len(f.events) != 1000 || f.deletes != 3 {
		t.Errorf("%d events are left after %d deletions", len(f.events), f.deletes)
	}
	d.sees("✓ 500 events deleted")
}

func TestDeletingStopsAndFailsInWords(t *testing.T) {
	d := drive(t, many(1000), 80, 24, Options{})
	d.feed.onDelete = func() error { d.press("esc"); return nil }
	d.press("D", "y")
	d.sees("stopped: 200 of 1,000 events deleted")
	d.feed.onDelete = func() error { return errTest }
	d.press("D", "y")
	d.sees("200 of 800 events deleted: the socket is gone")
}

func TestFindingIsLeftWithEscAndFailsInWords(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.slow = true
	d.press("D")
	d.misses("counting")
	d.send(tickMsg{d.m.now.Add(time.Second), false})
	d.sees("counting the events shown: 0")
	d.press("esc")
	d.catchUp()
	if d.m.place != inList || d.m.message.text != "" {
		t.Errorf("in place %v, saying %q", d.m.place, d.m.message.text)
	}
	d.feed.err = errTest
	d.press("r")
	d.sees("cannot read events: the socket is gone")
}

func TestKeysPressedWhileMarksAreLookedForActAfterwards(t *testing.T) {
	d := drive(t, accepting(some()), 80, 24, Options{})
	d.slow = true
	d.press("r", "down", "down")
	d.catchUp()
	if got := d.feed.sent(); got != "#10" || d.selected() != 8 {
		t.Errorf("sent %q, selected %s", got, d.selected())
	}
}
