package inspector

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/export"
)

// extent is which events are exported.
type extent int

const (
	extentSelected extent = iota
	extentMarked
	extentShown
)

// exporting is the dialog that asks for the format and which events.
type exporting struct {
	formats []export.Format
	format  int // the index of the chosen one
	extent  extent
	own     chosen
	marked  chosen
}

var (
	keyFormat = bind("←→", "format", "left", "right", "h", "l")
	keyEvents = bind("↑↓", "events", "up", "down", "k", "j", "tab", "shift+tab")
)

// askExport begins an export of the selected event, the marked or the shown
// ones.
func (m *model) askExport() tea.Cmd {
	own, ok := m.selectedOnly()
	if !ok {
		return nil
	}
	return m.find(markedQuery(), "looking for marked events", func(m *model, found []target) tea.Cmd {
		d := &exporting{formats: export.Formats(), own: own, marked: chosen{found, format.Count(len(found)) + " marked"}}
		if len(found) > 0 {
			d.extent = extentMarked
		}
		m.ask(d)
		return nil
	})
}

func (d *exporting) press(m *model, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	switch {
	case key.Matches(msg, keyLeave):
		return nil, true
	case key.Matches(msg, keyFormat):
		by := 1
		if msg.String() == "left" || msg.String() == "h" {
			by = len(d.formats) - 1
		}
		d.format = (d.format + by) % len(d.formats)
	case key.Matches(msg, keyEvents):
		back := msg.String() == "up" || msg.String() == "k" || msg.String() == "shift+tab"
		d.turn(back)
	case key.Matches(msg, keyAnswer):
		m.leave(d)
		f := d.formats[d.format]
		switch d.extent {
		case extentMarked:
			m.askPath(d.marked, f, "")
		case extentShown:
			return m.findShown(func(m *model, c chosen) tea.Cmd { m.askPath(c, f, ""); return nil }), true
		default:
			m.askPath(d.own, f, "")
		}
	}
	return nil, false
}

func (d *exporting) turn(back bool) {
	by := extent(1)
	if back {
		by = 2
	}
	d.extent = (d.extent + by) % 3
	if d.extent == extentMarked && len(d.marked.events) == 0 {
		d.turn(back)
	}
}

func (d *exporting) lines(m *model, width, height int) []string {
	var formats []string
	for i, f := range d.formats {
		formats = append(formats, bracketed(f.Title, i == d.format))
	}
	extents := []string{bracketed(d.own.name, d.extent == extentSelected)}
	if len(d.marked.events) > 0 {
		extents = append(extents, bracketed(d.marked.name, d.extent == extentMarked))
	}
	extents = append(extents, bracketed("all shown", d.extent == extentShown))
	lines := []string{
		m.styles.title.on("Export"),
		"format " + strings.Join(formats, " "),
		"events " + strings.Join(extents, " "),
	}
	for i, l := range lines[1:] {
		lines[i+1], _ = cut(l, width)
	}
	return lines[max(0, len(lines)-height):]
}

// bracketed tells what is chosen without colour.
func bracketed(text string, on bool) string {
	if on {
		return "[" + text + "]"
	}
	return " " + text + " "
}

func (d *exporting) keys() []key.Binding {
	return []key.Binding{keyLeave, keyAnswer, keyFormat, keyEvents}
}

// askPath asks for the file; "" proposes one.
func (m *model) askPath(c chosen, f export.Format, path string) {
	if path == "" {
		path = "events-" + m.now.In(m.loc).Format("20060102-150405") + f.Ext
		if len(c.events) == 1 {
			path = "event-" + strings.TrimPrefix(c.events[0].id.String(), "#") + f.Ext
		}
	}
	p := newPrompt("write to", path, func(m *model, text string) tea.Cmd { return m.export(c, f, text, false) })
	p.validate = func(text string) error {
		if text == "" || strings.HasSuffix(text, string(os.PathSeparator)) {
			return errors.New("name a file")
		}
		return nil
	}
	m.ask(p)
}

// export writes events to a file. One that is there is overwritten only after
// a yes.
func (m *model) export(c chosen, f export.Format, path string, overwrite bool) tea.Cmd {
	p := &progress{title: "Exporting " + events(len(c.events)), total: len(c.events)}
	o := export.Options{Version: m.opts.Version, Now: m.now}
	q := export.Query(webhook.Query{IDs: c.ids()})
	return m.work(p, func(ctx context.Context) func(*model, bool) tea.Cmd {
		x := exported{of: len(c.events)}
		if x.path, x.err = fullPath(path); x.err == nil {
			var w *export.File
			if w, x.err = export.Create(ctx, x.path, f, overwrite, o); x.err == nil {
				defer w.Abort()
				x.write(w, m.feed.Read(ctx, q), p)
			}
		}
		return func(m *model, left bool) tea.Cmd {
			if errors.Is(x.err, fs.ErrExist) && !left {
				m.askOverwrite(c, f, path, x.path)
				return nil
			}
			m.sayExported(x)
			return nil
		}
	})
}

// exported is the outcome of an export.
type exported struct {
	path     string
	of       int // events that were asked for
	written  int
	damaged  int
	complete bool // it was not stopped
	err      error
}

// write copies events to w and closes it, unless it is stopped.
func (x *exported) write(w *export.File, read iter.Seq2[webhook.Chunk, error], p *progress) {
	x.complete = true
	x.written, x.err = export.Copy(w, read, func(chunk webhook.Chunk) bool {
		x.damaged += len(chunk.Damaged)
		p.done.Add(int64(len(chunk.Records)))
		x.complete = chunk.Next == 0 || !p.stopped.Load()
		return x.complete
	})
	if x.err == nil && x.complete {
		x.err = w.Close()
	}
}

func (m *model) sayExported(x exported) {
	switch {
	case errors.Is(x.err, context.Canceled):
		return
	case x.err != nil:
		m.say(moodBad, "not exported: "+x.err.Error())
		return
	case !x.complete:
		m.say(moodWarn, "stopped: nothing was written to "+x.path)
		return
	}
	text := signGood + " " + events(x.written) + " written to " + x.path
	if x.damaged > 0 {
		text += "; " + format.Count(x.damaged) + " damaged"
	}
	if gone := x.of - x.written - x.damaged; gone > 0 {
		text += "; " + format.Count(gone) + " deleted meanwhile"
	}
	m.say(moodGood, text)
	m.showFor(pathTime)
}

func (m *model) askOverwrite(c chosen, f export.Format, path, full string) {
	m.ask(&question{
		text: full + " is there already. Overwrite it?",
		yes:  func(m *model) tea.Cmd { return m.export(c, f, path, true) },
		no:   func(m *model) tea.Cmd { m.askPath(c, f, path); return nil },
	})
}

// fullPath is where a name leads, with ~ for the home directory.
func fullPath(path string) (string, error) {
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		path = filepath.Join(home, rest)
	}
	return filepath.Abs(path)
}
