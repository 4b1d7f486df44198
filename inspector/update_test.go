package inspector

import (
	"regexp"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/webhook"
)

func (d *driver) selected() webhook.ID {
	e, _ := d.m.selection()
	return e.ID
}

func (d *driver) wants(id webhook.ID, follow bool) {
	d.t.Helper()
	if got := d.selected(); got != id || d.m.list.follow != follow {
		d.t.Errorf("selected %s, following %v; want %s, %v\n%s", got, d.m.list.follow, id, follow, d.screen())
	}
}

func arrive(f *memory, n int) {
	for range n {
		f.add(webhook.Summary{Event: webhook.Event{Type: "TaskCreate", ReceivedAt: noon, Method: "POST"}})
	}
}

func TestTheListFollowsUntilThePersonMoves(t *testing.T) {
	d := drive(t, many(100), 80, 24, Options{})
	d.wants(100, true)
	arrive(d.feed, 3)
	d.ticks(1)
	d.wants(103, true)

	d.press("down", "j")
	d.wants(101, false)
	before := d.m.list.rows[d.m.list.off].ID
	arrive(d.feed, 12)
	d.ticks(2)
	d.wants(101, false)
	d.sees("12 new")
	if now := d.m.list.rows[d.m.list.off].ID; now != before {
		t.Errorf("the first visible row moved from %s to %s", before, now)
	}

	d.press("k", "up")
	d.ticks(1)
	d.wants(103, false)
	for range 12 {
		d.press("k")
	}
	d.wants(115, true)
	d.misses("new")
	arrive(d.feed, 1)
	d.ticks(1)
	d.wants(116, true)
}

func TestHomeGoesToTheNewestAndFollows(t *testing.T) {
	d := drive(t, many(1000), 80, 24, Options{})
	d.press("end")
	d.wants(1, false)
	arrive(d.feed, 5)
	d.ticks(1)
	d.wants(1, false)
	d.press("g")
	d.wants(1005, true)
}

func TestEveryRowCanBeReached(t *testing.T) {
	const n = 2500
	d := drive(t, many(n), 80, 24, Options{})
	// With gaps, as deletion leaves them.
	f := d.feed
	f.events = append(f.events[:500:500], f.events[1900:]...)
	want := webhook.ID(n)
	for want > 1 {
		d.press("down")
		want--
		if want == 1900 {
			want = 500
		}
		if got := d.selected(); got != want {
			t.Fatalf("selected %s, want %s", got, want)
		}
	}
	d.press("down", "pgdown")
	d.wants(1, false)
	for want < n {
		d.press("up")
		want++
		if want == 501 {
			want = 1901
		}
		if got := d.selected(); got != want {
			t.Fatalf("selected %s, want %s", got, want)
		}
	}
	d.wants(n, true)
	if held := len(d.m.list.rows); held > 400 {
		t.Errorf("the list holds %d rows", held)
	}
}

func TestPagingReachesBothEnds(t *testing.T) {
	d := drive(t, many(1000), 80, 24, Options{})
	for range 100 {
		d.press("pgdown")
		d.fits()
	}
	d.wants(1, false)
	for range 100 {
		d.press("pgup")
		d.fits()
	}
	d.wants(1000, true)
}

func TestTheSelectionSurvivesDeletion(t *testing.T) {
	d := drive(t, many(10), 80, 24, Options{})
	d.press("down", "down")
	d.wants(8, false)
	d.feed.events = append(d.feed.events[:7:7], d.feed.events[8:]...)
	d.ticks(2)
	d.wants(7, false)
	d.feed.events = nil
	d.ticks(2)
	d.sees("No events yet")
}

func TestAnOpenDetailHoldsItsEvent(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("enter")
	arrive(d.feed, 1)
	d.ticks(2)
	d.sees("#10 NoteCreate")
	d.press("tab")
	d.sees("[Headers]")
	d.sees("X-Forwarded-For: 3.134.9.1")
	d.press("esc")
	d.ticks(1)
	d.wants(10, false)
	d.sees("1 new")
	d.press("up")
	d.wants(11, true)
}

func TestLeavingTheDetailOfTheNewestEventFollowsAgain(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("enter", "esc")
	d.wants(10, true)
}

func TestResend(t *testing.T) {
	f := some()
	f.resend = func(r webhook.Resend) (webhook.Resent, error) {
		return webhook.Resent{
			Attempt: webhook.Attempt{EventID: r.EventID, StatusCode: 200, Duration: 5 * time.Millisecond},
			State:   webhook.StateDelivered, Notes: []string{"same webhookId: an idempotent app answers 200 without processing"},
		}, nil
	}
	d := drive(t, f, 80, 24, Options{})
	d.press("down", "down", "r")
	d.sees("#8 resent: 200 in 5ms, delivered; same webhookId")
	d.ticks(20)
	d.misses("resent")
	if len(f.resent) != 1 || f.resent[0].EventID != 8 || f.resent[0].Unverified {
		t.Errorf("resent %+v", f.resent)
	}
}

func TestAnErrorStandsUntilItIsDismissed(t *testing.T) {
	f := some()
	f.resend = func(webhook.Resend) (webhook.Resent, error) { return webhook.Resent{}, errTest }
	d := drive(t, f, 80, 24, Options{})
	d.press("r")
	d.ticks(100)
	d.press("down")
	d.sees("#10 was not sent: the socket is gone")
	d.sees("esc dismiss")
	d.press("esc")
	d.misses("not sent")
}

