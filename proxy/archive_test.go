package proxy

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/export"
)

// TestAnArchiveHasTheRequestThatTheAppGot holds the exporter against what was
// sent: request line, Host, Content-Length and X-Forwarded headers included.
func TestAnArchiveHasTheRequestThatTheAppGot(t *testing.T) {
	tests := []struct {
		name, request string
		change        func(*Options)
		url           string // behind the origin
	}{
		{"a webhook", "POST /caf\xe9/a%41?n=\xe9&m=%41 HTTP/1.1\r\nHost: public.test\r\nX-Two: b\r\nX-Two: a\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nContent-Length: 2\r\n\r\n{}", nil, "/caf%E9/a%41?n=%E9&m=%41"},
		{"without a length", "POST /x HTTP/1.1\r\nHost: public.test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", nil, "/x"},
		{"with trailers", "POST /x HTTP/1.1\r\nHost: public.test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\n{}\r\n0\r\nX-Sum: 7\r\n\r\n", nil, "/x"},
		{"forwarded before", "GET /x HTTP/1.1\r\nHost: public.test\r\nConnection: close\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-For: 192.0.2.8\r\nX-Forwarded-Host: a.test\r\nX-Forwarded-Proto: https\r\n\r\n", nil, "/x"},
		{"the host that was asked", "GET /x HTTP/1.1\r\nHost: public.test\r\nConnection: close\r\n\r\n", func(o *Options) { o.Host = HostPreserve }, "/x"},
		{"a host of its own", "GET /x HTTP/1.1\r\nHost: public.test\r\nConnection: close\r\n\r\n", func(o *Options) { o.Host = "app.test" }, "/x"},
		{"without forwarded headers", "GET /x HTTP/1.1\r\nHost: public.test\r\nConnection: close\r\nForwarded: host=a.test\r\nX-Forwarded-Port: 443\r\n\r\n", func(o *Options) { o.NoForwarded = true }, "/x"},
		{"no path at all", "OPTIONS * HTTP/1.1\r\nHost: public.test\r\nConnection: close\r\n\r\n", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr, heads, _ := recordingApp(t)
			r := newRig(t, addr, func(o *Options) {
				if tt.change != nil {
					tt.change(o)
				}
			})
			rawAnswer(t, r.raw(tt.request))
			a := r.store.attempt(t)
			record := webhook.Record{Summary: webhook.Summary{Event: r.store.event(t, 1)}, History: []webhook.Attempt{a}}
			line, fields, _ := strings.Cut(<-heads, "\r\n")
			fields = strings.Replace(fields, "Via: 1.1 "+r.proxy.mark+"\r\n", "", 1) // which is of this run alone
			got, target := archived(t, record)
			if want := strings.TrimSuffix(fields, "\r\n"); got.headers != want {
				t.Errorf("the archive has\n%s\nthe app got\n%s", got.headers, want)
			}
			if got.url != "http://"+addr+tt.url {
				t.Errorf("the URL is %s", got.url)
			}
			if path, _, _ := strings.Cut(strings.TrimPrefix(line, got.method+" "), " "); target != "" && target != path {
				t.Errorf("the request target is %q, the app got %q", target, line)
			}
		})
	}
}

// archivedRequest is a request of an archive as lines.
type archivedRequest struct{ method, url, headers string }

func archived(t *testing.T, r webhook.Record) (q archivedRequest, target string) {
	t.Helper()
	var b bytes.Buffer
	for _, f := range export.Formats() {
		if f.Name != "har" {
			continue
		}
		w := f.New(&b, export.Options{})
		if err := w.Event(r); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var archive struct {
		Log struct {
			Entries []struct {
				Request struct {
					Method  string
					URL     string
					Target  string `json:"_requestTarget"`
					Headers []struct{ Name, Value string }
				}
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &archive); err != nil {
		t.Fatal(err)
	}
	got := archive.Log.Entries[0].Request
	q = archivedRequest{method: got.Method, url: got.URL}
	for _, h := range got.Headers {
		q.headers += h.Name + ": " + h.Value + "\r\n"
	}
	return q, got.Target
}
