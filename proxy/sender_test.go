package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func TestSignaturesAndModes(t *testing.T) {
	unsigned := verdict{Status: webhook.Unsigned, Reason: "the request has no signature header"}
	forged := verdict{Status: webhook.Invalid, Key: "", Reason: "the signature fits no trusted key", Next: "check the key"}
	tests := []struct {
		mode      string
		v         verdict
		status    int
		forwarded bool
		stored    webhook.VerdictStatus
		next      string
	}{
		{"", valid, 200, true, webhook.Valid, ""},
		{"", unsigned, 401, false, webhook.Unsigned, "--verify warn"},
		{ModeEnforce, forged, 401, false, webhook.Invalid, "check the key"},
		{ModeWarn, unsigned, 200, true, webhook.Unsigned, ""},
		{ModeWarn, forged, 200, true, webhook.Invalid, ""},
		{ModeOff, forged, 200, true, webhook.Unchecked, ""},
	}
	for _, tt := range tests {
		t.Run(tt.mode+" "+string(tt.v.Status), func(t *testing.T) {
			addr, heads, _ := recordingApp(t)
			r := newRigWith(t, addr+"/hook", tt.v, func(o *Options) { o.Mode = tt.mode })
			resp, body := r.post("/", `{"type":"ContactCreate","webhookId":"w-1","timestamp":"2026-01-28T14:35:00.000Z"}`)
			if resp.StatusCode != tt.status || (len(heads) == 1) != tt.forwarded {
				t.Errorf("answered %d, %d requests forwarded", resp.StatusCode, len(heads))
			}
			e := r.store.event(t, 1)
			if e.Verdict.Status != tt.stored || e.Type != "ContactCreate" || e.WebhookID != "w-1" || e.Verdict.Age <= 0 {
				t.Errorf("stored %+v", e)
			}
			if tt.forwarded {
				return
			}
			m := r.message(body)
			if m.Verdict != tt.v.Status || m.Reason != tt.v.Reason || !strings.Contains(m.Next, tt.next) {
				t.Errorf("answered %s", body)
			}
			if want := map[webhook.VerdictStatus]webhook.Decision{webhook.Unsigned: webhook.RejectedUnsigned, webhook.Invalid: webhook.RejectedSignature}[tt.stored]; e.Decision != want || e.Answer.Reason != tt.v.Reason || e.Body == nil {
				t.Errorf("stored %q, answer %+v", e.Decision, e.Answer)
			}
		})
	}
}

func TestUnsignedThroughTheTunnelIsNotToldHowToTurnVerificationOff(t *testing.T) {
	r := newRigWith(t, "127.0.0.1:1", verdict{Status: webhook.Unsigned})
	r.addr = r.ingress(webhook.SourceTunnel, verdict{Status: webhook.Unsigned})
	resp, body := r.post("/", "{}")
	if resp.StatusCode != http.StatusUnauthorized || strings.Contains(body, "--verify") {
		t.Errorf("answered %d %s", resp.StatusCode, body)
	}
}

func TestBodiesBeyondTheLimit(t *testing.T) {
	addr, heads, bodies := recordingApp(t)
	tests := []struct {
		name   string
		head   string
		body   string
		status int
		size   int64 // stored
	}{
		{"declared and just fitting", "Content-Length: 10\r\n", "0123456789", 200, 10},
		{"declared too large", "Content-Length: 11\r\n", "0123456789a", 413, 11},
		{"chunked and just fitting", "Transfer-Encoding: chunked\r\n", "a\r\n0123456789\r\n0\r\n\r\n", 200, 10},
		{"chunked too large", "Transfer-Encoding: chunked\r\n", "b\r\n0123456789a\r\n0\r\n\r\n", 413, -1},
		{"too large and waiting to be let", "Content-Length: 11\r\nExpect: 100-continue\r\n", "", 413, 11},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, addr, func(o *Options) { o.MaxBody = 10 })
			resp, body := rawAnswer(t, r.raw("POST / HTTP/1.1\r\nHost: x\r\nX-Kept: 1\r\n"+tt.head+"\r\n"+tt.body))
			e := r.store.event(t, 1)
			if resp.StatusCode != tt.status || e.BodySize != tt.size || e.Header.Get("X-Kept") != "1" {
				t.Errorf("answered %d %s, stored %+v", resp.StatusCode, body, e)
			}
			if tt.status == 200 {
				<-heads
				if got := <-bodies; got != "0123456789" {
					t.Errorf("the app got %q", got)
				}
				return
			}
			m := r.message(body)
			if len(heads) != 0 || !e.NoBody || e.Body != nil || e.Answer.Status != 413 || e.Decision != webhook.DecisionNone || !strings.Contains(m.Next, "--max-body") {
				t.Errorf("stored %+v, answered %s", e, body)
			}
			if e.Verdict.Status != webhook.Unchecked || e.Verdict.Reason == "" {
				t.Errorf("stored verdict %+v", e.Verdict)
			}
			waitUntil(t, func() bool { return r.proxy.budget.used.Load() == 0 })
		})
	}
}

