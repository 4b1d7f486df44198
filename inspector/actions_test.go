package inspector

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/webhook"
)

// accepting lets every resend be accepted.
func accepting(f *memory) *memory {
	f.resend = func(r webhook.Resend) (webhook.Resent, error) {
		return webhook.Resent{Attempt: webhook.Attempt{EventID: r.EventID, StatusCode: 200, Duration: 5 * time.Millisecond}, State: webhook.StateDelivered}, nil
	}
	return f
}

func withMarks(f *memory, ids ...webhook.ID) *memory {
	_ = f.Mark(context.Background(), ids, true)
	f.marked = 0
	return f
}

// sent are the IDs of all resends so far.
func (f *memory) sent() string {
	var ids []string
	for _, r := range f.resent {
		ids = append(ids, r.EventID.String())
	}
	return strings.Join(ids, " ")
}

func TestResendFresh(t *testing.T) {
	d := drive(t, accepting(some()), 80, 24, Options{})
	d.press("down", "down", "f")
	d.sees("✓ #8 resent: 200 in 5ms, delivered")
	if r := d.feed.resent; len(r) != 1 || r[0].EventID != 8 || !r[0].NewID {
		t.Errorf("resent %+v", r)
	}
}

func TestResendElsewhere(t *testing.T) {
	d := drive(t, accepting(some()), 80, 24, Options{})
	d.press("R")
	d.sees("send to: http://127.0.0.1:3000/webhooks")
	d.clear()
	d.press("enter")
	d.sees("it is empty; want 3000")
	d.typed("70000")
	d.misses("want 3000")
	d.press("enter")
	d.sees("port 70000 is out of range")
	d.clear()
	d.typed("3001/other")
	d.press("enter")
	if r := d.feed.resent; len(r) != 1 || r[0].To != "3001/other" || r[0].EventID != 10 {
		t.Fatalf("resent %+v", r)
	}
	d.press("R")
	d.sees("send to: 3001/other")
	d.clear()
	d.typed("3002")
	d.press("enter", "R", "up", "up")
	d.sees("send to: 3001/other")
	d.press("down", "down")
	d.sees("send to: 3002")
	d.press("esc")
	if len(d.feed.resent) != 2 || d.m.place != inList {
		t.Errorf("resent %+v, in place %v", d.feed.resent, d.m.place)
	}
}

// clear empties a prompt.
func (d *driver) clear() {
	p := d.m.dialog.(*prompt)
	for range []rune(p.input.Value()) {
		d.press("backspace")
	}
}

func TestWhatCannotBeATarget(t *testing.T) {
	for _, text := range []string{"", "a b", "0", "99999", ":0", "ftp://x", "http://", "http://a b", "x\x1b[2J"} {
		if invalidTarget(text) == nil {
			t.Errorf("%q is taken for a target", text)
		}
	}
	for _, text := range []string{"3000", ":3000", "3000/hooks", "host:3000", "localhost", "http://h:1/p?q", "https://h"} {
		if err := invalidTarget(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAPromptTakesPastedTextSafely(t *testing.T) {
	d := drive(t, accepting(some()), 40, 12, Options{})
	d.press("R")
	d.clear()
	d.send(tea.PasteMsg{Content: "http://x/\u202e\x1b[31m" + strings.Repeat("日本", 2000) + "\n\x07"})
	d.fits()
	d.harmless()
	if c := d.m.View().Cursor; c == nil || c.X >= 40 || c.Y >= 12 || c.X < 1 {
		t.Errorf("the cursor is at %+v", c)
	}
	d.press("esc")
	if d.m.place != inList || d.m.View().Cursor != nil {
		t.Error("esc does not leave the prompt")
	}
}

func TestTheCursorIsInThePrompt(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("R")
	c := d.m.View().Cursor
	lines := strings.Split(d.screen(), "\n")
	if c == nil || c.Y >= len(lines) || !strings.HasPrefix(lines[c.Y], " send to: http") || c.X != len(lines[c.Y]) {
		t.Errorf("the cursor is at %+v of\n%s", c, d.screen())
	}
}

func TestAnErrorWaitsForTheOneBefore(t *testing.T) {
	f := some()
	fail := true
	f.resend = func(r webhook.Resend) (webhook.Resent, error) {
		if fail {
			return webhook.Resent{}, fmt.Errorf("no way to %s", r.EventID)
		}
		return webhook.Resent{Attempt: webhook.Attempt{StatusCode: 200}}, nil
	}
	d := drive(t, f, 80, 24, Options{})
	d.press("r", "down", "r")
	d.sees("(1 more) #10 was not sent: no way to #10")
	fail = false
	d.press("down", "r")
	d.sees("no way to #10")
	d.sees("✓ #8 resent")
	d.ticks(20)
	d.misses("#8 resent")
	d.sees("no way to #10")
	d.press("esc")
	d.sees("#9 was not sent: no way to #9")
	d.misses("more)")
	d.press("esc")
	d.misses("not sent")
}

func TestAnActionAsksWhichWhenEventsAreMarked(t *testing.T) {
	d := drive(t, withMarks(accepting(some()), 9, 2, 7), 80, 24, Options{})
	d.press("r")
	d.sees("3 events are marked.")
	d.sees("▸ m  resend the 3 marked events")
	d.press("esc")
	d.press("r", "o")
	if got := d.feed.sent(); got != "#10" {
		t.Fatalf("sent %q", got)
	}
	d.press("r", "down", "up", "enter")
	if got := d.feed.sent(); got != "#10 #2 #7 #9" {
		t.Errorf("sent %q, want the marked ones in order of arrival", got)
	}
	d.sees("✓ 3 sent, all delivered")
}

func TestTheOnlyMarkedEventIsNotAskedFor(t *testing.T) {
	d := drive(t, withMarks(accepting(some()), 10), 80, 24, Options{})
	d.press("r")
	if got := d.feed.sent(); got != "#10" {
		t.Errorf("sent %q\n%s", got, d.screen())
	}
}

func TestTypingReplacesTheTextThatAPromptOffers(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("R")
	d.typed("39102")
	d.sees("send to: 39102")
	d.misses("127.0.0.1:3000/webhooks39102")
	d.press("esc", "R", "backspace")
	d.typed("X")
	d.sees("send to: http://127.0.0.1:3000/webhookX")
}
