package proxy

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func TestAnAppThatGivesNoAnswer(t *testing.T) {
	refused := listen(t)
	_ = refused.Close()
	hang := func(c net.Conn, _ int) { _, _ = io.Copy(io.Discard, c) }
	plain := func(c net.Conn, _ int) {
		_, _ = c.Read(make([]byte, 1))
		_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
		_, _ = io.Copy(io.Discard, c)
	}
	tests := []struct {
		name   string
		target string
		status int
		want   string // in the reason
		next   string
	}{
		{"refused", refused.Addr().String(), 502, "connection refused", "is your app running on"},
		{"hanging", rawApp(t, hang), 408, "did not answer within 300ms", "--timeout"},
		{"closing without an answer", rawApp(t, func(c net.Conn, _ int) { _, _, _ = readRequest(bufio.NewReader(c)) }), 502, "closed the connection without an answer", "app's log"},
		{"garbage", answering(t, "hello\r\n\r\n"), 502, "not HTTP", "something else"},
		{"speaking TLS", answering(t, "\x15\x03\x01\x00\x02\x02\x16\n"), 502, "speaks https", "taskhook listen https://"},
		{"breaking off in the headers", answering(t, "HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-"), 502, "in the headers", "app's log"},
		{"an impossible status", answering(t, "HTTP/1.1 042 No\r\nContent-Length: 0\r\n\r\n"), 502, "status 42", "something else"},
		{"switching protocols", answering(t, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), 502, "switch protocols", "WebSockets"},
		{"endless headers", answering(t, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", maxAnswerHead)+"\r\n\r\n"), 502, "too large", "app's log"},
		{"not speaking TLS", "https://" + rawApp(t, plain), 502, "does not speak https", "taskhook listen http://"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, tt.target, func(o *Options) {
				if tt.status == 408 {
					o.Timeout = 300 * time.Millisecond
				}
			})
			resp, body := r.post("/hook", "{}")
			m := r.message(body)
			if resp.StatusCode != tt.status || !strings.Contains(m.Reason, tt.want) || !strings.Contains(m.Next, tt.next) {
				t.Errorf("answered %d %s", resp.StatusCode, body)
			}
			if m.Target != r.proxy.target().String() {
				t.Errorf("the answer names the target %q", m.Target)
			}
			a := r.store.attempt(t)
			if !strings.Contains(a.Error, tt.want) || a.Answered != tt.status || a.Hint == "" {
				t.Errorf("recorded %+v", a)
			}
			if got := r.store.answer(1); got.Status != tt.status || got.By != webhook.ByTaskhook || !got.RetryAt.IsZero() {
				t.Errorf("stored answer %+v", got)
			}
		})
	}
}

func TestAnIncompleteAnswerIsVisible(t *testing.T) {
	tests := []struct {
		name  string
		serve func(c net.Conn, release chan struct{})
		want  string
	}{
		{"closed", func(c net.Conn, release chan struct{}) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
			<-release
		}, "the app broke off its answer (200) after 3 bytes"},
		{"closed in a chunk", func(c net.Conn, release chan struct{}) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
			<-release
		}, "the app broke off its answer (200) after 3 bytes"},
		{"hanging", func(c net.Conn, _ chan struct{}) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
			_, _ = io.Copy(io.Discard, c)
		}, "did not finish its answer (200) within"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			release := make(chan struct{})
			addr := rawApp(t, func(c net.Conn, _ int) {
				_, _, _ = readRequest(bufio.NewReader(c))
				tt.serve(c, release)
			})
			r := newRig(t, addr, func(o *Options) {
				if tt.name == "hanging" {
					o.Timeout = 500 * time.Millisecond
				}
			})
			resp, err := r.client.Post("http://"+r.addr+"/hook", "application/json", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			piece := make([]byte, 3)
			if _, err := io.ReadFull(resp.Body, piece); err != nil || string(piece) != "abc" {
				t.Fatalf("what the app sent did not arrive: %q, %v", piece, err)
			}
			close(release)
			if _, err := io.ReadAll(resp.Body); err == nil {
				t.Error("the sender does not see that the answer is incomplete")
			}
			a := r.store.attempt(t)
			if a.StatusCode != http.StatusOK || !strings.Contains(a.Error, tt.want) || string(a.Body) != "abc" || a.BodySize != 3 {
				t.Errorf("recorded %d %q: %s", a.StatusCode, a.Body, a.Error)
			}
			got := r.store.answer(1)
			if got.Status != http.StatusOK || got.By != webhook.ByApp || !got.BrokenOff || !got.RetryAt.IsZero() || !strings.Contains(got.Reason, tt.want) {
				t.Errorf("stored answer %+v", got)
			}
			if state := (webhook.Outcome{Answer: got}).State(got.At); state != webhook.StateFailed {
				t.Errorf("the event is %s", state)
			}
		})
	}
}

