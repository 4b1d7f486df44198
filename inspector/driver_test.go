package inspector

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/taskhook/taskhook/retry"
)

// driver uses the screen as a person does, without a terminal. Commands run at
// once, where they are returned.
type driver struct {
	t    testing.TB
	m    *model
	feed *memory
	quit bool
	late []tea.Cmd // commands held back while slow is set
	slow bool
}

// readTime is how long every read of the list takes, however fast the machine.
const readTime = 50 * time.Microsecond

func drive(t testing.TB, feed *memory, width, height int, o Options) *driver {
	t.Helper()
	o.Location, o.Policy = time.UTC, retry.Policy{MaxRetries: 6}
	b := &background{ctx: t.Context()}
	d := &driver{t: t, m: newModel(feed, feed, b, noon, o), feed: feed}
	d.run(d.m.Init())
	d.send(tea.WindowSizeMsg{Width: width, Height: height})
	d.ticks(2)
	return d
}

func (d *driver) send(msg tea.Msg) {
	_, cmd := d.m.Update(msg)
	d.run(cmd)
}

func (d *driver) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	if d.slow {
		d.late = append(d.late, cmd)
		return
	}
	msg := cmd()
	// A batch is a slice of commands, in a type that may be unexported.
	if v := reflect.ValueOf(msg); msg != nil && v.Kind() == reflect.Slice {
		for i := range v.Len() {
			if c, ok := v.Index(i).Interface().(tea.Cmd); ok {
				d.run(c)
			}
		}
		return
	}
	switch msg := msg.(type) {
	case nil:
	case tea.QuitMsg:
		d.quit = true
	case pageMsg:
		msg.took = readTime
		d.send(msg)
	case result:
		d.send(msg)
	}
}

// catchUp runs what was held back.
func (d *driver) catchUp() {
	d.slow = false
	late := d.late
	d.late = nil
	for _, cmd := range late {
		d.run(cmd)
	}
}

// ticks lets time pass in steps of half a second, with a change in each.
func (d *driver) ticks(n int) {
	for range n {
		d.send(tickMsg{d.m.now.Add(500 * time.Millisecond), true})
	}
}

// press presses keys named as bubbletea names them.
func (d *driver) press(keys ...string) {
	for _, k := range keys {
		d.send(keyPress(k))
	}
}

func (d *driver) typed(text string) {
	for _, r := range text {
		d.send(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

func keyPress(name string) tea.KeyPressMsg {
	special := map[string]tea.Key{
		"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape},
		"tab": {Code: tea.KeyTab}, "shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift}, "pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown},
		"home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd}, "ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "backspace": {Code: tea.KeyBackspace},
		"left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight}, "space": {Code: tea.KeySpace, Text: " "},
		"ctrl+r": {Code: 'r', Mod: tea.ModCtrl}, "ctrl+p": {Code: 'p', Mod: tea.ModCtrl}, "ctrl+n": {Code: 'n', Mod: tea.ModCtrl},
	}
	if k, ok := special[name]; ok {
		return tea.KeyPressMsg(k)
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}

// screen is what a person sees, without looks.
func (d *driver) screen() string {
	lines := strings.Split(ansi.Strip(d.m.View().Content), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// fits checks that a frame fills the window and never more.
func (d *driver) fits() {
	d.t.Helper()
	lines := strings.Split(d.m.View().Content, "\n")
	if len(lines) > d.m.height {
		d.t.Errorf("%d lines in a window of %d", len(lines), d.m.height)
	}
	for _, l := range lines {
		if w := ansi.StringWidth(l); w > d.m.width {
			d.t.Errorf("%d cells in a window of %d: %q", w, d.m.width, ansi.Strip(l))
		}
	}
}

// golden holds the screen against the file of its name and size.
func (d *driver) golden(name string) {
	d.t.Helper()
	d.fits()
	golden(d.t, fmt.Sprintf("screen-%s-%dx%d.txt", name, d.m.width, d.m.height), d.screen())
}

func (d *driver) sees(text string) {
	d.t.Helper()
	if s := d.screen(); !strings.Contains(s, text) {
		d.t.Errorf("the screen does not say %q:\n%s", text, s)
	}
}

func (d *driver) misses(text string) {
	d.t.Helper()
	if s := d.screen(); strings.Contains(s, text) {
		d.t.Errorf("the screen says %q:\n%s", text, s)
	}
}

var errTest = errors.New("the socket is gone")
