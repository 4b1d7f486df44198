package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

func TestWhatIsNotReadableHTTPLeavesATrace(t *testing.T) {
	tests := []struct {
		name, request string
		status        int
		reason        string
	}{
		{"a stray percent sign", "POST /web%zz?q=1 HTTP/1.1\r\nHost: x\r\n\r\n", 400, `its path has %zz, which is no percent-encoded byte`},
		{"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", 400, `it has Content-Length headers that differ: ["2" "3"]`},
		{"a length that is no number", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x2\r\n\r\n{}", 400, `its Content-Length is no number: "0x2"`},
		{"a control character in a value", "POST / HTTP/1.1\r\nHost: x\r\nX-A: a\x01b\r\n\r\n", 400, `a header line that is not Name: value: "X-A: a\x01b"`},
		{"a control character in the path", "POST /a\x7fb HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid control character"},
		{"no host", "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 400, "missing required Host header"},
		{"two hosts", "POST / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, "more than one Host header"},
		{"a coding that nobody needs", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n", 400, `its Transfer-Encoding is not chunked but "identity"`},
		{"a line without a colon", "POST / HTTP/1.1\r\nHost: x\r\nwhat\r\n\r\n", 400, `a header line without a colon: "what"`},
		{"no HTTP", "hello\r\n\r\n", 400, "its first line is no METHOD PATH HTTP/1.1"},
		{"no version, and a secret", "GET /oauth/callback?code=s3cr3t&state=x\r\n\r\n", 400, `"GET /oauth/callback?code=***&state=***"`},
		{"another version", "POST / HTTP/3.0\r\nHost: x\r\n\r\n", 505, "unsupported protocol version"},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", 505, "HTTP/2 from the first byte on"},
		{"for another proxy", "CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n", 405, "a connection to other.test:443"},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\r\n", 400, "the beginning of TLS"},
		{"an expectation", "POST / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nContent-Length: 2\r\n\r\n{}", 417, "its Expect header"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, "127.0.0.1:1")
			r.addr = r.ingress(webhook.SourceTunnel, valid)
			c := r.raw(tt.request)
			resp, body := rawAnswer(t, c)
			m := r.message(body)
			if strings.Contains(body, `\u0026`) || strings.Contains(body, "s3cr3t") {
				t.Errorf("answered %s", body)
			}
			if resp.StatusCode != tt.status || !resp.Close || !strings.Contains(m.Reason, tt.reason) {
				t.Errorf("answered %d %s", resp.StatusCode, body)
			}
			if n, err := io.Copy(io.Discard, c); n != 0 || err != nil {
				t.Errorf("the connection ends with %d bytes, %v", n, err)
			}
			e := r.store.event(t, 1)
			if e.Decision != webhook.RejectedMalformed || e.Answer.Status != tt.status || e.Answer.Reason != m.Reason || e.Answer.By != webhook.ByTaskhook {
				t.Errorf("stored as %q, answer %+v", e.Decision, e.Answer)
			}
			if e.Source != webhook.SourceTunnel || e.RemoteAddr != c.LocalAddr().String() || e.ReceivedAt.IsZero() || !e.NoBody || e.Verdict.Status != webhook.Unchecked {
				t.Errorf("stored %+v", e)
			}
		})
	}
}

func TestTheHeadOfAnUnreadableRequestIsShownAsItCame(t *testing.T) {
	r := newRig(t, "127.0.0.1:1")
	c := r.raw("POST /hooks?a=%zz HTTP/1.1\r\nHost: x:1\r\nUser-Agent: \x1b[31mred\r\nX-A: 1\r\nx-a: \xff2\r\nwhat\r\nContent-Length: 2\r\n\r\n{}")
	_, _ = rawAnswer(t, c)
	got := r.store.event(t, 1)
	want := "POST /hooks?a=%zz HTTP/1.1\nHost: x:1\nUser-Agent: \\x1b[31mred\nX-A: 1\nx-a: \\xff2\nwhat\nContent-Length: 2"
	if got.Head != want {
		t.Errorf("the head is kept as\n%s\nwant\n%s", got.Head, want)
	}
	header := http.Header{"User-Agent": {`\x1b[31mred`}, "X-A": {"1", `\xff2`}, "Content-Length": {"2"}}
	if d := cmp.Diff(header, got.Header); d != "" {
		t.Error(d)
	}
	if got.Method != http.MethodPost || got.Path != "/hooks" || got.RawQuery != "a=%zz" || got.Host != "x:1" || got.BodySize != 2 {
		t.Errorf("stored %s %s?%s at %s, %d bytes", got.Method, got.Path, got.RawQuery, got.Host, got.BodySize)
	}
}

// TestASenderOfAnUnreadableRequestMayFinish writes everything before it reads.
func TestASenderOfAnUnreadableRequestMayFinish(t *testing.T) {
	r := newRig(t, "127.0.0.1:1")
	for name, head := range map[string]string{
		"a stray percent sign": "POST /web%zz HTTP/1.1\r\nHost: x\r\nContent-Length: 16777216\r\n\r\n",
		"too many headers":     "POST / HTTP/1.1\r\nHost: x\r\nX-Big: " + strings.Repeat("x", 3<<20),
	} {
		c := r.raw(head + strings.Repeat("x", 16<<20))
		if resp, body := rawAnswer(t, c); resp.StatusCode < 400 || resp.StatusCode >= 500 {
			t.Errorf("%s: answered %d %s", name, resp.StatusCode, body)
		}
	}
}

// TestAfterAGoodRequest has the bad one on the same connection.
func TestAfterAGoodRequest(t *testing.T) {
	const good = "POST /good HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
	const bad = "POST /%zz HTTP/1.1\r\nHost: x\r\n\r\n"
	addr, _, _ := recordingApp(t)
	tests := []struct {
		name        string
		first, then string
	}{
		{"in its turn", good, bad},
		{"in one write", good + bad, ""},
		{"after a stray line end", good + "\r\n", bad},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, addr)
			c := r.raw(tt.first)
			br := bufio.NewReader(c)
			for i, want := range []int{http.StatusOK, http.StatusBadRequest} {
				if i == 1 {
					_, _ = io.WriteString(c, tt.then)
				}
				resp, err := http.ReadResponse(br, nil)
				if err != nil || resp.StatusCode != want {
					t.Fatalf("answer %d: %v, %v", i+1, resp, err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
			if e := r.store.event(t, 2); strings.TrimSpace(e.Head) != "POST /%zz HTTP/1.1\nHost: x" || !strings.Contains(e.Answer.Reason, "%zz") {
				t.Errorf("kept the head %q, reason %q", e.Head, e.Answer.Reason)
			}
		})
	}
}

// TestAnUnreadableRequestBehindChunks has one whose head came in one piece with the body
// before it, where nobody can tell where it begins.
func TestAnUnreadableRequestBehindChunks(t *testing.T) {
	addr, _, _ := recordingApp(t)
	r := newRig(t, addr)
	c := r.raw("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nPOST /%zz HTTP/1.1\r\nHost: x\r\n\r\n")
	_, _ = io.Copy(io.Discard, c)
	if e := r.store.event(t, 2); e.Head != "…" || !strings.Contains(e.Answer.Reason, "in one piece with the request before it") {
		t.Errorf("kept the head %q, reason %q", e.Head, e.Answer.Reason)
	}
}

func TestABodyThatCannotBeReadShowsItsHead(t *testing.T) {
	const head = "POST /hooks HTTP/1.1\r\nHost: x\r\nX-Odd:  two\r\nTransfer-Encoding: chunked\r\n\r\n"
	r := newRig(t, "127.0.0.1:1")
	resp, body := rawAnswer(t, r.raw(head+"zz\r\n{}\r\n"))
	e := r.store.event(t, 1)
	if resp.StatusCode != http.StatusBadRequest || e.Decision != webhook.RejectedMalformed {
		t.Errorf("answered %d %s, stored as %q", resp.StatusCode, body, e.Decision)
	}
	if want := strings.TrimSpace(strings.ReplaceAll(head, "\r\n", "\n")); e.Head != want {
		t.Errorf("the head is kept as\n%s\nwant\n%s", e.Head, want)
	}
	if strings.Contains(e.Verdict.Reason, e.Answer.Reason) {
		t.Errorf("it is said twice: %q and %q", e.Verdict.Reason, e.Answer.Reason)
	}
}

// TestTLSIsAnsweredAtOnce begins as a client of https does, without a line end.
func TestTLSIsAnsweredAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network, store := pipes{make(chan net.Conn, 1)}, newMemStore()
		p := New(Options{Store: store})
		srv := p.Serve(network, webhook.SourceLocal, valid, nil)
		c, err := network.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, _ = io.WriteString(c, "\x16\x03\x01\x02\x00\x01\x00")
		if resp, body := rawAnswer(t, c); resp.StatusCode != http.StatusBadRequest || !strings.Contains(body, "plain HTTP") {
			t.Errorf("answered %d %s", resp.StatusCode, body)
		}
		if d := time.Since(began); d > 0 {
			t.Errorf("answered after %s", d)
		}
		_ = c.Close()
		synctest.Wait()
		if e := store.event(t, 1); e.Decision != webhook.RejectedMalformed {
			t.Errorf("stored as %q", e.Decision)
		}
		_ = p.Close(t.Context())
		srv.Close()
	})
}

