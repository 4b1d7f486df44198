package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/taskhook/taskhook/webhook"
)

// recordingApp answers 200 to every request and hands over each as bytes.
func recordingApp(t *testing.T) (addr string, heads, bodies chan string) {
	heads, bodies = make(chan string, 100), make(chan string, 100)
	addr = rawApp(t, func(c net.Conn, _ int) {
		for br := bufio.NewReader(c); ; {
			head, body, err := readRequest(br)
			if err != nil {
				return
			}
			heads <- head
			bodies <- body
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	return addr, heads, bodies
}

func TestTheAppGetsExactlyWhatWasSent(t *testing.T) {
	addr, heads, bodies := recordingApp(t)
	r := newRig(t, addr)
	body := "{\"a\": 1.0, \"\\u00e9\":\"\xff\xfe\x00\x01\"}\r\n"
	c := r.raw("POST /web%2Fhooks//x?q=%20&&b HTTP/1.1\r\n" +
		"Host: public.example.com\r\n" +
		"X-Twice: first\r\n" +
		"X-Odd: \xe9\xff\r\n" +
		"X-Twice: second\r\n" +
		"X-Empty:\r\n" +
		"User-Agent: Taskee/1.0\r\n" +
		"Accept-Encoding: br\r\n" +
		fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body))
	resp, answer := rawAnswer(t, c)
	if resp.StatusCode != http.StatusOK || answer != "ok" {
		t.Fatalf("answered %d %q", resp.StatusCode, answer)
	}
	want := "POST /web%2Fhooks//x?q=%20&&b HTTP/1.1\r\n" +
		"Host: " + addr + "\r\n" +
		fmt.Sprintf("Content-Length: %d\r\n", len(body)) +
		"Accept-Encoding: br\r\n" +
		"User-Agent: Taskee/1.0\r\n" +
		"X-Empty: \r\n" +
		"X-Odd: \xe9\xff\r\n" +
		"X-Twice: first\r\n" +
		"X-Twice: second\r\n" +
		"X-Forwarded-For: 127.0.0.1\r\n" +
		"X-Forwarded-Host: public.example.com\r\n" +
		"X-Forwarded-Proto: http\r\n" +
		"Via: 1.1 " + r.proxy.mark + "\r\n\r\n"
	if got := <-heads; got != want {
		t.Errorf("the app got\n%q\nwant\n%q", got, want)
	}
	if got := <-bodies; got != body {
		t.Errorf("the app got the body %q, want %q", got, body)
	}
	e := r.store.event(t, 1)
	if string(e.Body) != body || e.BodySize != int64(len(body)) {
		t.Errorf("stored body %q", e.Body)
	}
	if e.Path != "/web%2Fhooks//x" || e.RawQuery != "q=%20&&b" || e.Host != "public.example.com" {
		t.Errorf("stored %s ? %s at %s", e.Path, e.RawQuery, e.Host)
	}
	if got := e.Header["X-Twice"]; len(got) != 2 || got[0] != "first" || got[1] != "second" {
		t.Errorf("stored X-Twice: %q", got)
	}
}

func TestEveryMethodIsForwardedOnce(t *testing.T) {
	addr, heads, _ := recordingApp(t)
	r := newRig(t, addr)
	tests := []struct{ request, want string }{
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: "},
		{"GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nb", "GET /a HTTP/1.1\r\nHost: "},
		{"PUT /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "PUT /p HTTP/1.1\r\nHost: "},
		{"OPTIONS /o HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS /o HTTP/1.1\r\nHost: "},
		{"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: "},
		{"POST / HTTP/1.1\r\nHost: x\r\n\r\n", "POST / HTTP/1.1\r\nHost: "},
		{"DELETE http://x/abs%20olute?y HTTP/1.1\r\nHost: x\r\n\r\n", "DELETE /abs%20olute?y HTTP/1.1\r\nHost: "},
		{"PURGE /any HTTP/1.0\r\n\r\n", "PURGE /any HTTP/1.1\r\nHost: "},
	}
	for i, tt := range tests {
		c := r.raw(tt.request)
		resp, body := rawAnswer(t, c)
		_ = c.Close()
		if resp.StatusCode != http.StatusOK || body != "ok" {
			t.Errorf("%q was answered %d %q", tt.request, resp.StatusCode, body)
		}
		head := <-heads
		if !strings.HasPrefix(head, tt.want) {
			t.Errorf("%q reached the app as %q", tt.request, head)
		}
		withBody := strings.HasPrefix(tt.request, "P") || strings.Contains(tt.request, "Content-Length")
		if want := withBody && !strings.HasPrefix(tt.request, "PURGE"); strings.Contains(head, "Content-Length") != want {
			t.Errorf("%q reached the app as %q", tt.request, head)
		}
		if events, _ := r.store.count(); events != i+1 {
			t.Errorf("%d events are stored", events)
		}
	}
}

func TestHeadIsAnsweredWithoutABody(t *testing.T) {
	addr := answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\nContent-Type: text/x\r\n\r\n")
	r := newRig(t, addr)
	resp, err := r.client.Head("http://" + r.addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.ContentLength != 1000000 {
		t.Errorf("answered %d with length %d", resp.StatusCode, resp.ContentLength)
	}
	if a := r.store.attempt(t); a.BodySize != 0 || a.Error != "" {
		t.Errorf("recorded %d bytes, error %q", a.BodySize, a.Error)
	}
}

func TestConnectionHeadersStayOnTheirConnection(t *testing.T) {
	addr, heads, _ := recordingApp(t)
	r := newRig(t, addr)
	c := r.raw("POST / HTTP/1.1\r\nHost: x\r\n" +
		"Connection: keep-alive, x-mine\r\nKeep-Alive: timeout=5\r\nX-Mine: 1\r\nProxy-Connection: close\r\n" +
		"Te: trailers\r\nUpgrade: other/1\r\nProxy-Authorization: Basic x\r\nTrailer: X-T\r\n" +
		"X-Kept: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
	if resp, _ := rawAnswer(t, c); resp.StatusCode != http.StatusOK {
		t.Fatalf("answered %d", resp.StatusCode)
	}
	head := <-heads
	for _, name := range []string{"Connection", "Keep-Alive", "X-Mine", "Te:", "Upgrade", "Proxy-", "Trailer", "Transfer-Encoding"} {
		if strings.Contains(head, "\r\n"+name) {
			t.Errorf("%s reached the app: %q", name, head)
		}
	}
	if !strings.Contains(head, "X-Kept: 1\r\n") || !strings.Contains(head, "Content-Length: 3\r\n") {
		t.Errorf("the app got %q", head)
	}
}

func TestForwardedHeadersNameTheSender(t *testing.T) {
	const edge = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Host: hooks.example.com\r\nX-Forwarded-Proto: https\r\n"
	tests := []struct {
		name    string
		source  webhook.Source
		headers string
		want    []string
	}{
		{"local", webhook.SourceLocal, "", []string{"X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: asked.test", "X-Forwarded-Proto: http"}},
		{"local behind another proxy", webhook.SourceLocal, edge,
			[]string{"X-Forwarded-For: 203.0.113.9, 127.0.0.1", "X-Forwarded-Host: hooks.example.com", "X-Forwarded-Proto: https"}},
		{"tunnel whose edge has set them", webhook.SourceTunnel, edge,
			[]string{"X-Forwarded-For: 203.0.113.9", "X-Forwarded-Host: hooks.example.com", "X-Forwarded-Proto: https"}},
		{"tunnel whose edge has not", webhook.SourceTunnel, "",
			[]string{"X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: asked.test", "X-Forwarded-Proto: https"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr, heads, _ := recordingApp(t)
			r := newRig(t, addr)
			r.addr = r.ingress(tt.source, valid)
			rawAnswer(t, r.raw("POST / HTTP/1.1\r\nHost: asked.test\r\n"+tt.headers+"Content-Length: 0\r\n\r\n"))
			head := <-heads
			for _, want := range tt.want {
				if !strings.Contains(head, want+"\r\n") {
					t.Errorf("%q is missing in %q", want, head)
				}
			}
			if strings.Count(head, "X-Forwarded-") != 3 {
				t.Errorf("the app got %q", head)
			}
		})
	}
}

func TestHostAndOwnHeaders(t *testing.T) {
	tests := []struct {
		name string
		set  func(*Options)
		want string // %s is the target's address
	}{
		{"rewrite", func(*Options) {}, "Host: %s\r\n"},
		{"preserve", func(o *Options) { o.Host = HostPreserve }, "Host: asked.test\r\n"},
		{"a name", func(o *Options) { o.Host = "app.test" }, "Host: app.test\r\n"},
		{"--header adds", func(o *Options) { o.Header = http.Header{"X-Own": {"1", "2"}} }, "X-Own: 1\r\nX-Own: 2\r\n"},
		{"--header replaces", func(o *Options) { o.Header = http.Header{"X-Sent": {"own"}} }, "X-Sent: own\r\n"},
		{"--header Host", func(o *Options) { o.Header = http.Header{"Host": {"own.test"}} }, "Host: own.test\r\n"},
		{"--header cannot break the framing", func(o *Options) { o.Header = http.Header{"Content-Length": {"9"}} }, "Content-Length: 2\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr, heads, _ := recordingApp(t)
			r := newRig(t, addr, tt.set)
			rawAnswer(t, r.raw("POST / HTTP/1.1\r\nHost: asked.test\r\nX-Sent: received\r\nContent-Length: 2\r\n\r\n{}"))
			want := tt.want
			if strings.Contains(want, "%s") {
				want = fmt.Sprintf(want, addr)
			}
			head := <-heads
			name, _, _ := strings.Cut(want, ":")
			if !strings.Contains(head, want) || strings.Count(head, "\n"+name+":") != strings.Count("\n"+want, "\n"+name+":") {
				t.Errorf("%q is missing in %q", want, head)
			}
		})
	}
}

func TestATargetWithAPathGetsEverythingThere(t *testing.T) {
	addr, heads, _ := recordingApp(t)
	r := newRig(t, addr+"/hooks%2Fin?k=v")
	rawAnswer(t, r.raw("POST /else?a=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"))
	if head := <-heads; !strings.HasPrefix(head, "POST /hooks%2Fin?k=v&a=1 HTTP/1.1\r\n") {
		t.Errorf("the app was asked %q", head)
	}
	if e := r.store.event(t, 1); e.Path != "/else" || e.RawQuery != "a=1" {
		t.Errorf("stored %s?%s", e.Path, e.RawQuery)
	}
	if a := r.store.attempt(t); a.Target != "http://"+addr+"/hooks%2Fin?k=v&a=1" {
		t.Errorf("recorded target %s", a.Target)
	}
}

func TestLocalhostIsTriedOnBothAddresses(t *testing.T) {
	for _, ip := range []string{"127.0.0.1", "[::1]"} {
		ln, err := net.Listen("tcp", ip+":0")
		if err != nil {
			t.Logf("no %s here: %v", ip, err)
			continue
		}
		srv := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
		done := make(chan struct{})
		go func() { defer close(done); _ = srv.Serve(ln) }()
		port := ln.Addr().(*net.TCPAddr).Port
		r := newRig(t, fmt.Sprint(port))
		if resp, body := r.post("/", "{}"); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: answered %d %s", ip, resp.StatusCode, body)
		}
		if now, before := r.proxy.Apps()[0].Probe(t.Context()); !now.Up || now.Address != fmt.Sprintf("%s:%d", ip, port) || before.Known {
			t.Errorf("%s: probed as %+v after %+v", ip, now, before)
		}
		_ = srv.Close()
		<-done
		down, before := r.proxy.Apps()[0].Probe(t.Context())
		if down.Up || !down.Known || !strings.Contains(down.Error, "connection refused") || !before.Up {
			t.Errorf("%s: once down, probed as %+v after %+v", ip, down, before)
		}
		if still, _ := r.proxy.Apps()[0].Probe(t.Context()); still.Since != down.Since || r.proxy.Apps()[0].Health() != still {
			t.Errorf("%s: still down, probed as %+v", ip, still)
		}
	}
}

// counting is a sender that counts the bytes of the answer as they come.
type counting struct {
	*httptest.ResponseRecorder
	n atomic.Int64
}

func (c *counting) Write(b []byte) (int, error) {
	c.n.Add(int64(len(b)))
	return c.ResponseRecorder.Write(b)
}

// A sender that has the whole answer may look for the attempt.
func TestTheAnswerIsCompleteOnlyOnceTheAttemptIsRecorded(t *testing.T) {
	for _, size := range []int{0, 1, 100_000, captureLimit, captureLimit + 1, 3 * captureLimit} {
		addr := app(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(size))
			_, _ = io.WriteString(w, strings.Repeat("x", size))
		})
		for _, rule := range []string{"", "delay-after:1ms"} {
			r := newRig(t, addr)
			if rule != "" {
				r.rule(rule)
			}
			w := &counting{ResponseRecorder: httptest.NewRecorder()}
			recorded := int64(-1)
			r.store.onQueue = func() { recorded = w.n.Load() }
			req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
			r.proxy.Handler(webhook.SourceLocal, valid).ServeHTTP(w, req)
			if got := w.Body.Len(); got != size {
				t.Errorf("%d bytes %s: the sender got %d", size, rule, got)
			}
			if recorded != max(0, int64(size)-1) {
				t.Errorf("%d bytes %s: the sender had %d when the attempt was recorded", size, rule, recorded)
			}
		}
	}
}
