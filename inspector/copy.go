package inspector

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/files"
	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/body"
	"github.com/taskhook/taskhook/webhook/export"
)

// clipboardMost is how many bytes are given to a terminal's clipboard: many
// take no sequence longer than 100,000 bytes, and it is written in base64.
const clipboardMost = 74_000

// copied is what a person asked to copy.
type copied struct {
	what string // in words
	text string
	ext  string // of a file
	// body has to stand in a file of its own that the text names as bodyMark.
	body   []byte
	file   bool // not into the clipboard
	failed error
}

// bodyMark stands in a text for the file of its body until that is written.
const bodyMark = "\x00body\x00"

// copy brings a text to the person: by OSC 52 into the terminal's clipboard
// or, where the terminal is known to refuse or the text is too long, into a
// file. label says in words what it is.
func (m *model) copy(label, text string) tea.Cmd {
	return m.bring(copied{what: label, text: text, ext: "txt"})
}

func (m *model) bring(c copied) tea.Cmd {
	if c.body != nil || c.file || m.opts.NoClipboard || len(c.text) > clipboardMost {
		dir := m.opts.CopyDir
		clip := !c.file && !m.opts.NoClipboard
		return m.background.do(func(context.Context) tea.Msg { return c.write(dir, clip) })
	}
	m.say(moodGood, signGood+" "+c.what+" sent to the terminal's clipboard ("+format.Bytes(int64(len(c.text)))+"); should it refuse, y and f write a file")
	return tea.SetClipboard(c.text)
}

// writtenMsg says where a copy went.
type writtenMsg struct {
	what      string
	path      string // "": nothing but the body's file was written
	bodyPath  string
	clipboard string // what still goes to the clipboard
	err       error
}

// write writes what cannot go to the clipboard into files that nobody else
// reads. An empty dir is the one for temporary files.
func (c copied) write(dir string, clip bool) writtenMsg {
	msg := writtenMsg{what: c.what}
	if dir == "" {
		dir = os.TempDir()
	}
	// A directory of its own: nobody else can have put a link there before.
	dir, msg.err = ownDir(dir, "taskhook-*")
	if msg.err != nil {
		return msg
	}
	if c.body != nil {
		msg.bodyPath = filepath.Join(dir, "body")
		if msg.err = files.Write(msg.bodyPath, c.body, 0o600); msg.err != nil {
			return msg
		}
		c.text = strings.ReplaceAll(c.text, bodyMark, format.ShellQuote("@"+msg.bodyPath))
	}
	if clip && len(c.text) <= clipboardMost {
		msg.clipboard = c.text
		return msg
	}
	msg.path = filepath.Join(dir, "copy."+c.ext)
	msg.err = files.Write(msg.path, []byte(c.text), 0o600)
	return msg
}

// apply implements result.
func (msg writtenMsg) apply(m *model) tea.Cmd {
	switch {
	case msg.err != nil:
		m.say(moodBad, "cannot copy "+msg.what+": "+msg.err.Error())
	case msg.clipboard != "":
		m.say(moodGood, signGood+" "+msg.what+" sent to the terminal's clipboard; its body is in "+msg.bodyPath)
		return tea.SetClipboard(msg.clipboard)
	default:
		m.say(moodGood, signGood+" "+msg.what+" is in "+msg.path)
		m.message.until = m.now.Add(4 * messageTime) // a path takes time to copy
	}
	return nil
}

// copyMenu asks what to copy.
type copyMenu struct {
	event webhook.Summary
	value int    // offset of the value under the cursor, -1: there is none
	path  string // of that value
	file  bool
}

var (
	keyCopyCurl  = bind("c", "curl", "c")
	keyCopyBody  = bind("b", "body", "b")
	keyCopyValue = bind("v", "value", "v")
	keyCopyID    = bind("w", "webhookId", "w")
	keyCopyURL   = bind("u", "request URL", "u")
	keyCopyFile  = bind("f", "into a file", "f")
	keyCopyNone  = bind("esc", "cancel", "esc", "q")
)

// askCopy opens the menu for the selected event.
func (m *model) askCopy() {
	e, ok := m.subject()
	if !ok {
		return
	}
	c := &copyMenu{event: e, value: -1}
	v := m.detail.pane()
	if p := v.page; m.place == inDetail && p != nil && p.json && p.spec.id == e.ID && v.count() > 0 {
		at := v.entryAt(v.cursor)
		if p.entries[at].kind == entryCloses {
			at = p.opener(at)
		}
		c.value, c.path = int(p.entries[at].at), pathName(v.path)
	}
	m.list.hold()
	m.ask(c)
}