func TestAHeadThatEndsEarlyLeavesATrace(t *testing.T) {
	r := newRig(t, "127.0.0.1:1")
	for _, nothing := range []string{"", "\r\n"} {
		_ = r.raw(nothing).Close()
	}
	_ = r.raw("POST /hooks HTTP/1.1\r\nHo").Close()
	waitUntil(t, func() bool { events, _ := r.store.count(); return events == 1 })
	_ = r.raw("POST /hooks HTTP/1.1\r\nHost: x\r\n").Close()
	waitUntil(t, func() bool { events, _ := r.store.count(); return events == 2 })
	for id, size := range map[webhook.ID]string{1: "24 B", 2: "31 B"} {
		e := r.store.event(t, id)
		if e.Path != "/hooks" || e.Decision != webhook.RejectedMalformed || !strings.Contains(e.Answer.Reason, "broke off after "+size+" of the head") {
			t.Errorf("stored %s, %+v", e.Path, e.Answer)
		}
	}
}

func TestAHeadThatStallsLeavesATrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network, store := pipes{make(chan net.Conn, 1)}, newMemStore()
		p := New(Options{Store: store})
		srv := p.Serve(network, webhook.SourceLocal, valid, nil)
		c, err := network.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, "POST /hooks HTTP/1.1\r\n")
		if _, err := io.ReadAll(c); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if e := store.event(t, 1); e.Answer.SenderGone || !e.Answer.BrokenOff || !strings.Contains(e.Answer.Reason, "did not arrive within 10s") {
			t.Errorf("stored %+v", e.Answer)
		}
		_ = p.Close(t.Context())
		srv.Close()
	})
}

