package cli

import (
	"net/url"
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
