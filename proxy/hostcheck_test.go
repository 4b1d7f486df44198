package proxy

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/webhook"
)

func TestForwardedHeadersCanBeLeftOut(t *testing.T) {
	const edge = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Host: hooks.example.com\r\nX-Forwarded-Proto: https\r\n" +
		"X-Forwarded-Port: 443\r\nForwarded: host=hooks.example.com\r\n"
	addr, heads, _ := recordingApp(t)
	r := newRig(t, addr, func(o *Options) {
		o.NoForwarded = true
		o.Header = http.Header{"X-Forwarded-Proto": {"https"}} // asked for in so many words
	})
	r.addr = r.ingress(webhook.SourceTunnel, valid)
	rawAnswer(t, r.raw("POST / HTTP/1.1\r\nHost: hooks.example.com\r\n"+edge+"X-Own: 1\r\nContent-Length: 0\r\n\r\n"))
	head := <-heads
	if strings.Contains(head, "hooks.example.com") || strings.Count(head, "orwarded") != 1 || !strings.Contains(head, "X-Forwarded-Proto: https\r\n") || !strings.Contains(head, "X-Own: 1\r\n") {
		t.Errorf("the app got %q", head)
	}
	if e, a := r.store.event(t, 1), r.store.attempt(t); e.Header.Get("X-Forwarded-Host") != "hooks.example.com" || !a.Unforwarded {
		t.Errorf("stored %v", e.Header)
	}
}

func TestAHostCheckIsNamed(t *testing.T) {
	const (
		forwarded = "refuses the X-Forwarded-Host a1b2.ngrok.app: leave it out with --forwarded-headers off"
		host      = "refuses the Host %s: choose another with --host NAME"
	)
	off := func(o *Options) { o.NoForwarded = true }
	preserve := func(o *Options) { o.Host, o.NoForwarded = HostPreserve, true }
	tests := []struct {
		name   string
		status int
		body   string
		change func(*Options)
		want   string // %s is the target's address
	}{
		{"Rails", 403, "Blocked hosts: a1b2.ngrok.app", nil, forwarded},
		{"Rails, older", 403, "<h1>Blocked host: a1b2.ngrok.app</h1>", nil, forwarded},
		{"Django", 400, "DisallowedHost at /\nInvalid HTTP_HOST header: 'a1b2.ngrok.app'. You may need to add it to ALLOWED_HOSTS.", nil, forwarded},
		{"Vite", 403, `Blocked request. This host ("a1b2.ngrok.app") is not allowed.`, nil, forwarded},
		{"webpack", 403, "Invalid Host header", nil, forwarded},
		{"Starlette", 400, "Invalid host header", nil, forwarded},
		{"ASP.NET", 400, "<h2>Bad Request - Invalid Hostname</h2>", nil, forwarded},
		{"Flask", 400, "<p>Host &#39;a1b2.ngrok.app&#39; is not trusted.</p>", nil, forwarded},
		{"Sinatra", 403, "Host not permitted", nil, forwarded},
		{"Laravel", 400, `Untrusted Host "a1b2.ngrok.app".`, nil, forwarded},
		{"it names the Host", 403, "Blocked host: 127.0.0.1", nil, host},
		{"there is no other", 403, "Invalid Host header", off, host},
		{"the sender's Host", 403, "Blocked host: a1b2.ngrok.app", preserve, "refuses the Host a1b2.ngrok.app: choose another"},
		{"misdirected", 421, "", off, host},
		{"another 400", 400, "invalid JSON", nil, ""},
		{"another status", 200, "Blocked host: a1b2.ngrok.app", nil, ""},
		{"words of something else", 403, "the signature is not trusted", nil, "--sign dev"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr := app(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", "gzip") // the sender takes it
				w.WriteHeader(tt.status)
				z := gzip.NewWriter(w)
				_, _ = fmt.Fprint(z, tt.body)
				_ = z.Close()
			})
			change := tt.change
			if change == nil {
				change = func(*Options) {}
			}
			r := newRig(t, addr+"/hook", change)
			req, err := http.NewRequest(http.MethodPost, "http://"+r.addr+"/", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = "a1b2.ngrok.app"
			r.do(req)
			want := strings.Replace(tt.want, "%s", addr, 1)
			if hint := r.store.attempt(t).Hint; !strings.Contains(hint, want) || want == "" && hint != "" {
				t.Errorf("the hint is %q, want %q", hint, want)
			}
		})
	}
}
