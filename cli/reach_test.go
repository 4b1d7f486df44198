package cli

import (
	"io"
	"log"
	"net"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestProxyVariables(t *testing.T) {
	env := map[string]string{"http_proxy": "proxy.test:3128", "HTTPS_PROXY": "http://secure.test:3128", "NO_PROXY": "inside.test,10.0.0.0/8"}
	a := &app{env: func(name string) string { return env[name] }}
	tests := []struct{ url, want string }{
		{"http://app.test:8080/a", "http://proxy.test:3128"},
		{"https://app.test/a", "http://secure.test:3128"},
		{"http://app.inside.test", ""},
		{"http://10.1.2.3:3000", ""},
		{"http://localhost:3000", ""},
		{"http://localhost.:3000", ""},
		{"https://tenant1.localhost:3000", ""},
		{"http://127.0.0.9", ""},
		{"http://[::1]:3000", ""},
	}
	for _, tt := range tests {
		u, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		proxy, err := a.via()(u)
		got := ""
		if proxy != nil {
			got = proxy.String()
		}
		if err != nil || got != tt.want {
			t.Errorf("%s goes through %q, %v", tt.url, got, err)
		}
	}
}

func TestTriggerSaysWhatIsWrongWithTheConnection(t *testing.T) {
	dir, _ := testPair(t, "b")
	secure := httptest.NewUnstartedServer(nil)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(nil)
	t.Cleanup(plain.Close)
	closing, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = closing.Close() })
	go func() {
		for c, err := closing.Accept(); err == nil; c, err = closing.Accept() {
			_ = c.Close()
		}
	}()
	tests := []struct{ name, to, out, hint string }{
		{"a certificate of its own", secure.URL, "x509: certificate signed by unknown authority", "taskhook listen " + secure.URL + "/webhooks --insecure"},
		{"no TLS", strings.Replace(plain.URL, "http:", "https:", 1), "HTTP response to HTTPS client", "your app speaks http: --to " + plain.URL},
		{"closed without a word", "http://" + closing.Addr().String(), "no answer", "does it speak https, or only HTTP/2?"},
		{"no socket", "unix:/nosuch/app.sock", "no such file or directory", "is your app running, and is this its address? unix:/nosuch/app.sock:/webhooks"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			runIn(t.Context(), t, dir, nil, "trigger", "ContactCreate", "--to", tt.to).check(t, 1, tt.out, tt.hint)
		})
	}
}
