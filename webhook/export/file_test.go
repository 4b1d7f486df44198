package export

import (
	"bytes"
	gocmp "cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/taskhook/taskhook/webhook"
)

// A script of several events is run by a real shell and a real curl, with its
// bodies beside it and without.
func TestAScriptSendsEveryEventExactly(t *testing.T) {
	for _, tool := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is not installed")
		}
	}
	var mu sync.Mutex
	var got []string
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, r.Method+" "+r.RequestURI+" "+string(body))
	}))
	defer srv.Close()
	bodies := []string{`{"a":"it's"}`, "\x00\r\n\xff\x1b[0m%s\\n'", strings.Repeat("0123456789\x01", 100_000), ""}
	var events []whole
	var want []string
	for i, body := range bodies {
		e := webhook.Event{ID: webhook.ID(i + 1), Type: "A\x1b[31m\nrm -rf /", Method: "POST", Path: "/p", RawQuery: fmt.Sprint("n=", i), Body: []byte(body), BodySize: int64(len(body))}
		events = append(events, whole{e, webhook.Summary{Event: e}, nil})
		want = append(want, fmt.Sprintf("POST /p?n=%d %s", i, body))
	}
	dir := t.TempDir()
	alone := filepath.Join(dir, "alone.sh")
	if err := os.WriteFile(alone, []byte(write(t, FormatCurl, Options{Target: srv.URL}, events...)), 0o600); err != nil {
		t.Fatal(err)
	}
	beside := filepath.Join(dir, "it's here.sh")
	w, err := Create(beside, FormatCurl, false, Options{Target: srv.URL + "/"})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if err := w.Event(e.event, e.sum, e.attempts); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{alone, beside} {
		mu.Lock()
		got = nil
		mu.Unlock()
		cmd := exec.CommandContext(t.Context(), "sh", script)
		cmd.Dir = t.TempDir()
		cmd.Env = append(os.Environ(), "NO_PROXY=*", "CURL_HOME="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		mu.Lock()
		if !slices.Equal(got, want) {
			t.Errorf("%s sent %d requests that are not the events: %.200q", filepath.Base(script), len(got), got)
		}
		mu.Unlock()
	}
}

func TestAnEventThatWasNeverTriedGoesToTheTarget(t *testing.T) {
	for _, tt := range []struct{ target, path, query, want string }{
		{"", "/a", "b=1", "http://127.0.0.1:3000/a?b=1"},
		{"http://h:1/", "/a/", "", "http://h:1/a/"},
		{"http://h:1", "//a", "", "http://h:1//a"},
		{"http://h:1/in", "/a", "", "http://h:1/in"},
		{"http://h:1/in?x=1", "/a", "b=2", "http://h:1/in?x=1&b=2"},
		{"http://h:1?x=1", "/a", "", "http://h:1/a?x=1"},
	} {
		if got := targetURL(gocmp.Or(tt.target, defaultTarget), webhook.Event{Path: tt.path, RawQuery: tt.query}); got != tt.want {
			t.Errorf("%s gets %s?%s at %s, want %s", tt.target, tt.path, tt.query, got, tt.want)
		}
	}
}

func TestAFileIsThereAsAWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.sh")
	binary := wholes()[2]
	create := func(overwrite bool) *File {
		t.Helper()
		w, err := Create(path, FormatCurl, overwrite, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Event(binary.event, binary.sum, binary.attempts); err != nil {
			t.Fatal(err)
		}
		return w
	}
	create(false).Abort()
	wantFiles(t, dir)

	if err := create(false).Close(); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, "out.bodies", "out.sh")
	body, err := os.ReadFile(filepath.Join(dir, "out.bodies", "event-3.body"))
	if err != nil || !bytes.Equal(body, binary.event.Body) {
		t.Errorf("the body beside is %q: %v", body, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read it: %v %v", info.Mode(), err)
	}

	if _, err := Create(path, FormatCurl, false, Options{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that exists: %v", err)
	}
	before, _ := os.ReadFile(path)
	create(true).Abort()
	if after, _ := os.ReadFile(path); !bytes.Equal(after, before) {
		t.Error("an export that was stopped has overwritten the file")
	}
	if err := create(true).Close(); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, "out.bodies", "out.sh")
	if _, err := Create(filepath.Join(dir, "none", "x"), FormatHAR, false, Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such folder: %v", err)
	}
	if _, err := Create(dir, FormatHAR, true, Options{}); err == nil {
		t.Error("a folder is overwritten")
	}
	if _, err := Create(filepath.Join(dir, "y"), "xml", false, Options{}); err == nil {
		t.Error("an unknown format is written")
	}
	wantFiles(t, dir, "out.bodies", "out.sh")
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, f.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
}
