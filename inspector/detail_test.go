package inspector

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/webhook"
)

// story is a feed whose event #11 has been through much: it is a redelivery,
// was sent anew after an edit, and its signature fits the bytes alone.
func story() *memory {
	f := some()
	first := f.events[2] // #3, retrying
	e := webhook.Summary{Event: first.Event}
	e.RedeliveryOf, e.Try, e.ReceivedAt = 3, 2, noon.Add(-10*time.Second)
	e.Body = []byte(`{"type":"OpportunityStatusUpdate","locationId":"ve9EPM428h8vShlRW1KT","contact":{"first name":"Zoë","email":"jane@example.com"},"items":[{"sku":"a-1","price":10.50},{"sku":"b-2","price":3e2},[],{}],"note":"` + strings.Repeat("a long note 日本語 ", 12) + `","dnd":false,"email":null}`)
	e.Altered = true
	id := f.add(e)
	answer := func(status int, body string) webhook.Attempt {
		return webhook.Attempt{
			EventID: id, Number: 1, Target: f.listener.Target, StatusCode: status, Body: []byte(body), BodySize: int64(len(body)),
			Header: http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {fmt.Sprint("r-", status)}},
		}
	}
	a := answer(429, `{"error":"busy","retryAfter":30}`)
	a.Delivery, a.Trigger, a.StartedAt, a.Duration, a.Answered = 1, webhook.TriggerReceived, noon.Add(-9*time.Second), 40*time.Millisecond, 429
	f.try(a)
	f.events[id-1].Outcome.Answer.RetryAt = noon.Add(19 * time.Minute)
	b := answer(200, `{"success":true,"retryAfter":null}`)
	b.Delivery, b.Resend, b.Trigger, b.StartedAt, b.Duration = 2, 1, webhook.TriggerResend, noon.Add(-4*time.Second), 12*time.Millisecond
	b.Sent = &webhook.Request{
		Method: "POST", Path: "/", Header: http.Header{"Content-Type": {"application/json"}, "X-Wh-Signature": {"ZGV2"}},
		Body: []byte(strings.Replace(string(e.Body), `"email":"jane@example.com"`, `"email":"joe@example.com","phone":"+1"`, 1)),
	}
	f.try(b)
	f.diagnosis = webhook.Diagnosis{
		Verdict: webhook.Verdict{Status: webhook.Valid, Scheme: "rsa", Key: "taskee", Age: 1200 * time.Millisecond},
		Signatures: []webhook.Signature{
			{Header: "X-Wh-Signature", Status: webhook.Valid, Scheme: "rsa", Size: 512, Key: "taskee", Fingerprint: "SHA256:kU3vM9Xw1p0s"},
			{Header: "X-GHL-Signature", Status: webhook.Invalid, Scheme: "ed25519", Size: 64, Reason: "fits no key that is trusted here", Next: "compare the key with the platform's page"},
		},
		Restringify: webhook.Restringify{Offset: strings.Index(string(e.Body), "10.50") + 4, Was: `0},{"sku":"b-2","price":`, Becomes: `},{"sku":"b-2","price":30`},
	}
	return f
}

func TestDetailViews(t *testing.T) {
	scenes := []struct {
		name string
		feed func() *memory
		keys []string
	}{
		{"tab-payload", story, []string{"1", "down", "down", "down", "down", "down"}},
		{"tab-folded", story, []string{"1", "Z", "down", "down", "down"}},
		{"tab-headers", story, []string{"2"}},
		{"tab-attempts", story, []string{"3"}},
		{"tab-attempts-end", story, []string{"3", "end"}},
		{"tab-signature", story, []string{"4"}},
		{"tab-raw", story, []string{"5"}},
		{"tab-hex", story, []string{"5", "v"}},
		{"tab-diff", story, []string{"6"}},
		{"tab-diff-sent", story, []string{"6", "]", "]"}},
		{"tab-diff-unified", story, []string{"6", "]", "]", "v"}},
		{"tab-diff-answers", story, []string{"6", "["}},
		{"tab-syntax", func() *memory {
			f := story()
			f.events[10].Body = []byte("{\n  \"type\": \"ContactCreate\",\n  \"id\": 'c-1',\n}")
			return f
		}, nil},
		{"tab-find", story, []string{"/", "e", "m", "a"}},
		{"tab-unwrapped", story, []string{"5", "w", "right"}},
		{"copy", story, []string{"down", "y"}},
	}
	sizes := []struct{ width, height int }{{40, 12}, {80, 24}, {120, 40}}
	for _, scene := range scenes {
		for _, size := range sizes {
			name := fmt.Sprintf("%s-%dx%d", scene.name, size.width, size.height)
			t.Run(name, func(t *testing.T) {
				d := drive(t, scene.feed(), size.width, size.height, Options{Version: "1.0.0"})
				d.press("enter")
				d.press(scene.keys...)
				d.fits()
				golden(t, "screen-"+name+".txt", d.screen())
			})
		}
	}
}

func TestTheDetailShowsAnAttemptThatCameMeanwhile(t *testing.T) {
	d := drive(t, some(), 120, 40, Options{})
	d.press("down", "down", "3")
	d.sees("[Att")
	d.feed.try(webhook.Attempt{EventID: 8, Delivery: 2, Number: 1, Trigger: webhook.TriggerResend, Resend: 1, StartedAt: noon, StatusCode: 204})
	d.ticks(1)
	d.sees("✓ 204")
}