func TestAnswersPassUnchanged(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(z, `{"ok":true}`)
	_ = z.Close()
	tests := []struct {
		name, answer string
		status       int
		body         string
		header       map[string]string // "-": absent
	}{
		{"200", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\n\r\nok", 200, "ok", map[string]string{"X-A": "1", "Date": "-", "Content-Type": "-", "Content-Length": "2"}},
		{"its own Date", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: long ago\r\n\r\n", 200, "", map[string]string{"Date": "long ago"}},
		{"a status of its own", "HTTP/1.1 299 Whatever\r\nContent-Length: 0\r\n\r\n", 299, "", nil},
		{"chunked", "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 201, "abcde", nil},
		{"to the end of the connection", "HTTP/1.1 200 OK\r\n\r\nabc", 200, "abc", nil},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nabc", 200, "abc", nil},
		{"gzip", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", zipped.Len(), zipped.String()), 200, zipped.String(), map[string]string{"Content-Encoding": "gzip"}},
		{"103 before it", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", map[string]string{"Link": "-"}},
		{"204", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", map[string]string{"Content-Length": "-"}},
		{"304", "HTTP/1.1 304 Not Modified\r\nEtag: \"x\"\r\n\r\n", 304, "", map[string]string{"Etag": `"x"`}},
		{"redirect", "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://other.test/\r\nContent-Length: 0\r\n\r\n", 307, "", map[string]string{"Location": "http://other.test/"}},
		{"429", "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", 429, "", map[string]string{"Retry-After": "7"}},
		{"connection headers stay", "HTTP/1.1 200 OK\r\nConnection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n", 200, "", map[string]string{"X-Mine": "-", "Keep-Alive": "-", "Connection": "-"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, answering(t, tt.answer))
			resp, body := r.post("/hook", "{}")
			if resp.StatusCode != tt.status || body != tt.body {
				t.Errorf("answered %d %q", resp.StatusCode, body)
			}
			for name, want := range tt.header {
				got := strings.Join(resp.Header[name], "|")
				if name == "Content-Length" {
					got = resp.Header.Get(name)
				}
				if want == "-" {
					want = ""
				}
				if got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			a := r.store.attempt(t)
			if a.StatusCode != tt.status || string(a.Body) != tt.body || a.BodySize != int64(len(tt.body)) || a.Error != "" {
				t.Errorf("recorded %d %q (%d) %s", a.StatusCode, a.Body, a.BodySize, a.Error)
			}
			got := r.store.answer(1)
			if got.Status != tt.status || got.By != webhook.ByApp || got.RetryAt.IsZero() != (tt.status != 429) || got.SenderGone {
				t.Errorf("stored answer %+v", got)
			}
		})
	}
}

func TestAnAnswerStreamsAsItArrives(t *testing.T) {
	step := make(chan struct{})
	addr := app(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		for i := range 3 {
			_ = http.NewResponseController(w).Flush()
			<-step
			_, _ = fmt.Fprintf(w, "piece %d\n", i)
		}
	})
	r := newRig(t, addr)
	resp, err := r.client.Post("http://"+r.addr+"/", "", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err) // the head has come although the body has not
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	for i := range 3 {
		step <- struct{}{}
		if line, err := lines.ReadString('\n'); line != fmt.Sprintf("piece %d\n", i) {
			t.Fatalf("got %q, %v", line, err)
		}
	}
}

func TestALargeAnswerStreamsInConstantMemory(t *testing.T) {
	const size = 100 << 20
	for _, declared := range []bool{true, false} {
		t.Run(fmt.Sprintf("length declared %v", declared), func(t *testing.T) {
			addr := app(t, func(w http.ResponseWriter, _ *http.Request) {
				if declared {
					w.Header().Set("Content-Length", fmt.Sprint(size))
				}
				_, _ = io.CopyN(w, endless('x'), size)
			})
			r := newRig(t, addr)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			resp, err := r.client.Post("http://"+r.addr+"/", "", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			n, err := io.Copy(io.Discard, resp.Body)
			if err != nil || n != size {
				t.Fatalf("read %d bytes, %v", n, err)
			}
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
				t.Errorf("%d bytes were allocated", used)
			}
			if a := r.store.attempt(t); a.BodySize != size || len(a.Body) != captureLimit {
				t.Errorf("recorded %d bytes of %d", len(a.Body), a.BodySize)
			}
		})
	}
}

// endless is a reader of one byte over and over.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestAnAppMayAnswerWithoutReading(t *testing.T) {
	addr := rawApp(t, func(c net.Conn, _ int) {
		_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
		_, _ = io.Copy(io.Discard, c) // what a careful server does
	})
	r := newRig(t, addr)
	resp, body := r.post("/", strings.Repeat("x", 4<<20))
	if resp.StatusCode != http.StatusRequestEntityTooLarge || body != "big" {
		t.Errorf("answered %d %q", resp.StatusCode, body)
	}
}

func TestTheAttemptFinishesWhenTheSenderHangsUp(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	addr := app(t, func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		_, _ = io.WriteString(w, "done")
	})
	r := newRig(t, addr)
	gone := make(chan struct{})
	h := r.proxy.Handler(webhook.SourceLocal, valid)
	r.addr = app(t, func(w http.ResponseWriter, req *http.Request) {
		context.AfterFunc(req.Context(), func() { close(gone) })
		h.ServeHTTP(w, req)
	})
	c := r.raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
	<-entered
	_ = c.Close()
	<-gone
	close(release)
	a := r.store.attempt(t)
	if a.StatusCode != http.StatusOK || string(a.Body) != "done" || a.Error != "" {
		t.Errorf("the attempt did not finish: %+v", a)
	}
	if got := r.store.answer(1); !got.SenderGone || got.Status != 200 {
		t.Errorf("stored answer %+v", got)
	}
}

// TestASenderThatHasItsStatusIsNotGone reads the head of the answer and hangs up,
// as a client does that asks for no more.
func TestASenderThatHasItsStatusIsNotGone(t *testing.T) {
	release := make(chan struct{})
	addr := app(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTooManyRequests)
		_ = http.NewResponseController(w).Flush()
		<-release
		_, _ = io.WriteString(w, "later")
	})
	r := newRig(t, addr)
	gone := make(chan struct{})
	h := r.proxy.Handler(webhook.SourceLocal, valid)
	r.addr = app(t, func(w http.ResponseWriter, req *http.Request) {
		context.AfterFunc(req.Context(), func() { close(gone) })
		h.ServeHTTP(w, req)
	})
	c := r.raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
	if line, err := bufio.NewReader(c).ReadString('\n'); !strings.Contains(line, "429") {
		t.Fatalf("answered %q, %v", line, err)
	}
	_ = c.Close()
	<-gone
	close(release)
	a := r.store.attempt(t)
	if string(a.Body) != "later" || len(a.Notes) != 1 || !strings.Contains(a.Notes[0], "hung up") {
		t.Errorf("the attempt is %+v", a)
	}
	if got := r.store.answer(1); got.SenderGone || got.Status != http.StatusTooManyRequests || got.RetryAt.IsZero() {
		t.Errorf("stored answer %+v", got)
	}
}

// waitUntil polls a condition that another goroutine will bring about.
func waitUntil(t *testing.T, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !cond(); {
		if time.Now().After(end) {
			t.Fatal("it did not come about")
		}
		runtime.Gosched()
	}
}

func TestSelfSignedTargets(t *testing.T) {
	srv := newTLSApp(t)
	r := newRig(t, srv)
	resp, body := r.post("/", "{}")
	if m := r.message(body); resp.StatusCode != http.StatusBadGateway || !strings.Contains(m.Next, "--insecure") {
		t.Errorf("answered %d %s", resp.StatusCode, body)
	}
	r = newRig(t, srv, func(o *Options) { o.Insecure = true })
	for range 2 { // the second one on the idle connection
		if resp, body := r.post("/", "{}"); resp.StatusCode != http.StatusOK || body != "secure" {
			t.Errorf("with --insecure answered %d %s", resp.StatusCode, body)
		}
	}
}

func TestIdleTimeout(t *testing.T) {
	tests := []struct {
		header string
		want   time.Duration
	}{
		{"", maxIdle}, {"timeout=5", maxIdle}, {"timeout=2, max=100", time.Second},
		{"max=3, Timeout=1", 0}, {"timeout=0", -time.Second}, {"timeout=x", maxIdle},
	}
	for _, tt := range tests {
		if got := idleTimeout(http.Header{"Keep-Alive": {tt.header}}); got != tt.want {
			t.Errorf("idleTimeout(%q) = %v, want %v", tt.header, got, tt.want)
		}
	}
}

func TestErrorsAreExplained(t *testing.T) {
	if !errors.Is(&dialError{io.EOF}, io.EOF) {
		t.Error("a dialError hides its cause")
	}
}
