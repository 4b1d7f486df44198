package inspector

import (
	"fmt"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func TestEveryDialogIsLeftWithEsc(t *testing.T) {
	for _, keys := range [][]string{{"r"}, {"R"}, {"S"}, {"S", "r"}, {"d"}, {"d", "o"}, {"D"}, {"x"}, {"x", "enter"}, {"x", "down", "enter"}, {"end", "r", "o"}} {
		for _, size := range [][2]int{{40, 10}, {80, 24}, {160, 50}} {
			f := withMarks(many(40), 40, 39)
			f.reject(1)
			d := drive(t, f, size[0], size[1], Options{})
			d.press("down")
			d.press(keys...)
			d.fits()
			if d.m.place != inDialog {
				t.Errorf("%v opens no dialog\n%s", keys, d.screen())
			}
			d.sees("esc")
			d.press("esc")
			if d.m.place != inList {
				t.Errorf("esc does not leave %v", keys)
			}
			if len(d.feed.resent)+d.feed.deletes > 0 {
				t.Errorf("%v and esc acted", keys)
			}
		}
	}
}

func TestActionsWorkInTheDetail(t *testing.T) {
	d := drive(t, accepting(some()), 80, 24, Options{})
	d.press("down", "down", "enter", "f", "d")
	d.sees("Delete #8 for good?")
	d.press("esc")
	if d.m.place != inDetail || d.feed.sent() != "#8" {
		t.Errorf("in place %v, sent %s", d.m.place, d.feed.sent())
	}
}

// dialogScenes are the dialogs, each as a person comes upon it.
func dialogScenes() map[string]func(*driver) {
	return map[string]func(*driver){
		"which":       func(d *driver) { d.press("r") },
		"target":      func(d *driver) { d.press("R") },
		"target-bad":  func(d *driver) { d.press("R"); d.clear(); d.typed("99999"); d.press("enter") },
		"send-shown":  func(d *driver) { d.press("S") },
		"refused":     func(d *driver) { d.press("S", "r") },
		"delete":      func(d *driver) { d.press("d", "o") },
		"delete-all":  func(d *driver) { d.press("D") },
		"export":      func(d *driver) { d.press("x") },
		"export-path": func(d *driver) { d.press("x", "right", "enter") },
		"progress": func(d *driver) {
			d.m.ask(&progress{title: "Sending the 12 marked events", total: 12})
			d.m.dialog.(*progress).done.Store(5)
			d.m.dialog.(*progress).failed.Store(1)
			d.send(tickMsg{d.m.now, false})
		},
		"sign": func(d *driver) {
			draft := newDraft(d.feed.events[7].Event, false)
			_ = draft.read([]byte("POST /\n\n{}"), nil)
			d.m.askSign(draft)
			d.send(tickMsg{d.m.now, false})
		},
		"summary": func(d *driver) {
			d.feed.resend = func(r webhook.Resend) (webhook.Resent, error) {
				return webhook.Resent{Attempt: webhook.Attempt{StatusCode: 500 - int(r.EventID)%2*300, Duration: time.Millisecond}}, nil
			}
			d.press("r", "m")
		},
	}
}

func TestDialogViews(t *testing.T) {
	for name, play := range dialogScenes() {
		for _, size := range [][2]int{{40, 12}, {80, 24}, {120, 40}} {
			name := fmt.Sprintf("dialog-%s-%dx%d", name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				d := drive(t, withMarks(some(), 8, 6, 3), size[0], size[1], Options{Version: "1.0.0"})
				play(d)
				d.fits()
				golden(t, "screen-"+name+".txt", d.screen())
			})
		}
	}
}