func TestTheDetailScrolls(t *testing.T) {
	f := some()
	f.events[9].Body = []byte("[" + strings.Repeat("1,", 500) + "2]")
	d := drive(t, f, 80, 24, Options{})
	d.press("enter")
	d.sees("▌[\n")
	d.press("pgdown", "pgdown")
	d.misses("[\n")
	d.press("end")
	d.sees("    2\n ▌]")
	d.sees("100%")
	d.press("home", "k")
	d.sees("▌[\n")
}

func TestADetailInOtherTabsScrollsWithoutACursor(t *testing.T) {
	f := some()
	f.events[9].Body = []byte(strings.Repeat("a line\n", 100) + "the end")
	d := drive(t, f, 80, 24, Options{})
	d.press("enter", "5")
	d.misses("▌")
	d.press("end")
	d.sees("the end")
	d.press("up")
	d.misses("the end")
}

func TestEachEventBeginsAtItsTop(t *testing.T) {
	d := drive(t, story(), 80, 24, Options{})
	d.press("enter", "end", "esc", "down", "enter")
	d.sees("▌{")
}

func TestTurningATabKeepsWhereOneWas(t *testing.T) {
	d := drive(t, story(), 80, 24, Options{})
	d.press("enter", "down", "down", "tab", "shift+tab")
	d.sees("locationId")
	if at := d.m.detail.pane().cursor; at != 2 {
		t.Errorf("the cursor is at row %d, want 2", at)
	}
}

func TestAResizeKeepsTheCursorsLineAndTheFolds(t *testing.T) {
	d := drive(t, story(), 80, 24, Options{})
	d.press("enter", "Z", "end", "up")
	d.sees("4 items")
	path := d.m.detail.pane().path
	d.send(tea.WindowSizeMsg{Width: 40, Height: 24})
	d.sees("4 items")
	if got := d.m.detail.pane().path; got != path || path == "" {
		t.Errorf("the cursor was at %q and is at %q", path, got)
	}
}

func TestAnEventThatIsGoneIsSaid(t *testing.T) {
	d := drive(t, story(), 80, 24, Options{})
	d.press("enter")
	d.slow = true // the list still has it
	d.feed.events = d.feed.events[:10]
	d.press("5")
	d.catchUp()
	d.sees("cannot read #11: event not found")
}

func TestALoadThatIsNoLongerWantedIsGivenUp(t *testing.T) {
	d := drive(t, story(), 80, 24, Options{})
	d.press("enter")
	d.slow = true
	d.press("5", "6")
	d.catchUp()
	d.sees("[Diff]")
	d.sees("1/4 previous OpportunityStatusUpdate")
	if d.m.detail.loading {
		t.Error("something is still being read")
	}
}

func TestLargePagesAreForgottenWhenTheyAreNotOpen(t *testing.T) {
	f := story()
	f.events[10].Body = []byte(`"` + strings.Repeat("x", 2<<20) + `"`)
	d := drive(t, f, 80, 24, Options{})
	d.press("enter", "/", "x", "enter", "2")
	for i := range d.m.detail.panes {
		if p := d.m.detail.panes[i].page; p != nil && p.cost > keepCost {
			t.Errorf("%s still holds %d bytes", tabNames[i], p.cost)
		}
	}
	if p := d.m.detail.search.page; p != nil && p.cost > keepCost {
		t.Error("the search still holds a large page")
	}
}

func TestAClickOnATabTurnsToIt(t *testing.T) {
	d := drive(t, story(), 80, 24, Options{})
	d.press("enter")
	e, _ := d.m.subject()
	row := len(d.m.detailHead(e, d.m.detailWidth())) - 1
	x := len(d.m.tabLabels(d.m.detailWidth())[tabPayload]) + 2
	if !d.m.clickDetail(x, row) || d.m.detail.tab != tabHeaders {
		t.Errorf("the click at %d turned to %s", x, tabNames[d.m.detail.tab])
	}
	if d.m.clickDetail(x, row+500) {
		t.Error("a click below everything hit something")
	}
}

func TestAClickOnALineMovesTheCursorAndASecondOneFolds(t *testing.T) {
	d := drive(t, story(), 80, 24, Options{})
	d.press("enter")
	e, _ := d.m.subject()
	top := len(d.m.detailHead(e, d.m.detailWidth()))
	d.m.clickDetail(3, top+3)
	if got := d.m.detail.pane().path; got != "contact" {
		t.Fatalf("the cursor is at %q", got)
	}
	d.m.clickDetail(3, top+3)
	d.send(tickMsg{d.m.now.Add(time.Second), false})
	d.sees(`"contact": {…}, 2 keys`)
}

func TestEveryTabFitsEverySize(t *testing.T) {
	d := drive(t, story(), 80, 24, Options{})
	d.press("enter")
	for tb := range tabCount {
		d.press(string(rune('1' + tb)))
		for _, keys := range [][]string{nil, {"end"}, {"v"}, {"w", "right"}, {"w", "v"}, {"/", "a", "enter"}, {"esc"}} {
			d.press(keys...)
			for w := 40; w < 200; w += 29 {
				for h := 10; h < 60; h += 16 {
					d.send(tea.WindowSizeMsg{Width: w, Height: h})
					d.fits()
				}
			}
		}
	}
}