func TestAnAllowedExpectationIsMet(t *testing.T) {
	addr, heads, bodies := recordingApp(t)
	r := newRig(t, addr)
	c := r.raw("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	br := bufio.NewReader(c)
	resp, err := http.ReadResponse(br, nil)
	if err != nil || resp.StatusCode != http.StatusContinue {
		t.Fatalf("not told to continue: %v, %v", resp, err)
	}
	_, _ = io.WriteString(c, "hello")
	if resp, err = http.ReadResponse(br, nil); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("answered %v, %v", resp, err)
	}
	_ = resp.Body.Close()
	if head, body := <-heads, <-bodies; strings.Contains(head, "Expect") || body != "hello" {
		t.Errorf("the app got %q %q", head, body)
	}
}

func TestIncompleteBodiesAreNotForwarded(t *testing.T) {
	tests := []struct {
		name, request string
		closes        bool // the sender closes its side afterwards
		status        int
		reason        string
	}{
		{"shorter than declared", "Content-Length: 10\r\n\r\nabc", true, 400, "after 3 of 10 bytes"},
		{"ending within a chunk", "Transfer-Encoding: chunked\r\n\r\n5\r\nabc", true, 400, "after 3 bytes"},
		{"no chunks at all", "Transfer-Encoding: chunked\r\n\r\nhello\r\n", true, 400, "after 0 bytes"},
		{"pausing for too long", "Content-Length: 10\r\n\r\nabc", false, 408, "paused for more than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr, heads, _ := recordingApp(t)
			r := newRig(t, addr)
			r.proxy.bodyIdleTimeout = 5 * time.Second
			if !tt.closes {
				r.proxy.bodyIdleTimeout = 50 * time.Millisecond
			}
			c := r.raw("POST / HTTP/1.1\r\nHost: x\r\n" + tt.request)
			if tt.closes {
				_ = c.(*net.TCPConn).CloseWrite()
			}
			resp, body := rawAnswer(t, c)
			m := r.message(body)
			if resp.StatusCode != tt.status || !strings.Contains(m.Reason, tt.reason) || len(heads) != 0 {
				t.Errorf("answered %d %s", resp.StatusCode, body)
			}
			if e := r.store.event(t, 1); !e.NoBody || e.Decision != webhook.RejectedMalformed || e.Answer.Status != tt.status || !strings.Contains(e.Answer.Reason, tt.reason) {
				t.Errorf("stored %+v", e)
			}
		})
	}
}

func TestASlowBodyIsFineAsLongAsItArrives(t *testing.T) {
	addr, _, bodies := recordingApp(t)
	r := newRig(t, addr)
	r.proxy.bodyIdleTimeout = 2 * time.Second
	c := r.raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n")
	for range 20 {
		if _, err := io.WriteString(c, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if resp, _ := rawAnswer(t, c); resp.StatusCode != http.StatusOK || len(<-bodies) != 20 {
		t.Errorf("answered %d", resp.StatusCode)
	}
}

func TestServerLimits(t *testing.T) {
	srv := newServer(http.NotFoundHandler(), nil)
	if srv.ReadHeaderTimeout != 10*time.Second || srv.MaxHeaderBytes != 1<<20 || srv.ReadTimeout != 0 || srv.WriteTimeout != 0 || srv.IdleTimeout == 0 {
		t.Errorf("the server has other limits: %+v", srv)
	}
}

func TestASenderOfSlowHeadersIsCut(t *testing.T) {
	r := newRig(t, "127.0.0.1:1")
	srv := newServer(r.proxy.Handler(webhook.SourceLocal, valid), nil)
	srv.ReadHeaderTimeout = 50 * time.Millisecond
	ln := listen(t)
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(ln) }()
	defer func() { _ = srv.Close(); <-done }()
	r.addr = ln.Addr().String()
	c := r.raw("POST / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
	if _, err := io.ReadAll(c); err != nil {
		t.Errorf("it is not cut: %v", err)
	}
}

func TestTooManyHeaders(t *testing.T) {
	r := newRig(t, "127.0.0.1:1")
	c := r.raw("")
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nX-Big: %s\r\n\r\n", strings.Repeat("x", 1<<20+8<<10))
	}()
	if resp, _ := rawAnswer(t, c); resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("1 MB of headers was answered %d", resp.StatusCode)
	}
	<-written
	e := r.store.event(t, 1)
	if e.Decision != webhook.RejectedMalformed || e.Answer.Status != http.StatusRequestHeaderFieldsTooLarge || e.Path != "/" || e.Host != "x" {
		t.Errorf("stored as %q, answer %+v, %s %s", e.Decision, e.Answer, e.Path, e.Host)
	}
	if len(e.Head) > maxHead+3 || !strings.HasSuffix(e.Head, "xx…") {
		t.Errorf("%d bytes of the head are stored", len(e.Head))
	}
}

