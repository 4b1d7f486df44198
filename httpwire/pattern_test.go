package httpwire

import (
	"strings"
	"testing"
)

func TestPatternMatches(t *testing.T) {
	tests := []struct {
		pattern, method, path string
		want                  bool
	}{
		{"GET /oauth/callback", "GET", "/oauth/callback", true},
		{"get /oauth/callback", "GET", "/oauth/callback", true},
		{"GET /oauth/callback", "POST", "/oauth/callback", false},
		{"GET /oauth/callback", "HEAD", "/oauth/callback", false},
		{"GET /oauth/callback", "GET", "/oauth/callback/", false},
		{"GET /oauth/callback/", "GET", "/oauth/callback/", true},
		{"GET /oauth/callback", "GET", "/OAuth/callback", false},
		{"GET /oauth/callback", "GET", "/oauth/%63allback", true},

		{"GET /oauth/*", "GET", "/oauth/callback", true},
		{"GET /oauth/*", "GET", "/oauth/", true},
		{"GET /oauth/*", "GET", "/oauth", false},
		{"GET /oauth/*", "GET", "/oauth/a/b", false},
		{"GET /oauth/*/done", "GET", "/oauth/taskee/done", true},
		{"GET /*.ico", "GET", "/favicon.ico", true},
		{"GET /oauth/**", "GET", "/oauth/a/b", true},
		{"GET /oauth/**", "GET", "/oauthor/a", false},
		{"GET /**/callback", "GET", "/callback", true},
		{"GET /**/callback", "GET", "/a/b/callback", true},
		{"GET /**/callback", "GET", "/a/mycallback", false},

		{"GET /a.b", "GET", "/aXb", false},
		{"GET /a%2Ab", "GET", "/a*b", true},
		{"GET /a%2Ab", "GET", "/aXb", false},
		{"GET /café", "GET", "/caf%C3%A9", true},
		{"GET /caf%c3%a9/*", "GET", "/café/x", true},

		// Paths that servers read in different ways.
		{"GET /oauth/**", "GET", "/oauth//x", false},
		{"GET /oauth/**", "GET", "/oauth/./x", false},
		{"GET /oauth/**", "GET", "/oauth/../webhooks", false},
		{"GET /oauth/**", "GET", "/oauth/..", false},
		{"GET /oauth/**", "GET", "/oauth/%2e%2e/webhooks", false},
		{"GET /oauth/**", "GET", "/oauth/.%2E/webhooks", false},
		{"GET /oauth/**", "GET", "/oauth/..%2fwebhooks", false},
		{"GET /oauth/*", "GET", "/oauth/a%2Fb", false},
		{"GET /oauth/*", "GET", "/oauth/a%2eb", false},
		{"GET /oauth/**", "GET", `/oauth/..\webhooks`, false},
		{"GET /oauth/**", "GET", "/oauth/..%5cwebhooks", false},
		{"GET /oauth/**", "GET", "/oauth/..;/webhooks", false},
		{"GET /oauth/**", "GET", "/oauth/%252e%252e/webhooks", false},
		{"GET /oauth/**", "GET", "/oauth/..%c0%afwebhooks", false},
		{"GET /oauth/**", "GET", "/oauth/a%00", false},
		{"GET /oauth/**", "GET", "/oauth/a%0ab", false},
		{"GET /oauth/**", "GET", "/oauth/%zz", false},
		{"GET /**", "GET", "*", false},
		{"GET /**", "GET", "", false},
	}
	for _, tt := range tests {
		p, err := ParsePattern(tt.pattern)
		if err != nil {
			t.Errorf("ParsePattern(%q): %v", tt.pattern, err)
			continue
		}
		if got := p.Matches(tt.method, tt.path); got != tt.want {
			t.Errorf("%q matches %s %s: %v", tt.pattern, tt.method, tt.path, got)
		}
		again, err := ParsePattern(p.String())
		if err != nil || again.String() != p.String() || again.Matches(tt.method, tt.path) != tt.want {
			t.Errorf("%q is written as %q, which is read as %q, %v", tt.pattern, p, again, err)
		}
	}
	if (Pattern{}).Matches("", "") || (Pattern{}).Covers("") {
		t.Error("the zero value selects something")
	}
}

func TestParsePatternSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "want a method and a path, such as 'GET /oauth/*'",
		"/oauth/*":               "want a method and a path, such as 'GET /oauth/*'",
		"GET /oauth callback":    "want a method and a path, such as 'GET /oauth/*'",
		"* /oauth":               "name one method; another one needs a rule of its own",
		"G(T /oauth":             `"G(T" is not a method; want one such as GET`,
		"GET oauth":              `the path "oauth" does not begin with a slash`,
		"GET http://x/oauth":     `the path "http://x/oauth" does not begin with a slash`,
		"GET /oauth?code=*":      "leave the query out: the path alone is looked at",
		"GET /oauth/../webhooks": `no request fits "/oauth/../webhooks"`,
		"GET //oauth":            `no request fits "//oauth"`,
		"GET /oauth%2fcallback":  `no request fits "/oauth%2fcallback"`,
		"GET /oauth%zz":          `no request fits "/oauth%zz"`,
	} {
		_, err := ParsePattern(text)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("ParsePattern(%q) = %v, want %q", text, err, want)
		}
	}
}

func TestPatternCovers(t *testing.T) {
	tests := []struct {
		pattern, path string
		want          bool
	}{
		{"POST /webhooks", "/webhooks", true},
		{"GET /webhooks", "/webhooks", true},
		{"POST /**", "/webhooks", true},
		{"POST /web*", "/webhooks", true},
		{"POST /Webhooks", "/webhooks", true},
		{"POST /webhooks/", "/webhooks", true},
		{"POST /webhooks", "/webhooks/", true},
		{"POST /*", "/Webhooks/", true},
		{"POST /hooks/taskee", "/hooks/t%61skee", true},
		{"GET /", "/", true},
		{"GET /**", "/", true},
		{"GET /webhooks/status", "/webhooks", false},
		{"GET /webhooks/*", "/webhooks", false},
		{"GET /oauth/**", "/webhooks", false},
	}
	for _, tt := range tests {
		p, err := ParsePattern(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Covers(tt.path); got != tt.want {
			t.Errorf("%q covers %s: %v", tt.pattern, tt.path, got)
		}
	}
}

func TestExactPattern(t *testing.T) {
	tests := []struct{ method, path, want string }{
		{"GET", "/oauth/callback", "GET /oauth/callback"},
		{"PROPFIND", "/", "PROPFIND /"},
		{"GET", "/a*b", "GET /a%2Ab"},
		{"GET", "/caf\xc3\xa9/it's", "GET /caf%C3%A9/it's"},
		{"get", "/a", ""},
		{"GET", "/oauth/../x", ""},
		{"GET", "/a%2fb", ""},
		{"GET", "*", ""},
		{"GET", "/a b", ""},
		{"GET", "/" + strings.Repeat("a", 300), ""},
	}
	for _, tt := range tests {
		p, ok := ExactPattern(tt.method, tt.path)
		switch {
		case ok != (tt.want != ""):
			t.Errorf("%s %s: %v, %v", tt.method, tt.path, p, ok)
		case ok && (p.String() != tt.want || !p.Matches(tt.method, tt.path)):
			t.Errorf("%s %s: %q, matches it: %v", tt.method, tt.path, p, p.Matches(tt.method, tt.path))
		}
	}
}

func FuzzExactPattern(f *testing.F) {
	f.Add("GET", "/oauth/callback")
	f.Add("GET", "/a%2Ab*c")
	f.Fuzz(func(t *testing.T, method, path string) {
		if p, ok := ExactPattern(method, path); ok && !p.Matches(method, path) {
			t.Errorf("%q, made of %s %q, does not match it", p, method, path)
		}
	})
}
