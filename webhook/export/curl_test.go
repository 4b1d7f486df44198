package export

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

func TestCurlReadsWell(t *testing.T) {
	e := webhook.Event{
		ID: 42, Method: "POST",
		Header: http.Header{
			"Content-Type": {"application/json"}, "User-Agent": {"Taskee"}, "Accept": {"*/*"},
			"Host": {"elsewhere"}, "Content-Length": {"9"}, "Connection": {"keep-alive, X-Hop"}, "X-Hop": {"1"},
		},
		Body: []byte(`{"a":"it's"}`),
	}
	want := `curl -X POST 'http://127.0.0.1:3000/?a=1&b=2' \
  -H 'Accept: */*' \
  -H 'Content-Type: application/json' \
  -H 'User-Agent: Taskee' \
  --data-binary '{"a":"it'\''s"}'`
	got, needsFile := Curl(e, "http://127.0.0.1:3000/?a=1&b=2")
	if got != want || needsFile {
		t.Errorf("needs a file: %v\ngot\n%s\nwant\n%s", needsFile, got, want)
	}
}

func TestAUnixSocketIsExportedForOtherPrograms(t *testing.T) {
	e := webhook.Event{ID: 42, Method: "GET", Header: http.Header{"User-Agent": {"Taskee"}, "Accept": {"*/*"}}}
	for target, want := range map[string]string{
		"unix:/run/my app.sock:/hook?a=1": `curl -X GET --unix-socket '/run/my app.sock' 'http://localhost/hook?a=1'`,
		"unix:@app:/hook":                 `curl -X GET --abstract-unix-socket app http://localhost/hook`,
	} {
		if got, _ := Curl(e, target); !strings.HasPrefix(got, want+" ") {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	q := sentRequest(e, webhook.Attempt{Target: "unix:/run/app.sock:/hook?a=1"})
	if q.URL != "http://localhost/hook?a=1" || q.Headers[0].Value != "localhost" {
		t.Errorf("in HAR it is %s of %s", q.URL, q.Headers[0].Value)
	}
}

func TestCurlNeedsAFileWhereAShellOrATerminalWouldAlterTheBody(t *testing.T) {
	for name, body := range map[string]string{
		"NUL": "a\x00b", "not UTF-8": "\xff", "escape": "\x1b[31m", "override": "\u202e",
		"carriage return": "a\rb", "long": strings.Repeat("a", maxInlineBody+1),
	} {
		got, needsFile := Curl(webhook.Event{ID: 7, Body: []byte(body)}, "http://x")
		if !needsFile || !strings.Contains(got, "--data-binary @event-7.body") {
			t.Errorf("%s: needs a file: %v\n%s", name, needsFile, got)
		}
	}
}

// request is what reached the server, as far as a sender decides it.
type request struct {
	method, uri string
	header      http.Header
	body        []byte
}

// The command is run by a real shell and a real curl.
func TestCurlSendsTheEventExactly(t *testing.T) {
	for _, tool := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is not installed")
		}
	}
	header := http.Header{"Content-Type": {"application/json"}}
	tests := []struct {
		name string
		path string
		e    webhook.Event
	}{
		{"json", "/hook?x=1", webhook.Event{Method: "POST", Header: header, Body: []byte(`{"a":"b"}`)}},
		{"shell metacharacters", "/", webhook.Event{Method: "POST", Header: header, Body: []byte("'\"`$(id)\\!%s\n\n* ~ & ;\t#'")}},
		{"trailing line ends", "/", webhook.Event{Method: "POST", Header: header, Body: []byte("a\n\n")}},
		{"a body that looks like a file name", "/", webhook.Event{Method: "POST", Header: header, Body: []byte("@/etc/hostname")}},
		{"wide characters", "/", webhook.Event{Method: "PUT", Header: header, Body: []byte(`{"é":"日本 👩‍💻"}`)}},
		{"NUL, CR and bytes that are not UTF-8", "/", webhook.Event{ID: 3, Method: "POST", Header: header, Body: []byte("\x00\r\n\xff\x1b[0m")}},
		{"long", "/", webhook.Event{ID: 4, Method: "POST", Header: header, Body: bytes.Repeat([]byte("0123456789"), 200_000)}},
		{"no body", "/", webhook.Event{Method: "POST", Header: http.Header{}}},
		{"no content type", "/", webhook.Event{Method: "POST", Header: http.Header{}, Body: []byte("a")}},
		{"repeated, empty and odd header values", "/", webhook.Event{Method: "POST", Header: http.Header{
			"X-Two": {"b", "a"}, "X-Empty": {""}, "X-Quote": {`it's "$HOME" \ ; x`}, "X-Bytes": {"%d!\xe9\xc2\x9b'\\"},
		}, Body: []byte("a")}},
		{"get", "/a/../b?q=[1]{2}", webhook.Event{Method: "GET", Header: http.Header{"User-Agent": {"x"}}}},
		{"head", "/", webhook.Event{Method: "HEAD", Header: http.Header{}}},
		{"no path at all", "*", webhook.Event{Method: "OPTIONS", Path: "*", Header: http.Header{}}},
		{"delete with a body", "/", webhook.Event{Method: "DELETE", Header: header, Body: []byte("{}")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := runCurl(t, tt.e, tt.path)
			if got.method != tt.e.Method || got.uri != tt.path {
				t.Errorf("got %s %s, want %s %s", got.method, got.uri, tt.e.Method, tt.path)
			}
			if !bytes.Equal(got.body, tt.e.Body) {
				t.Errorf("body of %d bytes, want %d the same", len(got.body), len(tt.e.Body))
			}
			for name := range got.header {
				if a, b := got.header[name], tt.e.Header[name]; strings.Join(a, "\x00") != strings.Join(b, "\x00") || len(a) != len(b) {
					t.Errorf("%s: got %q, want %q", name, a, b)
				}
			}
			if len(got.header) != len(tt.e.Header) {
				t.Errorf("headers %v, want %v", got.header, tt.e.Header)
			}
		})
	}
}

func runCurl(t *testing.T, e webhook.Event, path string) request {
	t.Helper()
	var got request
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = request{method: r.Method, uri: r.RequestURI, header: r.Header.Clone()}
		got.body, _ = io.ReadAll(r.Body)
		got.header.Del("Content-Length")
	}))
	srv.Config.DisableGeneralOptionsHandler = true
	defer srv.Close()
	dir := t.TempDir()
	command, needsFile := Curl(e, httpwire.JoinURL(srv.URL, path, ""))
	if needsFile {
		if err := os.WriteFile(filepath.Join(dir, CurlBodyFile(e.ID)), e.Body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NO_PROXY=*", "CURL_HOME="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, command, out)
	}
	return got
}
