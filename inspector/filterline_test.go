package inspector

import (
	"context"
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter/jq"
)

func windowSize(w, h int) tea.WindowSizeMsg { return tea.WindowSizeMsg{Width: w, Height: h} }

func TestAnErrorIsPointedAtAndTheLastFilterStays(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("/")
	d.typed("contact")
	d.ticks(3)
	d.wants(9, true)
	d.typed(" status:9zz")
	d.ticks(3)
	d.wants(9, true) // the last one that could be read
	d.misses("NoteCreate")
	lines := strings.Split(d.screen(), "\n")
	_, y := d.find("^")
	input, arrows := lines[y-1], lines[y]
	if at := strings.Index(arrows, "^^^"); at < 0 || !strings.HasPrefix(input[at:], "9zz") {
		t.Errorf("points at the wrong place:\n%s\n%s", input, arrows)
	}
	d.press("enter")
	if d.m.place != inFilter {
		t.Error("an erroneous filter was kept")
	}
	d.press("backspace", "backspace", "backspace")
	d.typed("5xx")
	d.misses("^")
	d.ticks(3)
	d.wants(2, true)
	d.press("enter")
	d.sees("only /contact status:5xx")
}

func TestTheErrorOfALongFilterIsSeen(t *testing.T) {
	for _, width := range []int{40, 80, 120} {
		d := drive(t, some(), width, 24, Options{})
		d.press("/")
		d.typed(strings.Repeat("contact ", 30) + "status:9zz " + strings.Repeat("日本", 20))
		d.ticks(3)
		d.fits()
		d.sees("^")
		d.press("home")
		d.ticks(1)
		d.fits()
	}
}

func TestAFilterMayBeLong(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("/")
	text := "contact" + strings.Repeat(" contact", 480)
	d.send(tea.PasteMsg{Content: text})
	d.press("enter")
	d.wants(9, true)
	d.press("/")
	d.send(tea.PasteMsg{Content: strings.Repeat(" contact", 40)})
	d.press("enter")
	d.sees("a filter is at most")
}

func TestEscRestoresTheFilterBefore(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("/")
	d.typed("note")
	d.press("enter", "/")
	d.typed("zzz")
	d.ticks(3)
	d.press("esc")
	d.wants(10, true)
	d.sees("only /note")
	d.press("esc")
	d.misses("only")
}

func TestTheHistoryOfFilters(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	for _, text := range []string{"contact", "status:5xx", "contact", "note"} {
		d.press("/")
		d.m.filter.input.SetValue("")
		d.typed(text)
		d.press("enter")
	}
	d.press("esc", "/")
	d.typed("dra")
	is := func(want string) {
		t.Helper()
		if got := d.m.filter.input.Value(); got != want {
			t.Errorf("the line has %q, want %q", got, want)
		}
	}
	d.press("up")
	is("note")
	d.press("up")
	is("contact")
	d.press("ctrl+p")
	is("status:5xx")
	d.press("up") // there is nothing before
	is("status:5xx")
	d.press("down", "ctrl+n")
	is("note")
	d.press("down")
	is("dra")
	d.press("up")
	d.ticks(3)
	d.press("enter")
	d.wants(10, true)
	d.sees("only /note")
}

func TestCompletion(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("/")
	d.sees("type: status: state:")
	d.typed("stat")
	d.misses("type:")
	d.press("tab")
	d.sees("[status:]")
	d.press("tab")
	d.sees("/ state:")
	d.press("shift+tab")
	d.sees("/ status:")
	d.typed("5xx type:App")
	d.press("tab")
	d.sees("/ status:5xx type:AppointmentCreate")
	d.ticks(3)
	d.press("enter")
	d.sees("Nothing matches status:5xx type:AppointmentCreate")
}

func TestAPasteIsCleaned(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("/")
	d.send(tea.PasteMsg{Content: "note\u202e\x1b]52;c;aGk=\x07\n create"})
	d.harmless()
	if got := d.m.filter.input.Value(); got != "note  create" {
		t.Errorf("pasted %q", got)
	}
	d.send(tea.PasteMsg{Content: strings.Repeat("x", 1<<20)})
	d.fits()
}

func TestMovingInTheListKeepsTheFilterOfTheDetail(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("/")
	d.typed("contact")
	d.press("enter", "down", "enter", "esc")
	d.sees("only /contact")
	d.wants(8, false)
}

// onlyFor is a JQ for which one body is too much.
type onlyFor string

func (o onlyFor) Run(_ context.Context, _ string, bodies [][]byte) ([]jq.Outcome, error) {
	outcomes := make([]jq.Outcome, len(bodies))
	for i, b := range bodies {
		if outcomes[i] = jq.Yes; strings.Contains(string(b), string(o)) {
			outcomes[i] = jq.Slow
		}
	}
	return outcomes, nil
}

func TestEventsThatAFilterCannotDecideAreNamed(t *testing.T) {
	f := some()
	f.jq = onlyFor("greedy")
	rest := len(f.events)
	for n, want := range []string{"#%d was left out: the expression takes too long · only /jq:(length)", "2 events were left out: the expression takes too long · only"} {
		id := f.add(webhook.Summary{Event: webhook.Event{Type: "ContactCreate", ReceivedAt: noon, Body: []byte(`{"greedy":true}`)}})
		if n == 0 {
			want = fmt.Sprintf(want, id)
		}
		d := drive(t, f, 100, 24, Options{})
		d.press("/")
		d.typed("jq:(length)")
		d.ticks(3)
		d.press("enter")
		d.wants(webhook.ID(rest), true)
		d.sees(want)
		d.fits()
		d.press("/", "ctrl+u")
		d.ticks(3)
		d.press("enter")
		d.misses("left out")
	}
}
