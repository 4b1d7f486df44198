package inspector

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/format"
)

// clipText is what a message writes to the clipboard: bubbletea has a type for
// it that is a string, and that nobody else can name.
func clipText(msg tea.Msg) string {
	if v := reflect.ValueOf(msg); v.Kind() == reflect.String {
		return v.String()
	}
	return ""
}

// copies lets a person choose from the menu and returns what the clipboard got.
func (d *driver) copies(keys ...string) string {
	d.t.Helper()
	var got string
	for _, k := range keys {
		_, cmd := d.m.Update(keyPress(k))
		got += d.collect(cmd)
	}
	return got
}

func (d *driver) collect(cmd tea.Cmd) string {
	if cmd == nil {
		return ""
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		var all string
		for _, c := range msg {
			all += d.collect(c)
		}
		return all
	case result:
		_, next := d.m.Update(msg)
		return d.collect(next)
	default:
		return clipText(msg)
	}
	return ""
}

// fileIn finds the one file of a name in a directory, at any depth.
func fileIn(t testing.TB, dir, name string) (string, []byte) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", name))
	if err != nil || len(found) != 1 {
		t.Fatalf("%q in %s: %v", found, dir, err)
	}
	info, err := os.Stat(found[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%s has mode %v: %v", found[0], info.Mode(), err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return found[0], text
}

func TestCopyChoices(t *testing.T) {
	f := story()
	f.events[10].RawQuery = "a=1"
	tests := []struct {
		name string
		keys []string
		want string
	}{
		{"the body", []string{"y", "b"}, string(f.events[10].Body)},
		{"a string is its own text", []string{"enter", "down", "down", "down", "down", "down", "y", "v"}, "jane@example.com"},
		{"a folded object is whole", []string{"enter", "down", "down", "down", "z", "y", "v"}, `{"first name":"Zoë","email":"jane@example.com"}`},
		{"a closing bracket is its object's", []string{"enter", "end", "y", "v"}, string(f.events[10].Body)},
		{"the webhookId", []string{"y", "w"}, f.events[10].WebhookID},
		{"the URL", []string{"y", "u"}, "http://127.0.0.1:4480/?a=1"},
		{"nothing", []string{"y", "esc"}, ""},
		{"a value where none is under a cursor", []string{"y", "v", "esc"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := drive(t, f, 120, 40, Options{CopyDir: filepath.Join(t.TempDir(), "not-yet")})
			if got := d.copies(tt.keys...); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if tt.want != "" {
				d.sees("sent to the terminal's clipboard")
			}
		})
	}
}

func TestACopiedCurlCommandIsExact(t *testing.T) {
	d := drive(t, story(), 120, 40, Options{})
	got := d.copies("y", "c")
	if !strings.HasPrefix(got, "curl -X POST http://127.0.0.1:4480/ \\\n") || !strings.Contains(got, "--data-binary '{\"type\"") {
		t.Errorf("got %s", got)
	}
}

func TestACurlCommandWhoseBodyDoesNotFitAShellHasItInAFile(t *testing.T) {
	f := story()
	body := []byte("a\x00b\xff'\r\n")
	f.events[10].Body = body
	dir := filepath.Join(t.TempDir(), "it's here")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	d := drive(t, f, 120, 40, Options{CopyDir: dir})
	got := d.copies("y", "c")
	path, text := fileIn(t, dir, "body")
	if !bytes.Equal(text, body) {
		t.Errorf("the file has %q", text)
	}
	if !strings.HasSuffix(got, "--data-binary "+format.ShellQuote("@"+path)) {
		t.Errorf("got %s", got)
	}
	// The word is what a shell makes of it.
	out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+format.ShellQuote("@"+path)).Output()
	if err != nil || string(out) != "@"+path {
		t.Errorf("the shell reads %q: %v", out, err)
	}
	d.sees("its body is in")
}

func TestCopiesGoToAFileWhenAskedTooLongOrRefused(t *testing.T) {
	long := strings.Repeat("x", clipboardMost+1)
	tests := []struct {
		name string
		keys []string
		body string
		o    Options
	}{
		{"asked", []string{"y", "f", "b"}, "short", Options{}},
		{"too long", []string{"y", "b"}, long, Options{}},
		{"refused", []string{"y", "b"}, "short", Options{NoClipboard: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := story()
			f.events[10].Body = []byte(tt.body)
			tt.o.CopyDir = t.TempDir()
			d := drive(t, f, 120, 40, tt.o)
			if got := d.copies(tt.keys...); got != "" {
				t.Errorf("the clipboard got %d bytes", len(got))
			}
			path, text := fileIn(t, tt.o.CopyDir, "copy.txt")
			if string(text) != tt.body {
				t.Errorf("the file has %d bytes", len(text))
			}
			if !strings.Contains(strings.Join(strings.Fields(d.screen()), ""), filepath.Base(filepath.Dir(path))) {
				t.Errorf("the screen does not say where it is:\n%s", d.screen())
			}
		})
	}
}

func TestACopyThatCannotBeWrittenIsSaid(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d := drive(t, story(), 120, 40, Options{CopyDir: filepath.Join(file, "no folder"), NoClipboard: true})
	d.copies("y", "b")
	d.sees("cannot copy the body")
}

func TestACopyOfWhatIsGoneIsSaid(t *testing.T) {
	d := drive(t, story(), 120, 40, Options{})
	d.press("y")
	d.feed.events = d.feed.events[:10]
	d.copies("b")
	d.sees("cannot copy of #11: event not found")
}

func TestAShortCopyGoesToTheClipboard(t *testing.T) {
	d := drive(t, story(), 80, 24, Options{})
	if got := clipText(d.m.copy("the public URL", "https://x")()); got != "https://x" {
		t.Errorf("got %q", got)
	}
	d.send(tickMsg{d.m.now.Add(time.Second), false})
	if !regexp.MustCompile(`the public URL sent to the\s+terminal's clipboard`).MatchString(d.screen()) {
		t.Errorf("nothing is said:\n%s", d.screen())
	}
}

func TestValueAt(t *testing.T) {
	body := []byte(`{"a":[1,{"b":"]}"}],"c":-1.5e3}`)
	for _, tt := range []struct {
		at   int
		want string
	}{{0, string(body)}, {5, `[1,{"b":"]}"}]`}, {6, "1"}, {8, `{"b":"]}"}`}, {13, `"]}"`}, {24, "-1.5e3"}, {-1, ""}, {99, ""}} {
		if got := valueAt(body, tt.at); string(got) != tt.want {
			t.Errorf("at %d: %q, want %q", tt.at, got, tt.want)
		}
	}
	if got := valueAt([]byte(`[1,`), 0); got != nil {
		t.Errorf("an array without an end is %q", got)
	}
}
