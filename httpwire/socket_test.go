//go:build unix

package httpwire

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestATargetCanBeAUnixSocket(t *testing.T) {
	here, err := filepath.Abs("tmp/puma.sock")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ in, want, address, url string }{
		{"unix:/run/app.sock", "unix:/run/app.sock", "/run/app.sock", "unix:/run/app.sock:/webhooks?a=1"},
		{"unix:///run/app.sock", "unix:/run/app.sock", "/run/app.sock", "unix:/run/app.sock:/webhooks?a=1"},
		{"UNIX:/run/My App.sock", "unix:/run/My App.sock", "/run/My App.sock", "unix:/run/My App.sock:/webhooks?a=1"},
		{"unix:/run/app.sock:/hook", "unix:/run/app.sock:/hook", "/run/app.sock", "unix:/run/app.sock:/hook?a=1"},
		{"unix:/run/app.sock:/hook?k=v", "unix:/run/app.sock:/hook?k=v", "/run/app.sock", "unix:/run/app.sock:/hook?k=v&a=1"},
		{"unix:/run/app.sock:?k=v", "unix:/run/app.sock:?k=v", "/run/app.sock", "unix:/run/app.sock:/webhooks?k=v&a=1"},
		{"unix:@app", "unix:@app", "@app", "unix:@app:/webhooks?a=1"},
		{"unix:tmp/puma.sock", "unix:" + here, here, "unix:" + here + ":/webhooks?a=1"},
		{"unix:3000/hook", "http://unix:3000/hook", "unix:3000", "http://unix:3000/hook?a=1"},
	}
	for _, tt := range tests {
		got, err := ParseTarget(tt.in)
		if err != nil || got.String() != tt.want || got.Origin().Address() != tt.address || got.URL("/webhooks", "a=1") != tt.url {
			t.Errorf("ParseTarget(%q) = %q at %q, %v", tt.in, got, got.Origin().Address(), err)
		}
		if o := got.Origin(); o.Network() == "unix" && (!o.IsLoopback() || o.Authority() != "localhost" || o.TLS()) {
			t.Errorf("%q is on this machine, and asked as localhost: %+v", tt.in, o)
		}
		again, err := ParseTarget(got.String())
		if err != nil || again != got {
			t.Errorf("%q became %q, %v", got, again, err)
		}
	}
}

func TestAUnixSocketSaysWhatIsWrong(t *testing.T) {
	tests := []struct{ in, want string }{
		{"unix:", "path of the socket is missing"},
		{"unix:/run/", "path of the socket is missing"},
		{"unix://run/app.sock", "write the whole path of the socket"},
		{"unix:~/app.sock", "~ means your home directory in a shell only"},
		{"unix:/run/app.sock:3000", "not a path such as /run/app.sock:/webhooks"},
		{"unix:/run/app\n.sock", "control character"},
		{"unix:/run/app.sock:/a b", "space"},
		{"unix:/run/app.sock:/#x", "fragment"},
		{"unix:/" + strings.Repeat("x", 107), "at most 107 bytes, and this one 108"},
	}
	for _, tt := range tests {
		got, err := ParseTarget(tt.in)
		if !errors.Is(err, ErrTarget) || !strings.Contains(err.Error(), tt.want) || !got.IsZero() {
			t.Errorf("ParseTarget(%q) = %q, %v; want an error with %q", tt.in, got, err, tt.want)
		}
	}
}