func TestAHeadThatAStopCutsIsNotItsSenders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network, store := pipes{make(chan net.Conn, 1)}, newMemStore()
		p := New(Options{Store: store})
		srv := p.Serve(network, webhook.SourceLocal, valid, nil)
		c, err := network.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, _ = io.WriteString(c, "POST /hooks HTTP/1.1\r\nHo")
		srv.Close()
		synctest.Wait()
		if e := store.event(t, 1); e.Answer.SenderGone || !e.Answer.BrokenOff || !strings.Contains(e.Answer.Reason, "taskhook stopped") {
			t.Errorf("stored %+v", e.Answer)
		}
		_ = p.Close(t.Context())
	})
}

// TestAFloodIsOneEvent sends far more than anybody wants to read of.
func TestAFloodIsOneEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network, store := pipes{make(chan net.Conn, 1)}, newMemStore()
		p := New(Options{Store: store})
		srv := p.Serve(network, webhook.SourceLocal, valid, nil)
		ask := func(path string) {
			c, err := network.dial(t.Context(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_, _ = fmt.Fprintf(c, "GET /%s%%zz HTTP/1.1\r\n\r\n", path)
			if resp, _ := rawAnswer(t, c); resp.StatusCode != http.StatusBadRequest {
				t.Errorf("answered %d", resp.StatusCode)
			}
		}
		const all = 1234
		for i := range all {
			ask(fmt.Sprint(i))
		}
		if events, _ := store.count(); events != floodAfter {
			t.Errorf("%d events are stored at once", events)
		}
		time.Sleep(floodPeriod)
		synctest.Wait()
		e := store.event(t, floodAfter+1)
		if e.Count != all-floodAfter || !strings.Contains(e.Answer.Reason, "1,224 such requests within 1m") || e.Path != "/1233%zz" {
			t.Errorf("stored %d requests as one: %+v, %s", e.Count, e.Answer, e.Path)
		}
		ask("later") // a new period
		for range floodAfter {
			ask("again")
		}
		if events, _ := store.count(); events != 2*floodAfter+1 {
			t.Errorf("%d events are stored later", events)
		}
		_ = p.Close(t.Context()) // does not wait for the end of the period
		if e := store.event(t, 2*floodAfter+2); e.Count != 0 || strings.Contains(e.Answer.Reason, "such requests") {
			t.Errorf("a single one is stored as %d: %+v", e.Count, e.Answer)
		}
		srv.Close()
	})
}