func TestARefusedEventIsSentOnlyAfterAYes(t *testing.T) {
	f := some()
	f.resend = func(webhook.Resend) (webhook.Resent, error) {
		return webhook.Resent{Attempt: webhook.Attempt{StatusCode: 200}}, nil
	}
	d := drive(t, f, 80, 24, Options{})
	for range 6 {
		d.press("down")
	}
	d.press("r", "n", "r", "esc", "r", "x")
	if len(f.resent) != 0 {
		t.Fatalf("sent without a yes: %+v", f.resent)
	}
	d.press("y")
	if len(f.resent) != 1 || f.resent[0].EventID != 4 || !f.resent[0].Unverified {
		t.Errorf("resent %+v", f.resent)
	}
}

func TestFilter(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("/")
	d.typed("CONTACT q?")
	d.sees("/ CONTACT q?") // letters are text here, not keys
	d.press("backspace", "backspace", "backspace")
	d.ticks(3)
	d.wants(9, true)
	d.misses("NoteCreate")
	d.press("enter")
	d.sees("only /CONTACT")
	d.press("j")
	d.wants(8, false)
	d.press("esc")
	d.wants(10, true)
	d.misses("only /")
}

func TestFilterTakesPastedTextSafely(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("/")
	d.send(tea.PasteMsg{Content: "Con\x1b[31mtact\nCreate"})
	d.fits()
	if v := d.m.View(); strings.Contains(v.Content, "\x1b[31mtact") {
		t.Errorf("the paste acts: %q", v.Content)
	}
}

func TestOnlyTheLastFilterCounts(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("/")
	d.slow = true
	d.typed("note")
	d.ticks(3)
	d.typed("x")
	d.ticks(3)
	d.catchUp()
	d.ticks(1)
	d.sees("Nothing matches notex")
}

func TestAFeedThatIsGoneIsSaidAndTriedAgain(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.feed.err = errTest
	d.ticks(1)
	d.sees("cannot read events, trying again: the socket is gone")
	reads := d.feed.reads
	for range 50 {
		d.send(tickMsg{d.m.now, true})
	}
	if d.feed.reads > reads+1 {
		t.Errorf("%d reads within a moment", d.feed.reads-reads)
	}
	d.feed.err = nil
	d.ticks(3)
	d.misses("cannot read")
}

func TestKeysThatDoNothingAreNotInTheHelp(t *testing.T) {
	d := drive(t, &memory{}, 80, 24, Options{})
	d.press("?")
	d.misses("r          resend")
	d.sees("/          filter")
	d.press("?")
	d.misses("Keys of")
	d.press("r", "enter", "tab", "down", "end")
	if d.m.place != inList {
		t.Errorf("in place %v", d.m.place)
	}
}

func TestQuit(t *testing.T) {
	for _, key := range []string{"q", "ctrl+c"} {
		d := drive(t, some(), 80, 24, Options{})
		d.press(key)
		if !d.quit {
			t.Errorf("%s does not quit", key)
		}
	}
	d := drive(t, some(), 80, 24, Options{})
	d.press("/", "q")
	if d.quit {
		t.Error("q quits while it is typed into the filter")
	}
	d.press("ctrl+c")
	if !d.quit {
		t.Error("ctrl+c does not quit from the filter")
	}
}

func TestASmallWindowAsksForMore(t *testing.T) {
	d := drive(t, some(), 39, 24, Options{})
	d.sees("make the window larger")
	d.send(tea.WindowSizeMsg{Width: 80, Height: 9})
	d.sees("make the window larger")
	d.send(tea.WindowSizeMsg{Width: 3, Height: 1})
	d.fits()
	d.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	d.sees("NoteCreate")
}

func TestEverySizeFits(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	for _, keys := range [][]string{{}, {"down", "down"}, {"enter"}, {"tab"}, {"tab"}, {"?"}} {
		d.press(keys...)
		for w := 1; w < 200; w += 7 {
			for h := 1; h < 60; h += 5 {
				d.send(tea.WindowSizeMsg{Width: w, Height: h})
				d.fits()
			}
		}
	}
}

func TestNoColorHasNoColourCodes(t *testing.T) {
	colour := regexp.MustCompile(`\x1b\[[0-9;:]*m`)
	d := drive(t, some(), 120, 40, Options{NoColor: true})
	d.press("down", "down")
	for _, code := range colour.FindAllString(d.m.View().Content, -1) {
		for p := range strings.SplitSeq(strings.TrimSuffix(code[2:], "m"), ";") {
			if len(p) > 1 { // 30–49, 90–107 and 38;… are colours; bold and underline are not
				t.Fatalf("%q is a colour", code)
			}
		}
	}
	if d := drive(t, some(), 120, 40, Options{}); !colour.MatchString(d.m.View().Content) {
		t.Error("there is no colour without NO_COLOR either: the test proves nothing")
	}
}

func TestLightAndDarkDiffer(t *testing.T) {
	dark, light := newStyles(true, false), newStyles(false, false)
	if dark.moods[moodBad] == light.moods[moodBad] {
		t.Error("the same red on black and on white")
	}
}

func TestViewAndUpdateDoNotRead(t *testing.T) {
	d := drive(t, many(1000), 120, 40, Options{})
	d.slow = true
	reads := d.feed.reads
	d.ticks(10)
	d.press("down", "pgdown", "end", "enter", "tab", "esc", "home", "/")
	_ = d.m.View()
	if d.feed.reads != reads {
		t.Errorf("%d reads on the Update goroutine", d.feed.reads-reads)
	}
}