func TestTheOwnProbeIsNeverStored(t *testing.T) {
	addr, heads, _ := recordingApp(t)
	r := newRig(t, addr)
	ask := func(nonce string) *http.Response {
		req, _ := http.NewRequest(http.MethodGet, "http://"+r.addr+"/", nil)
		req.Header.Set(ProbeHeader, nonce)
		resp, _ := r.do(req)
		return resp
	}
	resp := ask(r.proxy.Nonce())
	if events, _ := r.store.count(); resp.StatusCode != http.StatusNoContent || resp.Header.Get(ProbeHeader) != r.proxy.Nonce() || events != 0 {
		t.Errorf("answered %d %v, %d events stored", resp.StatusCode, resp.Header, events)
	}
	if resp = ask("guessed"); resp.StatusCode != http.StatusOK || len(heads) != 1 {
		t.Errorf("a wrong nonce was answered %d", resp.StatusCode)
	}
	if other := New(Options{}); other.Nonce() == r.proxy.Nonce() {
		t.Error("two proxies share a nonce")
	}
}

func TestADegradedProxyAnswers429AndLogsItOnce(t *testing.T) {
	addr, heads, _ := recordingApp(t)
	r := newRig(t, addr)
	r.store.setFail(errDiskFull)
	for range 3 {
		resp, body := r.post("/", "{}")
		if m := r.message(body); resp.StatusCode != http.StatusTooManyRequests || m.Reason != "the disk is full" {
			t.Errorf("answered %d %s", resp.StatusCode, body)
		}
	}
	if len(heads) != 0 {
		t.Error("what is not stored was forwarded")
	}
	if got := r.proxy.Degraded(); !strings.Contains(got, "no space left") {
		t.Errorf("Degraded() = %q", got)
	}
	r.store.setFail(nil)
	if resp, _ := r.post("/", "{}"); resp.StatusCode != http.StatusOK || r.proxy.Degraded() != "" {
		t.Errorf("service did not resume: %d, %q", resp.StatusCode, r.proxy.Degraded())
	}
	if log := r.log.String(); strings.Count(log, "cannot be stored") != 1 || strings.Count(log, "stored again") != 1 {
		t.Errorf("the log says %s", log)
	}
}

func TestARejectionThatCannotBeStoredIsA429Too(t *testing.T) {
	r := newRigWith(t, "127.0.0.1:1", verdict{Status: webhook.Unsigned})
	r.store.setFail(errDiskFull)
	if resp, body := r.post("/", "{}"); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("answered %d %s", resp.StatusCode, body)
	}
}

func TestBodiesInFlightAreLimited(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	addr := app(t, func(_ http.ResponseWriter, req *http.Request) {
		if req.ContentLength == 600 {
			entered <- struct{}{}
			<-release
		}
	})
	r := newRig(t, addr, func(o *Options) { o.MaxInFlight = 1000 })
	first := make(chan int, 1)
	go func() {
		resp, err := r.client.Post("http://"+r.addr+"/", "", strings.NewReader(strings.Repeat("x", 600)))
		if err != nil {
			first <- 0
			return
		}
		_ = resp.Body.Close()
		first <- resp.StatusCode
	}()
	<-entered
	for range 2 {
		resp, body := r.post("/", strings.Repeat("x", 500))
		if m := r.message(body); resp.StatusCode != http.StatusTooManyRequests || !strings.Contains(m.Reason, "in flight") {
			t.Errorf("answered %d %s", resp.StatusCode, body)
		}
	}
	resp, body := rawAnswer(t, r.raw("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"))
	if resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a chunked body was answered %d %s", resp.StatusCode, body)
	}
	if resp, _ := r.post("/", "{}"); resp.StatusCode != http.StatusOK {
		t.Errorf("a body that fits was answered %d", resp.StatusCode)
	}
	if r.proxy.Degraded() == "" {
		t.Error("Degraded() says nothing")
	}
	close(release)
	if status := <-first; status != 200 {
		t.Errorf("the first was answered %d", status)
	}
	r.post("/", "{}")
	waitUntil(t, func() bool { return r.proxy.budget.used.Load() == 0 && r.proxy.Degraded() == "" })
	if events, _ := r.store.count(); events != 3 {
		t.Errorf("%d events are stored, want 3", events)
	}
	if log := r.log.String(); strings.Count(log, "in flight") != 1 {
		t.Errorf("the log says %s", log)
	}
}
