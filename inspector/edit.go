package inspector

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/files"
	"github.com/taskhook/taskhook/webhook"
)

// edit opens the selected event in an editor, or the draft of it that has not
// been sent.
func (m *model) edit() tea.Cmd {
	own, ok := m.selectedOnly()
	if !ok {
		return nil
	}
	id, rejected := own.events[0].id, own.events[0].rejected
	kept := m.acts.drafts[id]
	p := &progress{title: "preparing " + own.name, cancel: func() {}}
	m.list.hold()
	return m.work(p, func(ctx context.Context) func(*model, bool) tea.Cmd {
		d, err := kept, error(nil)
		if d == nil || !exists(d.path) {
			d, err = m.prepareDraft(ctx, id, rejected)
		}
		return func(m *model, left bool) tea.Cmd {
			switch {
			case err != nil && !left:
				m.say(moodBad, fmt.Sprintf("%s cannot be edited: %v", id, err))
			case err == nil:
				m.keep(d)
				if !left {
					return m.openEditor(d, 0)
				}
			}
			return nil
		}
	})
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// prepareDraft reads an event and writes it to files that only their owner
// reads.
func (m *model) prepareDraft(ctx context.Context, id webhook.ID, rejected bool) (*draft, error) {
	record, err := webhook.ReadRecord(ctx, m.feed, id, webhook.Parts{Payload: true})
	if err != nil {
		return nil, err
	}
	e := record.Event
	if e.NoBody || e.Body == nil && e.BodySize != 0 {
		return nil, webhook.ErrPruned
	}
	// A directory of its own: nobody else can have put a link there before.
	dir, err := ownDir(m.opts.DraftDir, fmt.Sprintf("taskhook-%d-*", uint64(id)))
	if err != nil {
		return nil, err
	}
	d := newDraft(e, rejected)
	d.path = filepath.Join(dir, "request.http")
	if d.beside {
		err = files.Write(filepath.Join(dir, bodyFile), d.event.Body, 0o600)
	}
	if err == nil {
		err = files.Write(d.path, d.written, 0o600)
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return d, nil
}

// ownDir makes a new directory for one thing, in a directory that need not be
// there yet; "": the one for temporary files.
func ownDir(in, pattern string) (string, error) {
	if in != "" {
		if err := os.MkdirAll(in, 0o700); err != nil {
			return "", err
		}
	}
	return os.MkdirTemp(in, pattern)
}

func (m *model) keep(d *draft) {
	if m.acts.drafts == nil {
		m.acts.drafts = map[webhook.ID]*draft{}
	}
	m.acts.drafts[d.event.ID] = d
}

// openEditor gives the terminal to an editor, at a line if that is not 0.
func (m *model) openEditor(d *draft, line int) tea.Cmd {
	run := m.acts.exec
	if run == nil {
		run = tea.ExecProcess
	}
	cmd := editorCommand(m.background.ctx, m.opts.Editor, d.path, line)
	return run(cmd, func(err error) tea.Msg { return editedMsg{d, err} })
}

// editedMsg says that the editor has ended.
type editedMsg struct {
	draft *draft
	err   error
}

// apply implements result: it has the file read.
func (msg editedMsg) apply(m *model) tea.Cmd {
	d := msg.draft
	if msg.err != nil {
		m.say(moodBad, fmt.Sprintf("the editor failed: %v; nothing was sent%s", msg.err, m.draftWords(d.event.ID)))
		return nil
	}
	p := &progress{title: "reading the draft", cancel: func() {}}
	return m.work(p, func(context.Context) func(*model, bool) tea.Cmd {
		err := d.load()
		return func(m *model, left bool) tea.Cmd {
			if left {
				return nil
			}
			return m.edited(d, err)
		}
	})
}

// load reads the file back. What cannot be sent is marked in it.
func (d *draft) load() error {
	data, err := os.ReadFile(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return errEmptied
	}
	if err != nil {
		return err
	}
	err = d.read(data, func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(d.path), name)
		}
		return os.ReadFile(name)
	})
	var wrong *draftError
	if errors.As(err, &wrong) {
		return errors.Join(err, files.Write(d.path, d.warn(data, wrong), 0o600))
	}
	return err
}

// edited goes on with what the person has saved.
func (m *model) edited(d *draft, err error) tea.Cmd {
	id := d.event.ID
	var wrong *draftError
	switch {
	case errors.As(err, &wrong):
		return m.openEditor(d, wrong.line)
	case errors.Is(err, errGivenUp):
		why := strings.TrimPrefix(d.warning, "# >>> next line: ")
		m.say(moodBad, fmt.Sprintf("%s was not sent: %s%s", id, why, m.draftWords(id)))
	case errors.Is(err, errEmptied):
		m.say(moodDim, "the draft was emptied: nothing was sent")
		return m.forget(id)
	case err != nil:
		m.say(moodBad, fmt.Sprintf("%s was not sent: %v%s", id, err, m.draftWords(id)))
	case d.same():
		m.say(moodDim, "nothing was changed: nothing was sent")
		return m.forget(id)
	default:
		m.askSign(d)
	}
	return nil
}

// askSign asks how the edited request is signed, then sends it.
func (m *model) askSign(d *draft) {
	text := "Send the edited " + d.event.ID.String() + " signed how?"
	if d.rejected {
		text = d.event.ID.String() + " was rejected. Send it edited, signed how?"
	}
	send := func(s webhook.Sign) func(*model) tea.Cmd {
		return func(m *model) tea.Cmd {
			return m.resend(webhook.Resend{EventID: d.event.ID, Edited: d.signed(s), Sign: s, Unverified: d.rejected})
		}
	}
	anew := "development key"
	if d.changed && checkJSON(d.request.Body) == nil {
		anew += ", JSON.stringify"
		text += " With dev the body is sent as JSON.stringify writes it."
	}
	q := &menu{text: text, choices: []choice{
		{"o", "original", "the headers as they stand there", send(webhook.SignOriginal)},
		{"d", "dev", anew, send(webhook.SignDev)},
		{"n", "none", "no signature", send(webhook.SignNone)},
		{"c", "corrupt", "well-formed and wrong", send(webhook.SignCorrupt)},
	}, left: func(m *model) tea.Cmd {
		m.say(moodWarn, "nothing was sent"+m.draftWords(d.event.ID))
		m.showFor(pathTime)
		return nil
	}}
	if d.changed {
		q.at = 1
	}
	m.ask(q)
}

// draftWords says where the draft of an event is, if there is one.
func (m *model) draftWords(id webhook.ID) string {
	if d := m.acts.drafts[id]; d != nil {
		return "; your draft is kept, e opens it again: " + d.path
	}
	return ""
}

// finishDraft takes the draft of an event away once it has been sent.
func (m *model) finishDraft(msg resentMsg) tea.Cmd {
	if msg.err != nil || msg.cancelled || !msg.edited {
		return nil
	}
	return m.forget(msg.id)
}

// forget takes the draft of an event away.
func (m *model) forget(id webhook.ID) tea.Cmd {
	d := m.acts.drafts[id]
	if d == nil {
		return nil
	}
	delete(m.acts.drafts, id)
	return m.background.do(func(context.Context) tea.Msg {
		_ = os.RemoveAll(filepath.Dir(d.path)) // made for it
		return nil
	})
}