func TestTwoLengthsAreNotedAndEndTheConnection(t *testing.T) {
	addr, heads, bodies := recordingApp(t)
	r := newRig(t, addr)
	c := r.raw("POST / HTTP/1.1\r\nHost: x\r\ncontent-length: 2\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" +
		"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
	resp, body := rawAnswer(t, c)
	if resp.StatusCode != http.StatusOK || !resp.Close {
		t.Errorf("answered %d %s, close %t", resp.StatusCode, body, resp.Close)
	}
	if head, body := <-heads, <-bodies; !strings.Contains(head, "Content-Length: 5\r\n") || body != "hello" {
		t.Errorf("the app got %q %q", head, body)
	}
	_, _ = io.Copy(io.Discard, c)
	if events, _ := r.store.count(); events != 1 {
		t.Errorf("%d events are stored", events)
	}
	if e := r.store.event(t, 1); len(e.Notes) != 1 || !strings.Contains(e.Notes[0], "beside its Transfer-Encoding") {
		t.Errorf("noted %q", e.Notes)
	}
}

func TestATapCostsNothing(t *testing.T) {
	one, other := net.Pipe()
	defer one.Close()
	defer other.Close()
	c := &tap{Conn: one}
	go func() {
		b := make([]byte, 512)
		for {
			if _, err := other.Write(b); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 512)
	request := &http.Request{}
	if n := testing.AllocsPerRun(1000, func() {
		_, _ = c.Read(buf)
		c.enter(request)
		_, _ = c.Read(buf)
		c.next()
	}); n > 0 {
		t.Errorf("a request costs %v allocations", n)
	}
	c.enter(request)
	before := len(c.head)
	if _, _ = c.Read(buf); len(c.head) != before {
		t.Errorf("%d bytes of a body are kept", len(c.head)-before)
	}
}

// FuzzUnreadable holds that no head panics, and that what is kept of it is text
// that does nothing on a terminal and can be sent.
func FuzzUnreadable(f *testing.F) {
	for _, s := range []string{"", "POST /%zz HTTP/1.1\r\nHost: x\r\nA: \x1b[31m\xff\r\n\r\n{}", "\x16\x03\x01", "a b c\n\n", "GET / HTTP/1.1\nHost:\x00\nX\n"} {
		f.Add([]byte(s), 400, "HTTP/1.1 400 Bad Request: why\r\n")
	}
	f.Fuzz(func(t *testing.T, head []byte, status int, answer string) {
		one, other := net.Pipe()
		defer one.Close()
		defer other.Close()
		c := &tap{Conn: one, head: head}
		_, text := refusalStatus([]byte(answer))
		if m := c.diagnose(status, text); m.Reason == "" && text == "" {
			t.Error("there is no reason")
		}
		e := newUnreadable(c)
		for _, r := range e.Head {
			if r < ' ' && r != '\n' || r == 0x7f {
				t.Fatalf("the head is kept as %q", e.Head)
			}
		}
		if !httpwire.IsRequestTarget(e.Path) || !httpwire.IsRequestTarget(e.RawQuery) {
			t.Errorf("the path is kept as %q ? %q", e.Path, e.RawQuery)
		}
		for name, values := range e.Header {
			if !httpwire.IsToken(name) {
				t.Errorf("a header is kept as %q: %q", name, values)
			}
		}
	})
}
