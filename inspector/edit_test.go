package inspector

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

// TestEditorProgram is no test but the editor of the tests: it does to the
// file what the next line of a script says, and removes that line.
func TestEditorProgram(t *testing.T) {
	script := os.Getenv("TASKHOOK_TEST_EDITS")
	if script == "" {
		t.Skip("it is not run as an editor")
	}
	path := os.Args[len(os.Args)-1]
	if err := editByScript(script, path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func editByScript(script, path string) error {
	steps, err := os.ReadFile(script)
	if err != nil {
		return err
	}
	step, rest, _ := strings.Cut(string(steps), "\n")
	if err := os.WriteFile(script, []byte(rest), 0o600); err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	// What the editor got to see.
	if err := os.WriteFile(script+".seen", text, 0o600); err != nil {
		return err
	}
	fields := strings.Split(step, "\t")
	switch fields[0] {
	case "save":
	case "replace":
		if !bytes.Contains(text, []byte(fields[1])) {
			return fmt.Errorf("%q is not in the file", fields[1])
		}
		text = bytes.Replace(text, []byte(fields[1]), []byte(strings.ReplaceAll(fields[2], "⏎", "\n")), 1)
	case "empty":
		text = nil
	case "remove":
		return os.Remove(path)
	default:
		return fmt.Errorf("no step %q is left", step)
	}
	return os.WriteFile(path, text, 0o600)
}

// edits is a driver whose editor makes these edits, one each time.
func edits(t *testing.T, f *memory, steps ...string) (d *driver, seen func() string) {
	t.Helper()
	script := filepath.Join(t.TempDir(), "an editor's script")
	if err := os.WriteFile(script, []byte(strings.Join(steps, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TASKHOOK_TEST_EDITS", script)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	d = drive(t, f, 120, 40, Options{Editor: `"` + program + `" -test.run=^TestEditorProgram$ --`, DraftDir: filepath.Join(t.TempDir(), "not", "yet", "there")})
	d.m.acts.exec = func(cmd *exec.Cmd, end tea.ExecCallback) tea.Cmd {
		return func() tea.Msg {
			out, err := cmd.CombinedOutput()
			if err != nil {
				err = fmt.Errorf("%w: %s", err, out)
			}
			return end(err)
		}
	}
	return d, func() string {
		text, _ := os.ReadFile(script + ".seen")
		return string(text)
	}
}

// drafts are the files of drafts that are left.
func (d *driver) drafts() []string {
	files, err := filepath.Glob(filepath.Join(d.m.opts.DraftDir, "*", "*"))
	if err != nil {
		d.t.Fatal(err)
	}
	return files
}

// editable is a feed whose newest event is #1.
func editable(body string) *memory {
	f := &memory{listener: some().listener}
	f.add(webhook.Summary{Event: webhook.Event{
		Type: "ContactCreate", ReceivedAt: noon, Method: "POST", Path: "/in", RawQuery: "a=1", BodySize: int64(len(body)), Body: []byte(body),
		Header:  http.Header{"Content-Type": {"application/json"}, "X-Two": {"b", "a"}, "Content-Length": {"9"}, "X-Bytes": {"\xe9"}},
		Verdict: webhook.Verdict{Status: webhook.Valid}, Answer: webhook.Answer{Status: 200, By: webhook.ByApp},
	}})
	f.events[0].Outcome.Answer = f.events[0].Answer
	return accepting(f)
}

func TestEditAndResend(t *testing.T) {
	d, seen := edits(t, editable(`{"z":1.0,"b":{"email":"a@x"},"a":"é"}`), "replace\ta@x\tb@x")
	d.press("e")
	for _, part := range []string{"# Change what you like", "\nPOST /in?a=1\nContent-Type: application/json\nX-Two: b\nX-Two: a\n\n{\n  \"z\": 1.0,\n  \"b\": {\n    \"email\": \"a@x\"\n"} {
		if !strings.Contains(seen(), part) {
			t.Errorf("the editor does not show %q:\n%s", part, seen())
		}
	}
	d.sees("Send the edited #1 signed how?")
	d.sees("▸ d  development key, JSON.stringify")
	if len(d.feed.resent) != 0 || len(d.drafts()) != 1 {
		t.Fatalf("sent %v before a signature was chosen, drafts %v", d.feed.resent, d.drafts())
	}
	if info, err := os.Stat(d.drafts()[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the draft is %v: %v", info.Mode(), err)
	}
	d.press("enter")
	if len(d.feed.resent) != 1 {
		t.Fatalf("resent %v", d.feed.resent)
	}
	r := d.feed.resent[0]
	if want := `{"z":1,"b":{"email":"b@x"},"a":"é"}`; string(r.Edited.Body) != want || r.Sign != webhook.SignDev || r.EventID != 1 {
		t.Errorf("sent %s with %s, want %s", r.Edited.Body, r.Sign, want)
	}
	if h := r.Edited.Header; len(h) != 4 || len(h["X-Two"]) != 2 || h["X-Bytes"][0] != "\xe9" {
		t.Errorf("headers %v", h)
	}
	d.sees("✓ #1 resent")
	if len(d.drafts()) != 0 {
		t.Errorf("drafts are left: %v", d.drafts())
	}
}

func TestAnEditedBodyThatIsNotSignedStaysAsItIs(t *testing.T) {
	for key, want := range map[string]webhook.Sign{"o": webhook.SignOriginal, "n": webhook.SignNone, "c": webhook.SignCorrupt} {
		d, _ := edits(t, editable(`{"z":1.0,"b":"x"}`), "replace\t\"x\"\t\"y\"")
		d.press("e", key)
		if r := d.feed.resent; len(r) != 1 || string(r[0].Edited.Body) != `{"z":1.0,"b":"y"}` || r[0].Sign != want {
			t.Errorf("%s: resent %+v", key, r)
		}
	}
}

func TestSavedUnchangedSendsNothing(t *testing.T) {
	for _, body := range []string{`{"z":1.0,"z":2}`, "{\n\t\"a\" : 1\n}\n", "text", "text\n\n", "", "@file", "\x00\xff", "a\r\nb", "{} "} {
		for step, says := range map[string]string{"save": "nothing was changed", "empty": "was emptied", "remove": "was emptied"} {
			d, _ := edits(t, editable(body), step)
			d.m.acts.exec = func(cmd *exec.Cmd, end tea.ExecCallback) tea.Cmd { // many of them: no program each
				return func() tea.Msg { return end(editByScript(os.Getenv("TASKHOOK_TEST_EDITS"), cmd.Args[len(cmd.Args)-1])) }
			}
			d.press("e")
			d.sees(says)
			if len(d.feed.resent) != 0 || d.m.place != inList || len(d.drafts()) != 0 {
				t.Errorf("%q, %s: sent %v, drafts %v", body, step, d.feed.resent, d.drafts())
			}
		}
	}
}

func TestOnlyAHeaderIsChanged(t *testing.T) {
	d, _ := edits(t, editable("text"), "replace\tX-Two: b\tx-new: v")
	d.press("e")
	d.sees("▸ o  the headers")
	d.press("enter")
	r := d.feed.resent[0]
	if r.Sign != webhook.SignOriginal || r.Edited.Header.Get("X-New") != "v" || len(r.Edited.Header["X-Two"]) != 1 || string(r.Edited.Body) != "text" {
		t.Errorf("resent %+v", r.Edited)
	}
}

func TestASyntaxErrorReopensTheEditorAtItsLine(t *testing.T) {
	d, seen := edits(t, editable(`{"a":1,"b":2}`), "replace\t1,\t1", "replace\t\"a\": 1\t\"a\": 3,")
	d.press("e")
	if want := "  \"a\": 1\n# >>> next line: column 3: no longer JSON: "; !strings.Contains(seen(), want) {
		t.Errorf("the editor does not say what is wrong:\n%s", seen())
	}
	d.press("enter")
	if r := d.feed.resent; len(r) != 1 || string(r[0].Edited.Body) != `{"a":3,"b":2}` {
		t.Errorf("resent %+v", r)
	}
}

func TestAnErrorThatIsLeftEndsTheEditing(t *testing.T) {
	d, _ := edits(t, editable("{}"), "replace\tX-Two: b\tX-Two b", "save", "replace\tX-Two b\tX-Two: c")
	d.press("e")
	d.sees("#1 was not sent: a header has the form Name: value")
	d.sees("your draft is kept")
	if len(d.drafts()) != 1 {
		t.Fatalf("drafts %v", d.drafts())
	}
	d.press("esc", "e") // opens the draft, not the event
	d.sees("Send the edited #1")
	d.press("esc")
	d.sees("nothing was sent; your draft is kept, e opens it again:")
	if len(d.drafts()) != 1 || len(d.feed.resent) != 0 {
		t.Errorf("drafts %v, resent %v", d.drafts(), d.feed.resent)
	}
}

func TestADraftIsKeptUntilItIsSent(t *testing.T) {
	f := editable("{}")
	f.resend = func(webhook.Resend) (webhook.Resent, error) { return webhook.Resent{}, errTest }
	d, _ := edits(t, f, "replace\t{}\t[]", "save")
	d.press("e", "d")
	d.sees("#1 was not sent: the socket is gone; your draft is kept")
	if len(d.drafts()) != 1 {
		t.Fatalf("drafts %v", d.drafts())
	}
	accepting(f)
	d.press("esc", "e", "d")
	if len(d.drafts()) != 0 || len(f.resent) != 2 || string(f.resent[1].Edited.Body) != "[]" {
		t.Errorf("drafts %v, resent %+v", d.drafts(), f.resent)
	}
}

func TestABinaryBodyIsInAFileBeside(t *testing.T) {
	d, seen := edits(t, editable("\x00\xff"), "replace\t@body\t@other", "replace\t@other\thello")
	d.press("e")
	if !strings.Contains(seen(), "# >>> next line: open ") || !strings.HasSuffix(seen(), "\n@other\n") {
		t.Errorf("the editor shows\n%s", seen())
	}
	d.press("d")
	if r := d.feed.resent; len(r) != 1 || string(r[0].Edited.Body) != "hello" {
		t.Errorf("resent %+v", r)
	}
}

func TestARefusedEventIsEditedWithAWarning(t *testing.T) {
	f := editable("{}")
	f.reject(1)
	d, _ := edits(t, f, "replace\t{}\t[]")
	d.press("e")
	d.sees("#1 was rejected. Send it edited, signed how?")
	d.press("n")
	if r := f.resent; len(r) != 1 || !r[0].Unverified {
		t.Errorf("resent %+v", r)
	}
}

func TestAnEditorThatFailsIsSaid(t *testing.T) {
	d, _ := edits(t, editable("{}"))
	d.press("e")
	d.sees("the editor failed: exit status 1")
	d.sees("nothing was sent; your draft is kept")
	f := editable("")
	f.events[0].NoBody, f.events[0].Body = true, nil
	d, _ = edits(t, f, "save")
	d.press("e")
	d.sees("#1 cannot be edited: the body of this event was not kept")
}

func TestTheEditorGetsTheTerminal(t *testing.T) {
	d := drive(t, editable("{}"), 80, 24, Options{})
	if msg := d.m.openEditor(&draft{path: "x"}, 0)(); fmt.Sprintf("%T", msg) != "tea.execMsg" {
		t.Errorf("the editor is started by %T", msg)
	}
}

func TestTheEditorIsACommand(t *testing.T) {
	for editor, want := range map[string]string{
		"":                 "sh -c vi \"$@\" vi +7 /d",
		"code --wait":      "sh -c code --wait \"$@\" code --wait /d",
		"/usr/bin/nano -w": "sh -c /usr/bin/nano -w \"$@\" /usr/bin/nano -w +7 /d",
	} {
		if got := strings.Join(editorCommand(t.Context(), editor, "/d", 7).Args, " "); got != want {
			t.Errorf("%q runs %q, want %q", editor, got, want)
		}
	}
	if got := strings.Join(splitCommand(` "C:\Program Files\x.exe"  --wait ""`), "|"); got != `C:\Program Files\x.exe|--wait|` {
		t.Errorf("words %s", got)
	}
	if defaultEditor("windows") != "notepad" {
		t.Error("no notepad")
	}
}

func TestWhatIsWrongWithADraft(t *testing.T) {
	e := editable(`{"a":[1]}`).events[0].Event
	for name, tt := range map[string]struct {
		text string
		line int
		says string
	}{
		"no request line":       {"# x\nHello\n\n", 2, "POST /path?query"},
		"a relative path":       {"POST in\n\n", 1, "begins with /"},
		"a space in the path":   {"POST /a b\n\n", 1, "POST /path?query"},
		"no method":             {"@ /a\n\n", 1, "POST /path?query"},
		"no colon":              {"POST /\n# c\nA b\n\n", 3, "Name: value"},
		"no name":               {"POST /\n: b\n\n", 2, "is not the name of a header"},
		"a control character":   {"POST /\nA: b\x1b\n\n", 2, "control"},
		"a header made anew":    {"POST /\ncontent-length: 5\n\n", 2, "leave it out"},
		"broken JSON":           {"POST /\n\n{\n \"a\":\n}\n", 5, "column 1: no longer JSON"},
		"a body that is gone":   {"POST /\nContent-Type: application/json\n\n", 4, "no longer JSON"},
		"a reference with more": {"POST /\n\n@body\nx\n", 3, "one line"},
		"broken JSON elsewhere": {"POST /\n\n@bad\n", 3, "its line 1, column 2"},
	} {
		d := newDraft(e, false)
		err := d.read([]byte(tt.text), func(string) ([]byte, error) { return []byte("{"), nil })
		var wrong *draftError
		if !errors.As(err, &wrong) || wrong.line != tt.line || !strings.Contains(wrong.text, tt.says) {
			t.Errorf("%s: %v, want line %d and %q", name, err, tt.line, tt.says)
			continue
		}
		marked := d.warn([]byte(tt.text), wrong)
		if got := d.withoutWarning(marked); string(got) != tt.text {
			t.Errorf("%s: without the warning it is %q, want %q", name, got, tt.text)
		}
		if lines := strings.Split(string(marked), "\n"); !strings.HasPrefix(lines[wrong.line-1], "# >>> next line: ") {
			t.Errorf("%s: the warning is not at line %d:\n%s", name, wrong.line, marked)
		}
	}
}

func TestADraftReadsWhatEditorsWrite(t *testing.T) {
	e := editable("a\nb").events[0].Event
	for name, change := range map[string]func(string) string{
		"line ends of Windows":  func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"no line end":           func(s string) string { return strings.TrimSuffix(s, "\n") },
		"no help":               func(s string) string { return strings.TrimPrefix(s, draftHelp) },
		"a version":             func(s string) string { return strings.Replace(s, "?a=1", "?a=1 HTTP/1.1", 1) },
		"blanks after a header": func(s string) string { return strings.Replace(s, "json\n", "json  \n", 1) },
	} {
		d := newDraft(e, false)
		if err := d.read([]byte(change(string(d.written))), nil); err != nil || !d.same() {
			t.Errorf("%s: %v, %+v", name, err, d.request)
		}
	}
	d := newDraft(e, false)
	if err := d.read([]byte("PUT /x\nA: 1\n"), nil); err != nil || d.request.Method != http.MethodPut || len(d.request.Body) != 0 || !d.changed {
		t.Errorf("without a body: %v, %+v", err, d.request)
	}
}

// FuzzDraft holds that a draft reads back as the event, and that no text
// upsets it.
func FuzzDraft(f *testing.F) {
	f.Add("POST", "/", "a=1", "X", "v", []byte(`{"a":[1,2]}`), []byte("POST /\n\n@x"))
	f.Add("POST", "/", "", "# x", " v", []byte("@a\r\n\x00"), []byte("# >>> next line: x\n"))
	f.Fuzz(func(t *testing.T, method, path, query, name, value string, body, text []byte) {
		e := webhook.Event{ID: 1, Method: method, Path: path, RawQuery: query, Header: http.Header{name: {value}}, Body: body}
		d := newDraft(e, false)
		open := func(string) ([]byte, error) { return body, nil }
		plain := httpwire.IsToken(method) && strings.HasPrefix(path, "/") && !strings.ContainsAny(path+query, "?") && len(strings.Fields(path+query)) == 1 &&
			strings.TrimSpace(path+query) == path+query && httpwire.IsFieldValue(path+query)
		if err := d.read(d.written, open); plain && (err != nil || !d.same()) {
			t.Fatalf("%v: read back as %+v from\n%q", err, d.request, d.written)
		}
		err := d.read(text, open)
		var wrong *draftError
		if errors.As(err, &wrong) {
			if again := d.read(d.warn(text, wrong), open); !errors.Is(again, errGivenUp) {
				t.Fatalf("left with the error in it: %v", again)
			}
		}
	})
}
