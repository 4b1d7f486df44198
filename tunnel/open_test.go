package tunnel

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/tunnel/fakengrok"
	"github.com/taskhook/taskhook/webhook"
)

func TestRequestsComeThroughUnchanged(t *testing.T) {
	e := startEdge(t)
	o, _ := options(t, e)
	o.URL = "hooks.example.ngrok.app"
	tun := openTunnel(t, o)
	type seen struct {
		method, uri, host, body string
		header                  http.Header
	}
	got := make(chan seen, 1)
	serve(t, tun, func(w http.ResponseWriter, r *http.Request) {
		var b strings.Builder
		_, _ = fmt.Fprint(&b, readAll(r))
		got <- seen{r.Method, r.RequestURI, r.Host, b.String(), r.Header.Clone()}
		w.Header()["X-Reply"] = []string{"one", "two"}
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("short and stout"))
	})

	if s := tun.Status(); s.State != webhook.TunnelOnline || s.URL != "https://hooks.example.ngrok.app" || s.Since.IsZero() || s.Message != "" {
		t.Errorf("status is %+v", s)
	}
	if a := tun.Listener().Addr(); a.Network() != "ngrok" || a.String() != "hooks.example.ngrok.app" {
		t.Errorf("address is %s %s", a.Network(), a)
	}
	body := "{ \"a\" : 1,\r\n\x00\xff }\n" + strings.Repeat("x", 1<<20)
	resp, reply := call(t, e, http.MethodPut, "https://hooks.example.ngrok.app/a%2Fb?x=1&x=2",
		http.Header{"X-Twice": {"a", "b"}, "X-Wh-Signature": {"c2ln"}}, body)
	if resp.StatusCode != http.StatusTeapot || reply != "short and stout" || len(resp.Header["X-Reply"]) != 2 {
		t.Errorf("answered %d %q %v", resp.StatusCode, reply, resp.Header)
	}
	s := <-got
	if s.method != http.MethodPut || s.uri != "/a%2Fb?x=1&x=2" || s.host != "hooks.example.ngrok.app" {
		t.Errorf("arrived as %s %s at %s", s.method, s.uri, s.host)
	}
	if s.body != body {
		t.Errorf("the body has changed: %d bytes instead of %d", len(s.body), len(body))
	}
	if strings.Join(s.header["X-Twice"], " ") != "a b" || s.header.Get("X-Wh-Signature") != "c2ln" {
		t.Errorf("headers are %v", s.header)
	}
	if s.header.Get("X-Forwarded-For") != fakengrok.Visitor {
		t.Errorf("the visitor is %q", s.header.Get("X-Forwarded-For"))
	}
	if a := e.Auths(); len(a) != 1 || !strings.HasPrefix(a[0].Extra.UserAgent, "taskhook/1.2.3 ") {
		t.Errorf("ngrok was told %+v", a)
	}
}

func readAll(r *http.Request) string {
	var b strings.Builder
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Body.Read(buf)
		b.Write(buf[:n])
		if err != nil {
			return b.String()
		}
	}
}

func TestARefusalIsOneErrorWithCodeAndHint(t *testing.T) {
	for _, c := range []struct {
		name    string
		arrange func(*fakengrok.Edge, *Options)
		code    string
		message string
		hint    string
	}{
		{
			"wrong authtoken", func(e *fakengrok.Edge, _ *Options) { e.RequireToken("another") },
			"ERR_NGROK_107", "properly formed, but it is invalid", "NGROK_AUTHTOKEN",
		},
		{
			"too many agents", func(e *fakengrok.Edge, _ *Options) {
				e.RefuseSessions("ERR_NGROK_108", "Your account is limited to 1 simultaneous ngrok agent sessions.\r\nYou can view them in the dashboard.")
			},
			"ERR_NGROK_108", "limited to 1 simultaneous", "dashboard.ngrok.com/agents",
		},
		{
			"a code that is not in the table", func(e *fakengrok.Edge, _ *Options) { e.RefuseSessions("ERR_NGROK_99999", "No.") },
			"ERR_NGROK_99999", "ngrok refuses: No", "ngrok.com/docs/errors/err_ngrok_99999",
		},
		{
			"domain in use", func(e *fakengrok.Edge, o *Options) {
				o.URL = "https://busy.ngrok.app"
				e.Occupy("busy.ngrok.app")
			},
			"ERR_NGROK_334", "already online", "--url",
		},
		{
			"domain of another account", func(e *fakengrok.Edge, o *Options) {
				o.URL = "theirs.ngrok.app"
				e.Withdraw("theirs.ngrok.app")
			},
			"ERR_NGROK_320", "reserved for another account", "dashboard.ngrok.com/domains",
		},
		{
			"plan limit", func(e *fakengrok.Edge, _ *Options) {
				e.RefuseEndpoints("ERR_NGROK_324", "Your account may not run more than 3 endpoints over a single ngrok agent session.")
			},
			"ERR_NGROK_324", "more than 3 endpoints", "dashboard.ngrok.com/endpoints",
		},
		{
			"nobody there", func(_ *fakengrok.Edge, o *Options) { o.ConnectURL = closedPort(t) },
			"", "connection refused", "--ngrok-connect-url",
		},
		{
			"untrusted certificate", func(_ *fakengrok.Edge, o *Options) { o.CA = nil },
			"", "is not trusted", "--ngrok-ca",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := startEdge(t)
			o, _ := options(t, e)
			c.arrange(e, &o)
			tun, err := Open(t.Context(), o)
			if err == nil {
				_ = tun.Close()
				t.Fatal("it opened")
			}
			var te *Error
			if !errors.As(err, &te) {
				t.Fatalf("%v is a %T", err, err)
			}
			if te.Code != c.code || !strings.Contains(te.Message, c.message) || !strings.Contains(te.Hint, c.hint) {
				t.Errorf("code %q, message %q, hint %q", te.Code, te.Message, te.Hint)
			}
			if strings.Contains(fmt.Sprintf("%v %+v %q", err, te, te.Hint), token) {
				t.Error("the authtoken is in the error")
			}
			if strings.ContainsAny(err.Error(), "\r\n") || c.code != "" && !strings.HasSuffix(err.Error(), "("+c.code+")") {
				t.Errorf("error text is %q", err)
			}
			await(t, "the session is gone", func() bool { return e.Sessions() == 0 })
		})
	}
}

