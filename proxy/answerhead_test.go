package proxy

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// brokenAnswers are answers that browsers take, with something broken in them.
var brokenAnswers = []struct {
	name    string
	answer  string
	note    string   // in the only note; "": there is none
	without []string // headers that go no further
	header  string   // a header that does: "Name: value"
}{
	{"a line without a colon", "HTTP/1.1 200 OK\r\nX-A: 1\r\nthis has no colon\r\nContent-Length: 4\r\n\r\nbody", `"this has no colon"`, nil, "X-A: 1"},
	{"a continued line without a colon", "HTTP/1.1 200 OK\r\nno colon\r\n folded\r\nContent-Length: 4\r\n\r\nbody", `"no colon"`, nil, ""},
	{"a first line that continues nothing", "HTTP/1.1 200 OK\r\n folded\r\nContent-Length: 4\r\n\r\nbody", `" folded"`, nil, ""},
	{"a name that is empty", "HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 4\r\n\r\nbody", `invalid name`, nil, ""},
	{"a control byte in a name", "HTTP/1.1 200 OK\r\nX\x01A: 1\r\nContent-Length: 4\r\n\r\nbody", `"X\x01A: 1"`, nil, ""},
	{"a control byte in a value", "HTTP/1.1 200 OK\r\nX-A: 1\x002\r\nX-B: 3\r\nContent-Length: 4\r\n\r\nbody", `control character in its header X-A`, []string{"X-A"}, "X-B: 3"},
	{"a carriage return in a value", "HTTP/1.1 200 OK\r\nX-A: 1\rX-B: 2\r\nContent-Length: 4\r\n\r\nbody", `header X-A`, []string{"X-A", "X-B"}, ""},
	{"a control byte in a folded line", "HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\x7f\r\nContent-Length: 4\r\n\r\nbody", `header X-A`, nil, "X-A: 1"},
	{"UTF-8 in a name", "HTTP/1.1 200 OK\r\nGröße: 1\r\nContent-Length: 4\r\n\r\nbody", `"Größe: 1"`, nil, ""},
	{"UTF-8 in a value", "HTTP/1.1 200 OK\r\nX-A: Zoë\r\nContent-Length: 4\r\n\r\nbody", "", nil, "X-A: Zoë"},
	{"a space in a name", "HTTP/1.1 200 OK\r\nPHP Warning: foo\r\nContent-Length: 4\r\n\r\nbody", `"PHP Warning: foo"`, nil, ""},
	{"a space behind a name", "HTTP/1.1 200 OK\r\nContent-Length : 4\r\n\r\nbody", `"Content-Length"`, nil, "Content-Length: 4"},
	{"a warning in HTML before the headers", "HTTP/1.1 200 OK\r\n<br />\n<b>Warning</b>:  Undefined variable $x in <b>/a.php</b> on line <b>3</b><br />\nX-A: 1\r\nContent-Length: 4\r\n\r\nbody", "*", nil, "X-A: 1"},
	{"a warning in HTML before the status line", "<br />\n<b>Warning</b>:  Undefined variable $x<br />\nHTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 4\r\n\r\nbody", "*", nil, "X-A: 1"},
	{"a warning in text before the status line", "Warning: Undefined variable $x in /a.php on line 3\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", `"Warning: Undefined variable $x in /a.php on line 3"`, nil, ""},
	{"a blank line before the status line", "\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", "empty line", nil, ""},
	{"a byte order mark", "\ufeffHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", "status line", nil, ""},
	{"a small http", "http/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", `"http/1.1 200 OK"`, nil, ""},
	{"a small http and chunks", "http/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", `"http/1.1 200"`, nil, ""},
	{"a short version", "HTTP/2 200\r\nContent-Length: 4\r\n\r\nbody", `"HTTP/2 200"`, nil, ""},
	{"no version", "HTTP 200 OK\r\nContent-Length: 4\r\n\r\nbody", `"HTTP 200 OK"`, nil, ""},
	{"no space behind the status", "HTTP/1.1 200OK\r\nContent-Length: 4\r\n\r\nbody", `"HTTP/1.1 200OK"`, nil, ""},
	{"Transfer-Encoding identity", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 4\r\n\r\nbody", `"identity"`, []string{"Transfer-Encoding"}, "Content-Length: 4"},
	{"Transfer-Encoding identity without a length", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nbody", `"identity"`, []string{"Transfer-Encoding"}, ""},
	{"Transfer-Encoding identity with chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity, chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", `"identity, chunked"`, nil, ""},
	{"two Transfer-Encodings", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", `"chunked, chunked"`, nil, ""},
	{"an unknown Transfer-Encoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\nContent-Length: 1\r\n\r\nbody", `"x"`, []string{"Content-Length"}, ""},
	{"a length twice in a line", "HTTP/1.1 200 OK\r\nContent-Length: 4, 4\r\n\r\nbody", `"4, 4"`, nil, "Content-Length: 4"},
	{"a length in two lines", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nbody", "", nil, "Content-Length: 4"},
	{"an empty length", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nbody", "no number", []string{"Content-Length"}, ""},
	{"a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nbody", `"-4"`, []string{"Content-Length"}, ""},
	{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nbody", `"1, 2"`, []string{"Content-Length"}, ""},
	{"a bad length with chunks", "HTTP/1.1 200 OK\r\nContent-Length: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", "", nil, ""},
	{"a folded line", "HTTP/1.1 200 OK\r\nX-A: 1,\r\n\t2\r\nContent-Length: 4\r\n\r\nbody", "", nil, "X-A: 1, 2"},
	{"no end behind the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n", "behind its last chunk", nil, ""},
	{"a trailer that none can be", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n4\r\nbody\r\n0\r\n\r\n", `"Content-Length"`, nil, ""},
}

func TestAnAnswerThatBrowsersTakeCounts(t *testing.T) {
	for _, tt := range brokenAnswers {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, answering(t, tt.answer))
			resp, body := r.post("/hook", "{}")
			if resp.StatusCode != http.StatusOK || body != "body" {
				t.Fatalf("answered %d %q", resp.StatusCode, body)
			}
			name, value, _ := strings.Cut(tt.header, ": ")
			if got := resp.Header.Get(name); got != value {
				t.Errorf("%s is %q, want %q", name, got, value)
			}
			a := r.store.attempt(t)
			for _, name := range tt.without {
				if v, ok := resp.Header[name]; ok {
					t.Errorf("%s %q was passed on", name, v)
				}
				if v, ok := a.Header[name]; ok {
					t.Errorf("%s %q is recorded as a header", name, v)
				}
			}
			switch {
			case a.StatusCode != http.StatusOK || a.Error != "" || string(a.Body) != "body":
				t.Errorf("recorded %+v", a)
			case tt.note == "*" && len(a.Notes) == 2:
			case tt.note == "" && len(a.Notes) == 0:
			case tt.note != "" && len(a.Notes) == 1 && strings.Contains(a.Notes[0], tt.note):
			default:
				t.Errorf("noted %q, want one with %q", a.Notes, tt.note)
			}
		})
	}
}

func TestAnAnswerThatEndsBehindAHeaderCounts(t *testing.T) {
	for answer, status := range map[string]int{
		"HTTP/1.1 200 OK\r\n":                                    http.StatusOK,
		"HTTP/1.1 429 Slow Down\r\nRetry-After: 1\r\n":           http.StatusTooManyRequests,
		"HTTP/1.1 200 OK\r\nContent-":                            http.StatusBadGateway,
		"HTTP/1.1 100 Continue\r\n":                              http.StatusBadGateway,
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\n": http.StatusAccepted,
	} {
		r := newRig(t, answering(t, answer))
		resp, body := r.post("/hook", "{}")
		a := r.store.attempt(t)
		if resp.StatusCode != status || a.Answered != status {
			t.Errorf("%q: answered %d %s", answer, resp.StatusCode, body)
		}
		noted := len(a.Notes) == 1 && strings.Contains(a.Notes[0], "without the empty line")
		if noted != (status != http.StatusBadGateway) || noted != (a.Error == "") {
			t.Errorf("%q: noted %q, %s", answer, a.Notes, a.Error)
		}
	}
}

func TestNotesOfOneAnswerAreBounded(t *testing.T) {
	r := newRig(t, answering(t, "HTTP/1.1 200 OK\r\n"+strings.Repeat("broken\r\n", 5000)+"Content-Length: 2\r\n\r\nok"))
	if resp, body := r.post("/hook", "{}"); resp.StatusCode != http.StatusOK || body != "ok" {
		t.Errorf("answered %d %q", resp.StatusCode, body)
	}
	if a := r.store.attempt(t); len(a.Notes) != maxNotes+1 || a.Notes[maxNotes] != "and 4992 more of the kind" {
		t.Errorf("noted %q", a.Notes)
	}
}

func TestABrokenAnswerEndsItsConnection(t *testing.T) {
	conns := make(chan int, 2)
	r := newRig(t, rawApp(t, func(c net.Conn, n int) {
		br := bufio.NewReader(c)
		for {
			if _, _, err := readRequest(br); err != nil {
				return
			}
			conns <- n
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 2\r\n\r\nok")
		}
	}))
	for want := range 2 {
		r.post("/hook", "{}")
		if n := <-conns; n != want+1 {
			t.Errorf("event %d came over connection %d", want+1, n)
		}
	}
}

// readAnswer reads one answer as the proxy does.
func readAnswer(raw []byte, method string) (*response, []byte, error) {
	c := &conn{headLeft: -1, reader: bufio.NewReader(bytes.NewReader(raw)), Conn: noConn{}}
	resp, err := c.readHead(method)
	if err != nil || resp.body == nil {
		return resp, nil, err
	}
	body, err := io.ReadAll(resp.body)
	return resp, body, err
}

// noConn is a connection whose data is in the reader already.
type noConn struct{ net.Conn }

func (noConn) SetReadDeadline(time.Time) error { return nil }

// FuzzAnswersAreReadAsTheStandardLibraryReadsThem checks that whatever
// http.ReadResponse accepts is read alike, and that nothing makes the reader panic.
func FuzzAnswersAreReadAsTheStandardLibraryReadsThem(f *testing.F) {
	for _, tt := range brokenAnswers {
		f.Add([]byte(tt.answer), false)
	}
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"success\":true}",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.0 200 OK\nConnection: keep-alive\nX-A: 1\nX-A: 2\n\nrest",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n",
		"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
		"HTTP/0.9 200 OK\r\nConnection: close\r\n\r\n",
		"\xbfHTTP\n",
	} {
		f.Add([]byte(answer), false)
		f.Add([]byte(answer), true)
	}
	f.Fuzz(func(t *testing.T, raw []byte, head bool) {
		method := http.MethodPost
		if head {
			method = http.MethodHead
		}
		got, body, err := readAnswer(raw, method)
		from := bufio.NewReader(bytes.NewReader(raw))
		var want *http.Response
		for {
			one, wantErr := http.ReadResponse(from, &http.Request{Method: method})
			if wantErr != nil {
				return
			}
			if want = one; want.StatusCode >= 200 {
				break
			}
			if want.StatusCode < 100 || want.StatusCode == http.StatusSwitchingProtocols {
				if err == nil {
					t.Fatalf("the status %d was accepted", want.StatusCode)
				}
				return
			}
		}
		wantBody, wantErr := io.ReadAll(want.Body)
		if got == nil {
			t.Fatalf("refused: %v", err)
		}
		if spacedNames(want.Header) || spacedNames(want.Trailer) {
			return // they are repaired, and may tell the length
		}
		if wantErr == nil && err != nil {
			t.Errorf("the body's error is %v, want %v", err, wantErr)
		}
		if got.status != want.StatusCode || !bytes.Equal(body, wantBody) {
			t.Errorf("read %d %q, want %d %q", got.status, body, want.StatusCode, wantBody)
		}
		if wantErr == nil && len(got.notes) == 0 && got.close != want.Close {
			t.Errorf("close is %v, want %v", got.close, want.Close)
		}
		if diff := cmp.Diff(plainHeader(want.Header), plainHeader(got.header)); diff != "" {
			t.Error("headers differ", diff)
		}
		if diff := cmp.Diff(plainHeader(want.Trailer), plainHeader(got.trailer)); diff != "" && wantErr == nil {
			t.Error("trailers differ", diff)
		}
	})
}

func spacedNames(h http.Header) bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(h)), func(name string) bool { return strings.Contains(name, " ") })
}

// plainHeader leaves out in what two readers may differ: spaces around values,
// names that no trailer can have, and the Cache-Control that net/http makes up.
func plainHeader(h http.Header) http.Header {
	out := http.Header{}
	for name, values := range h {
		if name == "Cache-Control" && h.Get("Pragma") == "no-cache" || len(values) == 0 {
			continue
		}
		for _, v := range values {
			out[name] = append(out[name], strings.Join(strings.Fields(v), " "))
		}
	}
	return out
}
