package proxy

import (
	"net/http"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/webhook"
)

func TestAForeignPageDoesNotReachTheApp(t *testing.T) {
	const firefox = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
	tests := []struct {
		name, method, host, headers string
		rejected                    bool
	}{
		{"a page that posts", "POST", "evil.test:4480", "Origin: http://evil.test:4480\r\n", true},
		{"a sandboxed page", "POST", "evil.test", "Origin: null\r\n", true},
		{"a preflight", "OPTIONS", "evil.test", "Origin: http://evil.test\r\n", true},
		{"a link elsewhere", "GET", "evil.test", "Sec-Fetch-Site: cross-site\r\n", true},
		{"a page on a sibling", "GET", "evil.test", "Sec-Fetch-Site: same-site\r\n", true},
		{"a page that reads its own origin over http", "GET", "evil.test", firefox, true},
		{"an address for all", "POST", "0.0.0.0:4480", "Origin: http://evil.test\r\n", true},
		{"an address in the name", "POST", "127.0.0.1.evil.test", "Origin: http://evil.test\r\n", true},
		{"a trustworthy origin", "GET", "hooks.test", firefox + "Sec-Fetch-Site: same-origin\r\n", false},
		{"typed in", "GET", "hooks.test", firefox + "Sec-Fetch-Site: none\r\n", false},
		{"an address in the local network", "GET", "192.0.2.7:4480", firefox, false},
		{"a page elsewhere that posts to an address", "POST", "192.0.2.7:4480", firefox + "Origin: http://evil.test\r\n", true},
		{"no browser", "POST", "gateway.test", "User-Agent: curl/8\r\n", false},
		{"a sender with a browser's name", "POST", "gateway.test", "User-Agent: Mozilla/5.0 (compatible; hooks)\r\n", false},
		{"the public URL", "POST", "Public.example.com", "Origin: https://other.test\r\n", false},
		{"the public URL with a port", "GET", "public.example.com:443", "Sec-Fetch-Site: cross-site\r\n", false},
		{"loopback by name", "POST", "localhost:4480", "Origin: http://evil.test\r\n", false},
		{"loopback by address", "POST", "127.0.0.1:4480", "Origin: http://evil.test\r\n", false},
		{"loopback by IPv6", "POST", "[::1]:4480", "Origin: http://evil.test\r\n", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr, heads, _ := recordingApp(t)
			r := newRig(t, addr, func(o *Options) {
				o.Mode, o.PublicURL = ModeOff, func() string { return "https://public.example.com" }
			})
			resp, body := rawAnswer(t, r.raw(tt.method+" /private HTTP/1.1\r\nHost: "+tt.host+"\r\n"+tt.headers+"\r\n"))
			e := r.store.event(t, 1)
			if !tt.rejected {
				if resp.StatusCode != http.StatusOK || len(heads) != 1 || e.Decision.Rejected() {
					t.Errorf("answered %d %s, stored %q", resp.StatusCode, body, e.Decision)
				}
				return
			}
			m := r.message(body)
			if resp.StatusCode != http.StatusForbidden || len(heads) != 0 || !strings.Contains(m.Reason, tt.host) || !strings.Contains(m.Next, "--url") {
				t.Errorf("answered %d %s", resp.StatusCode, body)
			}
			if e.Decision != webhook.RejectedBrowser || e.Answer.Status != http.StatusForbidden || e.Path != "/private" || e.Host != tt.host {
				t.Errorf("stored %+v", e)
			}
		})
	}
}

// TestWhereAPageIsNoDanger has requests of a page that are let through, or
// rejected for another reason.
func TestWhereAPageIsNoDanger(t *testing.T) {
	unsigned := verdict{Status: webhook.Unsigned}
	tests := []struct {
		name     string
		source   webhook.Source
		mode     string
		v        verdict
		decision webhook.Decision
	}{
		{"the tunnel has a name of its own", webhook.SourceTunnel, ModeWarn, unsigned, webhook.DecisionNone},
		{"what is signed is no page's", webhook.SourceLocal, ModeWarn, valid, webhook.DecisionNone},
		{"enforced", webhook.SourceLocal, ModeEnforce, unsigned, webhook.RejectedUnsigned},
		{"only warned of", webhook.SourceLocal, ModeWarn, unsigned, webhook.RejectedBrowser},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr, _, _ := recordingApp(t)
			r := newRigWith(t, addr, tt.v, func(o *Options) { o.Mode = tt.mode })
			r.addr = r.ingress(tt.source, tt.v)
			rawAnswer(t, r.raw("POST / HTTP/1.1\r\nHost: evil.test\r\nOrigin: http://evil.test\r\nContent-Length: 2\r\n\r\n{}"))
			if e := r.store.event(t, 1); e.Decision != tt.decision {
				t.Errorf("stored as %q", e.Decision)
			}
		})
	}
}
