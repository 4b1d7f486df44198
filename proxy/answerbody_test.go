package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSilenceEndsAnAnswerWhoseLengthIsBroken(t *testing.T) {
	open := make(chan struct{})
	r := newRig(t, rawApp(t, func(c net.Conn, _ int) {
		if _, _, err := readRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: ?\r\n\r\nbody")
			<-open
		}
	}))
	t.Cleanup(func() { close(open) })
	if resp, body := r.post("/hook", "{}"); resp.StatusCode != http.StatusOK || body != "body" {
		t.Errorf("answered %d %q", resp.StatusCode, body)
	}
	if a := r.store.attempt(t); a.Error != "" || len(a.Notes) != 2 || !strings.Contains(a.Notes[1], "nothing followed for 2s") {
		t.Errorf("recorded %q, %q", a.Error, a.Notes)
	}
}

func TestTrailersOfAnAnswerAreKeptAndPassedOn(t *testing.T) {
	const head, body = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", "3\r\nabc\r\n"
	sum := http.Header{"X-Sum": {"7"}}
	tests := []struct {
		name   string
		first  string // the app writes this, and waits until the sender has it
		answer string
		rule   string
		kept   http.Header
		passed http.Header
	}{
		{"announced", "", head + "Trailer: X-Sum\r\n\r\n" + body + "0\r\nX-Sum: 7\r\n\r\n", "", sum, sum},
		{"not announced", "", head + "\r\n" + body + "0\r\nX-Sum: 7\r\n\r\n", "", sum, sum},
		{"not announced, behind a body that has begun", head + "\r\n" + body, "0\r\nX-Sum: 7\r\n\r\n", "", sum, sum},
		{"announced, and another came", "", head + "Trailer: X-A\r\n\r\n" + body + "0\r\nX-Sum: 7\r\n\r\n", "", sum, http.Header{"X-Sum": {"7"}, "X-A": nil}},
		{"several, one broken", "", head + "\r\n" + body + "0\r\nX-Sum: 7\r\nbroken\r\nX-Sum: 8\r\n\r\n", "", http.Header{"X-Sum": {"7", "8"}}, http.Header{"X-Sum": {"7", "8"}}},
		{"one that none can be", "", head + "\r\n" + body + "0\r\nContent-Length: 9\r\nX-Sum: 7\r\n\r\n", "", sum, sum},
		{"behind a fault's delay", "", head + "\r\n" + body + "0\r\nX-Sum: 7\r\n\r\n", "delay-after:1ms", sum, sum},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			begun := make(chan struct{})
			r := newRig(t, rawApp(t, func(c net.Conn, _ int) {
				if _, _, err := readRequest(bufio.NewReader(c)); err != nil {
					return
				}
				if tt.first != "" {
					_, _ = io.WriteString(c, tt.first)
					<-begun
				}
				_, _ = io.WriteString(c, tt.answer)
			}))
			if tt.rule != "" {
				r.rule(tt.rule)
			}
			resp, err := r.client.Post("http://"+r.addr+"/hook", "application/json", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			close(begun)
			if got, err := io.ReadAll(resp.Body); err != nil || string(got) != "abc" {
				t.Fatalf("answered %q, %v", got, err)
			}
			if diff := cmp.Diff(tt.passed, resp.Trailer); diff != "" {
				t.Error("passed on", diff)
			}
			a := r.store.attempt(t)
			if diff := cmp.Diff(tt.kept, a.Trailer); diff != "" {
				t.Error("kept", diff)
			}
			if _, ok := a.Header["X-Sum"]; ok {
				t.Error("the trailer is among the headers")
			}
		})
	}
}
