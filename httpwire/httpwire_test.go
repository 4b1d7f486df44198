package httpwire

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
)

func TestHeadersOfOneConnection(t *testing.T) {
	tests := []struct {
		name       string
		connection []string
		want       bool
	}{
		{"Connection", nil, true},
		{"keep-alive", nil, true},
		{"TE", nil, true},
		{"Proxy-Authorization", nil, true},
		{"http2-settings", nil, true},
		{"Host", nil, true},
		{"content-length", nil, true},
		{"Expect", nil, true},
		{"Content-Type", nil, false},
		{"Authorization", nil, false},
		{"X-Own", []string{"close, x-own"}, true},
		{"x-own", []string{"close", "X-Own "}, true},
		{"X-Owner", []string{"x-own"}, false},
	}
	for _, tt := range tests {
		if got := HopByHop(tt.name, tt.connection); got != tt.want {
			t.Errorf("HopByHop(%q, %q) = %v", tt.name, tt.connection, got)
		}
	}
}

func TestWhatARequestCanBeWrittenWith(t *testing.T) {
	tests := []struct {
		what     string
		is       func(string) bool
		yes, not []string
	}{
		{"token", IsToken, []string{"POST", "X-A", "a!b~"}, []string{"", "a b", "a:b", "a/b", "é", "a\r\n", "a\x7f"}},
		{"field value", IsFieldValue, []string{"", "a: b", "a\tb", "é"}, []string{"a\r\nb", "a\x00", "\x7f"}},
		{"host", IsHost, []string{"localhost:3000", "[::1]:80", "app.test"}, []string{"", "a b", "a/b", "a@b", "é", "a\n"}},
		{"request target", IsRequestTarget, []string{"", "*", "/a%20b", "/é"}, []string{"/a b", "/a\n", "/\x7f"}},
	}
	for _, tt := range tests {
		for _, s := range tt.yes {
			if !tt.is(s) {
				t.Errorf("%q is a %s", s, tt.what)
			}
		}
		for _, s := range tt.not {
			if tt.is(s) {
				t.Errorf("%q is no %s", s, tt.what)
			}
		}
	}
}

func TestLoopback(t *testing.T) {
	for _, host := range []string{"localhost", "LOCALHOST:80", "app.localhost", "localhost.", "Tenant1.Localhost.:80", "127.0.0.1", "127.9.9.9:1", "::1", "[::1]", "[::1]:80", "::ffff:127.0.0.1"} {
		if !IsLoopback(host) {
			t.Errorf("%s is this machine", host)
		}
	}
	for _, host := range []string{"", "localhost.test", "localhost..", ".localhost.test", "notlocalhost", "10.0.0.1", "0.0.0.0", "[::]:80", "192.168.1.1:80", "127.0.0.1.test"} {
		if IsLoopback(host) {
			t.Errorf("%q is not only this machine", host)
		}
	}
}

func TestLocalhostIsBothLoopbackAddresses(t *testing.T) {
	var tried []string
	only := "[::1]:3000"
	d := Dialer{Connect: func(_ context.Context, _, address string) (net.Conn, error) {
		tried = append(tried, address)
		if address != only {
			return nil, errors.New(address + " refused")
		}
		c, _ := net.Pipe()
		return c, nil
	}}
	tests := []struct {
		name, answers, address string
		want                   []string
		err                    string
	}{
		{"the second is tried", "[::1]:3000", "localhost:3000", []string{"127.0.0.1:3000", "[::1]:3000"}, ""},
		{"what answered is tried first", "[::1]:3000", "localhost:3000", []string{"[::1]:3000"}, ""},
		{"an app that moved is found", "127.0.0.1:3000", "localhost:3000", []string{"[::1]:3000", "127.0.0.1:3000"}, ""},
		{"both say why", "", "localhost:3000", []string{"127.0.0.1:3000", "[::1]:3000"}, "127.0.0.1:3000 refused; [::1]:3000 refused"},
		{"a name under it", "[::1]:3000", "tenant1.localhost:3000", []string{"127.0.0.1:3000", "[::1]:3000"}, ""},
		{"an absolute name", "[::1]:3000", "LOCALHOST.:3000", []string{"[::1]:3000"}, ""},
		{"other names are left alone", "app.test:80", "app.test:80", []string{"app.test:80"}, ""},
	}
	for _, tt := range tests {
		tried, only = nil, tt.answers
		c, err := d.DialContext(t.Context(), "tcp", tt.address)
		if c != nil {
			_ = c.Close()
		}
		if !slices.Equal(tried, tt.want) || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: tried %q, %v", tt.name, tried, err)
		}
	}
}

func TestACancelledDialTriesNothingMore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	tries := 0
	d := Dialer{Connect: func(ctx context.Context, _, _ string) (net.Conn, error) {
		tries++
		cancel()
		return nil, ctx.Err()
	}}
	if _, err := d.DialContext(ctx, "tcp", "localhost:3000"); !errors.Is(err, context.Canceled) || tries != 1 {
		t.Errorf("%d tries, %v", tries, err)
	}
}