func TestARefusalIsNotRepeated(t *testing.T) {
	e := startEdge(t)
	o, _ := options(t, e)
	o.Authtoken = token + "x"
	if _, err := Open(t.Context(), o); err == nil {
		t.Fatal("it opened")
	}
	if n := len(e.Auths()); n != 1 {
		t.Errorf("ngrok was asked %d times", n)
	}
}

func TestOptionsThatCannotWorkNeedNoNetwork(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"no authtoken", Options{Authtoken: " "}, "no ngrok authtoken"},
		{"URL with a path", Options{Authtoken: token, URL: "https://a.ngrok.app/hooks"}, "not a domain"},
		{"URL of another kind", Options{Authtoken: token, URL: "tcp://a.ngrok.app:1"}, "not a domain"},
		{"URL without a host", Options{Authtoken: token, URL: "https://"}, "not a domain"},
		{"connect address with a path", Options{Authtoken: token, ConnectURL: "https://connect.example.com"}, "not an address"},
		{"no PEM", Options{Authtoken: token, CA: []byte("hello")}, "no certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Open(t.Context(), c.o)
			var te *Error
			if !errors.As(err, &te) || !strings.Contains(te.Message, c.want) || te.Hint == "" {
				t.Errorf("got %#v", err)
			}
		})
	}
}

func TestDomainsAndAddressesAreCompleted(t *testing.T) {
	for in, want := range map[string]string{
		"a.ngrok.app": "https://a.ngrok.app", "https://a.ngrok.app/": "https://a.ngrok.app",
		"http://a.ngrok.app": "http://a.ngrok.app", "": "",
	} {
		if got, err := endpointURL(in); err != nil || got != want {
			t.Errorf("URL %q becomes %q, %v", in, got, err)
		}
	}
	for in, want := range map[string]string{
		"c.example.com": "c.example.com:443", "c.example.com:8443": "c.example.com:8443", "::1": "[::1]:443", "[::1]:1": "[::1]:1", "": "",
	} {
		if got, err := connectAddress(in); err != nil || got != want {
			t.Errorf("address %q becomes %q, %v", in, got, err)
		}
	}
}

func TestASilentServiceIsGivenUp(t *testing.T) {
	e := startEdge(t)
	o, _ := options(t, e)
	e.Mute(true)
	_, err := open(t.Context(), o, 50*time.Millisecond)
	var te *Error
	if !errors.As(err, &te) || !strings.Contains(te.Message, "does not answer") || te.Hint == "" {
		t.Errorf("got %v", err)
	}
}

func TestOpenEndsWithItsContext(t *testing.T) {
	e := startEdge(t)
	o, _ := options(t, e)
	e.Mute(true)
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	result := make(chan error, 1)
	go func() {
		_, err := Open(ctx, o)
		result <- err
	}()
	await(t, "Open is connecting", func() bool { return e.Connections() > 0 })
	cancel(interrupted)
	if err := <-result; !errors.Is(err, interrupted) {
		t.Errorf("Open returned %v", err)
	}
}

func TestTheTunnelOutlivesTheContextOfOpen(t *testing.T) {
	e := startEdge(t)
	o, _ := options(t, e)
	ctx, cancel := context.WithCancel(t.Context())
	tun, err := Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	defer tun.Close()
	serve(t, tun, echo)
	cancel()
	if resp, body := call(t, e, http.MethodPost, tun.Status().URL, nil, "still here"); resp.StatusCode != http.StatusOK || body != "still here" {
		t.Errorf("answered %d %q", resp.StatusCode, body)
	}
}
