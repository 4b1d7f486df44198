package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taskhook/taskhook/webhook"
)

// trailingApp answers 200 and hands over each request as it was read, with its
// body and trailers.
func trailingApp(t *testing.T) (addr string, requests chan *http.Request, bodies chan string) {
	requests, bodies = make(chan *http.Request, 100), make(chan string, 100)
	addr = rawApp(t, func(c net.Conn, _ int) {
		for br := bufio.NewReader(c); ; {
			req, err := http.ReadRequest(br)
			if err != nil {
				return
			}
			body, err := io.ReadAll(req.Body)
			if err != nil {
				t.Errorf("the app cannot read the body: %v", err)
			}
			requests <- req
			bodies <- string(body)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	return addr, requests, bodies
}

func TestTrailersOfARequestAreKeptAndPassedOn(t *testing.T) {
	large := strings.Repeat("x", 2*inlineBody)
	tests := []struct {
		name, announced, chunks, trailers string
		body                              string
		want                              http.Header
	}{
		{"announced", "Trailer: X-Sum\r\n", "2\r\n{}\r\n", "X-Sum: 7\r\n", "{}", http.Header{"X-Sum": {"7"}}},
		{"not announced", "", "2\r\n{}\r\n", "X-Sum: 7\r\nX-Sum: 8\r\nX-B: 1\r\n", "{}", http.Header{"X-Sum": {"7", "8"}, "X-B": {"1"}}},
		{"announced and not sent", "Trailer: X-Sum\r\n", "2\r\n{}\r\n", "", "{}", nil},
		{"after no body", "", "", "X-Sum: 7\r\n", "", http.Header{"X-Sum": {"7"}}},
		{"after a large body", "", fmt.Sprintf("%x\r\n%s\r\n", len(large), large), "X-Sum: 7\r\n", large, http.Header{"X-Sum": {"7"}}},
	}
	addr, requests, bodies := trailingApp(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, addr)
			resp, body := rawAnswer(t, r.raw("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"+tt.announced+"\r\n"+tt.chunks+"0\r\n"+tt.trailers+"\r\n"))
			if resp.StatusCode != http.StatusOK {
				t.Fatalf("answered %d %s", resp.StatusCode, body)
			}
			for _, sent := range []string{"received", "resent"} {
				if sent == "resent" {
					if _, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: 1}); err != nil {
						t.Fatal(err)
					}
				}
				req := <-requests
				if got := <-bodies; got != tt.body {
					t.Errorf("%s: the app got a body of %d bytes, want %d", sent, len(got), len(tt.body))
				}
				if d := cmp.Diff(tt.want, cameTrailer(req.Trailer)); d != "" {
					t.Errorf("%s: the app got other trailers: %s", sent, d)
				}
				if chunked := req.TransferEncoding != nil; chunked != (tt.want != nil) {
					t.Errorf("%s: the body is in chunks: %t", sent, chunked)
				}
			}
			if d := cmp.Diff(tt.want, r.store.event(t, 1).Trailer); d != "" {
				t.Errorf("others are stored: %s", d)
			}
		})
	}
}

func TestTrailersThatNobodyMayPassOnStayHere(t *testing.T) {
	addr, requests, bodies := trailingApp(t)
	r := newRig(t, addr)
	_, _ = rawAnswer(t, r.raw("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nConnection: close\r\nX-Sum: 7\r\n\r\n"))
	req := <-requests
	<-bodies
	if d := cmp.Diff(http.Header{"X-Sum": {"7"}}, cameTrailer(req.Trailer)); d != "" {
		t.Error(d)
	}
	if got := r.store.event(t, 1).Trailer; len(got) != 2 {
		t.Errorf("stored %v", got)
	}
}

func TestAnEditedBodyLosesItsTrailers(t *testing.T) {
	addr, requests, bodies := trailingApp(t)
	r := newRig(t, addr)
	_, _ = rawAnswer(t, r.raw("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n0\r\nX-Sum: 7\r\n\r\n"))
	<-requests
	<-bodies
	if _, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: 1, Set: []webhook.Edit{{Path: "a", Value: "2"}}, Sign: webhook.SignOriginal}); err != nil {
		t.Fatal(err)
	}
	if req, body := <-requests, <-bodies; len(req.Trailer) != 0 || body != `{"a":2}` || req.ContentLength != 7 {
		t.Errorf("the app got %s with %v", body, req.Trailer)
	}
}
