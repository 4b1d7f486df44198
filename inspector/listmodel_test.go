package inspector

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/taskhook/taskhook/webhook"
)

// Whatever a person does and whatever happens meanwhile: the rows stay in
// order, what is selected stays selected until the person moves, and the list
// shows what the feed has.
func TestTheSelectionNeverJumps(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := many(rapid.SampledFrom([]int{0, 3, 30, 600}).Draw(rt, "stored"))
		for i := range f.events {
			if i%3 == 0 {
				f.events[i].Type = "TaskCreate"
			}
		}
		f.patience = rapid.SampledFrom([]int{0, 0, 7, 100}).Draw(rt, "patience")
		d := drive(t, f, 80, 24, Options{})
		if rapid.Bool().Draw(rt, "filtered") {
			d.press("/")
			d.typed("type:task*")
			d.press("enter")
		}
		moves := []string{"up", "down", "pgup", "pgdown", "home", "end", "m"}
		deleted := false
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			before, had := d.m.selection()
			follow, line := d.m.list.follow, d.m.list.sel-d.m.list.off
			switch rapid.IntRange(0, 5).Draw(rt, "step") {
			case 0, 1, 2:
				d.press(rapid.SampledFrom(moves).Draw(rt, "key"))
				before = webhook.Summary{}
			case 3:
				if rapid.Bool().Draw(rt, "slow search") {
					d.m.list.slow = d.m.list.narrowed()
				}
				n := rapid.IntRange(1, 100).Draw(rt, "arriving")
				if rapid.Bool().Draw(rt, "young") {
					young(d, n)
				} else {
					arrive(f, n)
				}
			case 4:
				// The last one stays: it is from where the feed here counts on.
				if n := len(f.events) - 1; n > 0 {
					deleted = true // a short list cannot keep its lines
					i := rapid.IntRange(0, n-1).Draw(rt, "deleted")
					j := min(n, i+rapid.IntRange(1, 50).Draw(rt, "how many"))
					f.events = slices.Delete(slices.Clone(f.events), i, j)
				}
			}
			d.send(tickMsg{d.m.now.Add(time.Duration(rapid.IntRange(1, 1500).Draw(rt, "ms")) * time.Millisecond), rapid.Bool().Draw(rt, "hint")})
			inOrderOnce(rt, d)
			if _, there := f.find(before.ID); had && before.ID != 0 && !follow && there {
				if got := d.selected(); got != before.ID {
					rt.Fatalf("selected %s, then %s", before.ID, got)
				}
				if now := d.m.list.sel - d.m.list.off; now != line && !deleted && d.m.list.off > 0 && d.m.list.off < len(d.m.list.rows)-d.m.list.height {
					rt.Fatalf("the selected row moved from line %d to %d", line, now)
				}
			}
		}
		// In the end all that was held back is there.
		d.m.list.slow = false
		d.press("home")
		d.ticks(8)
		newest := webhook.ID(0)
		for _, e := range f.events {
			if !d.m.list.narrowed() || e.Type == "TaskCreate" {
				newest = e.ID
			}
		}
		if got := d.selected(); got != newest {
			rt.Fatalf("the newest is %s, selected is %s", newest, got)
		}
	})
}

func inOrderOnce(rt *rapid.T, d *driver) {
	rows := d.m.list.rows
	for i := 1; i < len(rows); i++ {
		if rows[i].ID >= rows[i-1].ID {
			rt.Fatalf("%s stands below %s", rows[i].ID, rows[i-1].ID)
		}
	}
	if len(rows) > 400 {
		rt.Fatalf("the list holds %d rows", len(rows))
	}
	d.fits()
}

// What is shown although it waits, because little else would be left, is not
// taken away again when the list becomes shorter.
func TestAWaitingEventThatIsShownStays(t *testing.T) {
	f := many(0)
	d := drive(t, f, 80, 24, Options{})
	young(d, 61)
	for _, key := range []string{"up", "down", "down"} {
		d.send(tickMsg{d.m.now.Add(time.Millisecond), true})
		d.press(key)
	}
	selected := d.selected()
	f.events = slices.Delete(slices.Clone(f.events), 0, 1)
	d.send(tickMsg{d.m.now.Add(time.Millisecond), true})
	if got := d.selected(); selected == 0 || got != selected {
		t.Errorf("selected %s, then %s", selected, got)
	}
}
