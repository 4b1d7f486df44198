package inspector

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

func (d *driver) click(x, y int) { d.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft}) }

func (d *driver) wheel(x, y, by int) {
	b := tea.MouseWheelDown
	if by < 0 {
		b, by = tea.MouseWheelUp, -by
	}
	for range by {
		d.send(tea.MouseWheelMsg{X: x, Y: y, Button: b})
	}
}

// find returns where a text is on the screen.
func (d *driver) find(text string) (x, y int) {
	d.t.Helper()
	for y, l := range strings.Split(d.screen(), "\n") {
		if i := strings.Index(l, text); i >= 0 {
			return len([]rune(l[:i])), y
		}
	}
	d.t.Fatalf("no %q on the screen:\n%s", text, d.screen())
	return 0, 0
}

func TestClicksSelectAndOpenRows(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	x, y := d.find("TaskComplete")
	d.click(x, y)
	d.wants(6, false)
	if d.m.place != inList {
		t.Fatal("one click opens")
	}
	d.click(x, y)
	if d.m.place != inDetail {
		t.Fatal("the second click does not open")
	}
	x, y = d.find("Headers")
	d.click(x, y)
	d.sees("[Headers]")
	d.press("esc")
	d.click(5, 0)  // the header
	d.click(5, 1)  // the column names
	d.click(5, 20) // below the last row
	d.click(5, 23) // the keys
	d.wants(6, false)
}

func TestClicksBesideTheDetail(t *testing.T) {
	d := drive(t, some(), 120, 40, Options{})
	x, y := d.find(" Att")
	d.click(x, y)
	d.sees("[Attempts")
	d.wants(10, false)
	if d.m.place != inDetail {
		t.Error("the keys do not act on the detail")
	}
	x, y = d.find("InvoicePaid")
	d.click(x, y)
	d.wants(4, false)
	if d.m.place != inList {
		t.Error("the keys do not act on the list")
	}
}

func TestTheWheelMovesWhatIsUnderIt(t *testing.T) {
	f := many(1000)
	f.events[999].Body = []byte("[" + strings.Repeat("1,", 500) + "2]")
	d := drive(t, f, 120, 40, Options{})
	d.wheel(100, 20, 5)
	d.wants(1000, true)
	d.misses("│ [\n")
	d.wheel(10, 20, 2)
	d.wants(994, false)
	d.wheel(10, 20, -2)
	d.wants(1000, true)
	d.press("?")
	first := d.screen()
	d.send(windowSize(120, 20))
	d.wheel(10, 10, 3)
	if d.screen() == first {
		t.Error("the help does not scroll")
	}
}

func TestTheMouseIsOnAndHarmless(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	if d.m.View().MouseMode != tea.MouseModeCellMotion {
		t.Error("the mouse is off")
	}
	step := 3
	if testing.Short() {
		step = 13
	}
	for _, size := range [][2]int{{80, 24}, {120, 40}, {39, 5}} {
		d.send(windowSize(size[0], size[1]))
		for _, keys := range [][]string{{}, {"enter"}, {"?"}, {"esc", "esc", "L"}, {"L", "/"}, {"esc"}} {
			d.press(keys...)
			for x := -1; x < size[0]+2; x += step {
				for y := -1; y < size[1]+2; y++ {
					d.click(x, y)
					d.wheel(x, y, 1)
					d.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseRight})
					d.fits()
				}
			}
		}
	}
}
