package httpwire

import (
	"errors"
	"strings"
	"testing"
)

func TestParseTarget(t *testing.T) {
	tests := []struct{ in, want string }{
		{"3000", "http://localhost:3000"},
		{":3000", "http://localhost:3000"},
		{"03000", "http://localhost:3000"},
		{"localhost", "http://localhost"},
		{"LOCALHOST:3000", "http://localhost:3000"},
		{"app.test:8080", "http://app.test:8080"},
		{"my_app:8080", "http://my_app:8080"},
		{"127.0.0.1:8080", "http://127.0.0.1:8080"},
		{"[::1]:3000", "http://[::1]:3000"},
		{"[::1]", "http://[::1]"},
		{"3000/webhooks", "http://localhost:3000/webhooks"},
		{":3000/webhooks/taskee", "http://localhost:3000/webhooks/taskee"},
		{"3000?token=1", "http://localhost:3000?token=1"},
		{"3000/hook?a=1&b=2", "http://localhost:3000/hook?a=1&b=2"},
		{"http://localhost:3000", "http://localhost:3000"},
		{"http://localhost:3000/", "http://localhost:3000"},
		{"HTTP://localhost:3000", "http://localhost:3000"},
		{"http://localhost:80/x", "http://localhost/x"},
		{"https://app.test", "https://app.test"},
		{"https://app.test:443/x", "https://app.test/x"},
		{"https://app.test:8443/a%2Fb", "https://app.test:8443/a%2Fb"},
		{"3000/wébhook?ä", "http://localhost:3000/w%C3%A9bhook?%C3%A4"},
		{"3000/hook?next=http://other.test/x", "http://localhost:3000/hook?next=http://other.test/x"},
		{"3000/a//b", "http://localhost:3000/a//b"},
	}
	for _, tt := range tests {
		got, err := ParseTarget(tt.in)
		if err != nil || got.String() != tt.want {
			t.Errorf("ParseTarget(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestParseTargetSaysWhatIsWrong(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", "empty"},
		{" 3000", "space"},
		{"my app:3000", "space"},
		{"3000/a\nb", "control character"},
		{"0", "port 0 is out of range"},
		{"65536", "port 65536 is out of range"},
		{"99999999999999999999", "out of range"},
		{"localhost:0", "port 0 is out of range"},
		{"localhost:", "port is missing"},
		{":", "host is missing"},
		{"localhost:abc", `port "abc" is not a number from 1 to 65535`},
		{"localhost:3000:4000", "it has more than one port"},
		{"ftp://localhost:21", "scheme is ftp"},
		{"file:///etc/hosts", "scheme is file"},
		{"http://", "host is missing"},
		{"http://user:secret@localhost:3000", "user name"},
		{"user@localhost:3000", "user name"},
		{"3000#top", "fragment"},
		{"http://localhost:3000/x#", "fragment"},
		{"::1", "write an IPv6 address in brackets, such as [::1]"},
		{"foo:bar/x", `port "bar" is not a number`},
		{"fe80::abcd", "write an IPv6 address in brackets, such as [fe80::abcd]"},
		{"[::1", "[::1 is not an IPv6 address in brackets, such as [::1]:3000"},
		{"[abc]:3000", "[abc]:3000 is not an IPv6 address in brackets"},
		{"[127.0.0.1]:3000", "[127.0.0.1]:3000 is not an IPv6 address in brackets"},
		{"http://[fe80::1%25eth0]:3000", "zone"},
		{"müller.test:3000", "no host name has"},
		{"3000/%zz", "%zz is not a percent-encoded byte"},
	}
	for _, tt := range tests {
		got, err := ParseTarget(tt.in)
		if !errors.Is(err, ErrTarget) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("ParseTarget(%q) = %q, %v; want an error with %q", tt.in, got, err, tt.want)
		}
	}
}

func TestParseTargetNeverRepeatsASecret(t *testing.T) {
	for _, s := range []string{"http://user:hunter2@localhost:3000", "user:hunter2@localhost", "hunter2:%zz@x", "http://u:hunter2@v@x"} {
		_, err := ParseTarget(s)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
}

func TestPathAndQueryOfTarget(t *testing.T) {
	tests := []struct{ target, path, query, want string }{
		{"3000", "/webhooks", "a=1", "/webhooks?a=1"},
		{"3000", "/a%2Fb//c", "", "/a%2Fb//c"},
		{"3000", "", "", "/"},
		{"3000/hook", "/webhooks", "a=1", "/hook?a=1"},
		{"3000/hook?k=v", "/", "a=1", "/hook?k=v&a=1"},
		{"3000?k=v", "/x", "", "/x?k=v"},
	}
	for _, tt := range tests {
		target, err := ParseTarget(tt.target)
		if err != nil {
			t.Fatal(err)
		}
		path, query := target.Resolve(tt.path, tt.query)
		if query != "" {
			path += "?" + query
		}
		if path != tt.want {
			t.Errorf("%s asked for %s?%s = %s, want %s", tt.target, tt.path, tt.query, path, tt.want)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"3000", ":3000", "host:1/x?y", "https://[::1]:2/%2f", "http://a@b", "x#", "3000/é", "a:b:c", "//", "?", "http:/x", "unix:/a:/b?c", "unix:@a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		target, err := ParseTarget(s)
		if err != nil {
			if !errors.Is(err, ErrTarget) || target != (Target{}) {
				t.Fatalf("ParseTarget(%q) = %q, %v", s, target, err)
			}
			return
		}
		again, err := ParseTarget(target.String())
		if err != nil || again != target {
			t.Fatalf("%q became %q, and that %q, %v", s, target, again, err)
		}
		path, query := target.Resolve("/", "")
		if !IsRequestTarget(path) || !IsRequestTarget(query) || !IsHost(target.Origin().Authority()) {
			t.Fatalf("%q cannot be asked: %s", s, target)
		}
	})
}

func TestJoinURL(t *testing.T) {
	for _, tt := range []struct{ path, query, want string }{
		{"/a", "", "http://x:1/a"}, {"/a", "b=c", "http://x:1/a?b=c"}, {"", "b", "http://x:1?b"}, {Asterisk, "", "http://x:1"},
	} {
		if got := JoinURL("http://x:1", tt.path, tt.query); got != tt.want {
			t.Errorf("%q ? %q: %s, want %s", tt.path, tt.query, got, tt.want)
		}
	}
	at, err := ParseTarget("3000")
	if err != nil || at.URL(Asterisk, "") != "http://localhost:3000" {
		t.Errorf("%s, %v", at.URL(Asterisk, ""), err)
	}
}

func TestEscapeNonASCII(t *testing.T) {
	if got := EscapeNonASCII("/caf\xe9/é%41?<"); got != "/caf%E9/%C3%A9%41?<" {
		t.Errorf("%s", got)
	}
}