func (c *copyMenu) press(m *model, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	e := c.event
	switch {
	case key.Matches(msg, keyCopyCurl):
		return c.read(m, func(e webhook.Event) copied { return curlOf(e, m.localURL(e)) }), true
	case key.Matches(msg, keyCopyBody):
		return c.read(m, bodyOf), true
	case key.Matches(msg, keyCopyValue) && c.value >= 0:
		return c.read(m, c.valueOf), true
	case key.Matches(msg, keyCopyID) && e.WebhookID != "":
		return m.bring(copied{what: "the webhookId", text: e.WebhookID, ext: "txt", file: c.file}), true
	case key.Matches(msg, keyCopyURL):
		return m.bring(copied{what: "the request URL", text: m.localURL(e.Event), ext: "txt", file: c.file}), true
	case key.Matches(msg, keyCopyFile):
		c.file = !c.file
	case key.Matches(msg, keyCopyNone):
		return nil, true
	}
	return nil, false
}

func (c *copyMenu) lines(m *model, width, height int) []string {
	to := "to the terminal's clipboard"
	if c.file || m.opts.NoClipboard {
		to = "into a file"
	}
	text := "Copy of " + c.event.ID.String() + " " + to + ": c curl · b body"
	if c.value >= 0 {
		text += " · v value of " + clip(c.path, 1)
	}
	if c.event.WebhookID != "" {
		text += " · w webhookId"
	}
	return m.paragraph(moodWarn, text+" · u request URL", width, height)
}

func (c *copyMenu) keys() []key.Binding {
	keys := []key.Binding{keyCopyCurl, keyCopyBody}
	if c.value >= 0 {
		keys = append(keys, keyCopyValue)
	}
	if c.event.WebhookID != "" {
		keys = append(keys, keyCopyID)
	}
	return append(keys, keyCopyURL, keyCopyFile, keyCopyNone)
}

// readToCopyMsg brings what is to be copied.
type readToCopyMsg struct{ copied }

// read reads the event and makes something of it.
func (c *copyMenu) read(m *model, f func(webhook.Event) copied) tea.Cmd {
	id, file := c.event.ID, c.file
	return m.background.do(func(ctx context.Context) tea.Msg {
		record, err := webhook.ReadRecord(ctx, m.feed, id, webhook.Parts{Payload: true})
		if err != nil {
			return readToCopyMsg{copied{what: id.String(), failed: err}}
		}
		out := f(record.Event)
		out.file = file
		return readToCopyMsg{out}
	})
}

// apply implements result.
func (msg readToCopyMsg) apply(m *model) tea.Cmd {
	if msg.failed != nil {
		m.say(moodBad, fmt.Sprintf("cannot copy of %s: %v", msg.what, msg.failed))
		return nil
	}
	return m.bring(msg.copied)
}

// curlOf is a command that sends the event again, exactly.
func curlOf(e webhook.Event, url string) copied {
	c := copied{what: "the curl command", ext: "sh"}
	command, needsFile := export.Curl(e, url)
	if needsFile {
		// The file's name is the command's last word; where it will be is not
		// known yet.
		command = strings.TrimSuffix(command, "@"+export.CurlBodyFile(e.ID)) + bodyMark
		c.body = notNil(e.Body)
	}
	c.text = command
	return c
}

func bodyOf(e webhook.Event) copied {
	text, ext := body.OfEvent(&e), "txt"
	switch {
	case jsjson.Check(text.Bytes) == nil:
		ext = "json"
	case binary(text.Bytes):
		ext = "bin"
	}
	what := "the body"
	if note := text.Note(); note != "" {
		what += " (" + note + ")"
	}
	return copied{what: what, text: string(text.Bytes), ext: ext}
}

// valueOf is the value under the cursor: a string's own text, anything else
// as it is spelled.
func (c *copyMenu) valueOf(e webhook.Event) copied {
	raw := valueAt(body.OfEvent(&e).Bytes, c.value)
	text := string(raw)
	var s string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		text = s
	}
	return copied{what: c.path, text: text, ext: "txt"}
}

// localURL is where the listener takes the event again. Without a listener it
// is where the event came from.
func (m *model) localURL(e webhook.Event) string {
	url := strings.TrimSuffix(m.listener.Local, "/")
	if url == "" {
		url = "http://" + e.Host
	}
	return httpwire.JoinURL(url, e.Path, e.RawQuery)
}
