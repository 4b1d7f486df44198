package proxy

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// bySignature is a Verifier to which every signature is valid.
type bySignature struct{}

func (bySignature) Verify(h http.Header, _ []byte) webhook.Verdict {
	if h.Get(taskee.HeaderRSA) == "" {
		return webhook.Verdict{Status: webhook.Unsigned, Reason: "there is no signature"}
	}
	return webhook.Verdict{Status: webhook.Valid, Scheme: taskee.SchemeRSA, Key: "taskee"}
}

// skipping are options with rules of --skip-verify.
func skipping(t *testing.T, rules ...string) func(*Options) {
	t.Helper()
	return func(o *Options) {
		for _, text := range rules {
			rule, err := httpwire.ParsePattern(text)
			if err == nil {
				err = o.CheckSkipVerify(rule)
			}
			if err != nil {
				t.Fatal(err)
			}
			o.SkipVerify = append(o.SkipVerify, rule)
		}
	}
}

// send sends a request with a body and headers, "Name: value".
func (r *rig) send(method, path, body string, header ...string) (*http.Response, string) {
	r.t.Helper()
	req, err := http.NewRequest(method, "http://"+r.addr, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	// As it stands: net/url would clean some of these paths.
	path, req.URL.RawQuery, _ = strings.Cut(path, "?")
	req.URL.Opaque = path
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		req.Header[name] = append(req.Header[name], value)
	}
	return r.do(req)
}

func TestARequestThatIsNoWebhookPassesByARule(t *testing.T) {
	tests := []struct {
		name, method, path, body string
		header                   []string
		passes                   bool
	}{
		{name: "the redirect of OAuth", method: "GET", path: "/oauth/callback?code=abc&state=1", passes: true},
		{name: "a form of another service", method: "POST", path: "/slack/commands", body: `{"type":"ContactCreate","webhookId":"w"}`, passes: true},
		{name: "another method", method: "POST", path: "/oauth/callback"},
		{name: "HEAD is not GET", method: "HEAD", path: "/oauth/callback"},
		{name: "another path", method: "GET", path: "/admin"},
		{name: "deeper than a star", method: "GET", path: "/oauth/a/b"},
		{name: "a path that changes when it is cleaned", method: "GET", path: "/oauth/../webhooks"},
		{name: "an encoded slash", method: "GET", path: "/oauth/..%2Fwebhooks"},
		{name: "an encoded dot", method: "GET", path: "/oauth/%2e%2e"},
		{name: "a signature", method: "POST", path: "/slack/commands", header: []string{"X-Ghl-Signature: abc"}},
		{name: "a signature, in the spelling of CGI", method: "POST", path: "/slack/commands", header: []string{"X_wh_signature: abc"}},
		{name: "no signature, in a header that has one else", method: "GET", path: "/oauth/callback", header: []string{"X-Wh-Signature: "}},
		{name: "a GET with a body", method: "GET", path: "/oauth/callback", body: "{}"},
		{name: "a method for the app", method: "GET", path: "/oauth/callback", header: []string{"X-Http-Method-Override: POST"}},
		{name: "a method for the app, spelled otherwise", method: "GET", path: "/oauth/callback", header: []string{"X_HTTP_Method: POST"}},
		{name: "a path for the app", method: "POST", path: "/slack/commands", header: []string{"X-Original-Url: /webhooks"}},
		{name: "a method in the query", method: "GET", path: "/oauth/callback?code=1&%5Fmethod=POST"},
		{name: "a method in the query, encoded elsewhere", method: "GET", path: "/oauth/callback?code=1&_%6Dethod=POST"},
		{name: "a method in the query, to PHP", method: "GET", path: "/oauth/callback?code=1;.method=POST"},
		{name: "a word of a query that is no method", method: "GET", path: "/oauth/callback?code=1%zz&payment_method=card", passes: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := make(chan string, 1)
			addr := app(t, func(_ http.ResponseWriter, r *http.Request) { asked <- r.RequestURI })
			r := newRigWith(t, addr+"/webhooks", bySignature{}, skipping(t, "GET /oauth/*", "POST /slack/commands"))
			if strings.Contains(tt.path, "?") && tt.passes {
				r.rule("status:500") // it does not concern these
			}
			resp, body := r.send(tt.method, tt.path, tt.body, tt.header...)
			e := r.store.event(t, 1)
			if !tt.passes {
				// What has a signature header is another test's.
				if resp.StatusCode != http.StatusUnauthorized && e.Verdict.Status != webhook.Valid || e.Decision == webhook.Passed {
					t.Errorf("answered %d %s, stored as %q", resp.StatusCode, body, e.Decision)
				}
				return
			}
			if resp.StatusCode != http.StatusOK || e.Decision != webhook.Passed || e.Verdict.Status != webhook.Skipped {
				t.Fatalf("answered %d %s, stored as %q, %+v", resp.StatusCode, body, e.Decision, e.Verdict)
			}
			if got := <-asked; got != tt.path {
				t.Errorf("the app was asked for %s", got)
			}
			if e.Type != "" || e.WebhookID != "" {
				t.Errorf("it was read as a webhook: %q %q", e.Type, e.WebhookID)
			}
			if a := r.store.attempt(t); a.Fault != "" || a.Target != "http://"+addr+tt.path {
				t.Errorf("sent to %s, %q", a.Target, a.Fault)
			}
		})
	}
}

// TestWhateverBecomesOfAPassedRequest holds that it is passed whatever the app
// answers, that no retry is expected of it, and that neither shield nor faults
// act on it.
func TestWhateverBecomesOfAPassedRequest(t *testing.T) {
	for _, tt := range []struct {
		name   string
		app    func(t *testing.T) string
		status int
	}{
		{"200", func(t *testing.T) string { return answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") }, 200},
		{"a redirect", func(t *testing.T) string {
			return answering(t, "HTTP/1.1 302 Found\r\nLocation: /done?code=1\r\nContent-Length: 0\r\n\r\n")
		}, 302},
		{"429", func(t *testing.T) string {
			return answering(t, "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n")
		}, 429},
		{"500", func(t *testing.T) string { return answering(t, "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n") }, 500},
		{"no app", func(*testing.T) string { return "127.0.0.1:1" }, 502},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, st := realRig(t, tt.app(t), skipping(t, "GET /oauth/*"))
			r.proxy.SetShield(true)
			r.rule("status:503")
			if resp, body := r.send("GET", "/oauth/callback?code=1", ""); resp.StatusCode != tt.status {
				t.Errorf("answered %d %s", resp.StatusCode, body)
			}
			if err := st.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			sum, err := st.Summary(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			o := sum.Outcome
			if sum.State(time.Now()) != webhook.StatePassed || !o.Answer.RetryAt.IsZero() || o.Answer.Shielded || sum.Faulted {
				t.Errorf("%s, %+v", sum.State(time.Now()), o)
			}
			attempts, err := st.Attempts(t.Context(), 1)
			if err != nil || len(attempts) != 1 || tt.status < 500 && attempts[0].Hint != "" {
				t.Errorf("attempts %+v, %v", attempts, err)
			}
			counts, err := st.Counts(t.Context())
			if err != nil || counts.Events+counts.Failed+counts.Retrying+counts.Delivered+counts.LastHour.Events != 0 {
				t.Errorf("it is counted: %+v, %v", counts, err)
			}
			if n, err := r.proxy.Resendable(t.Context()); n != 0 || err != nil {
				t.Errorf("%d to resend, %v", n, err)
			}
		})
	}
}

func TestWithoutChecksAPageIsNoWebhook(t *testing.T) {
	for _, tt := range []struct {
		method, body, header string
		decision             webhook.Decision
		asked                string
	}{
		{"GET", "", "", webhook.Passed, "/favicon.ico"},
		{"HEAD", "", "", webhook.Passed, "/favicon.ico"},
		{"POST", "", "", webhook.DecisionNone, "/webhooks"},
		{"GET", "{}", "", webhook.DecisionNone, "/webhooks"},
		{"GET", "", "X-Wh-Signature: abc", webhook.DecisionNone, "/webhooks"},
	} {
		asked := make(chan string, 1)
		addr := app(t, func(_ http.ResponseWriter, r *http.Request) { asked <- r.RequestURI })
		r := newRigWith(t, addr+"/webhooks", bySignature{}, func(o *Options) { o.Mode = ModeOff })
		var header []string
		if tt.header != "" {
			header = append(header, tt.header)
		}
		resp, _ := r.send(tt.method, "/favicon.ico", tt.body, header...)
		e := r.store.event(t, 1)
		if got := <-asked; resp.StatusCode != http.StatusOK || e.Decision != tt.decision || e.Verdict.Status != webhook.Unchecked || got != tt.asked {
			t.Errorf("%+v: answered %d, %q, %s, the app was asked for %s", tt, resp.StatusCode, e.Decision, e.Verdict.Status, got)
		}
	}
}

// TestARuleOpensNoDoorBesideTheChecks holds that a rule does not let through what
// is rejected for another reason than its signature.
func TestARuleOpensNoDoorBesideTheChecks(t *testing.T) {
	for head, want := range map[string]webhook.Decision{
		"Host: evil.test\r\nSec-Fetch-Site: cross-site\r\n":                            webhook.RejectedBrowser,
		"Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n":             webhook.RejectedWebSocket,
		"Host: localhost\r\nSec-Fetch-Site: cross-site\r\nUser-Agent: Mozilla/5.0\r\n": webhook.Passed,
	} {
		r := newRigWith(t, app(t, func(http.ResponseWriter, *http.Request) {}), bySignature{}, skipping(t, "GET /oauth/*"))
		rawAnswer(t, r.raw("GET /oauth/callback HTTP/1.1\r\n"+head+"\r\n"))
		if got := r.store.event(t, 1).Decision; got != want {
			t.Errorf("%q: %q, want %q", head, got, want)
		}
	}
}

// TestNoRouteTakesWhatIsNoWebhook holds that such requests go to the app that gets
// what no route takes, now and when they are resent.
func TestNoRouteTakesWhatIsNoWebhook(t *testing.T) {
	calls := make(chan string, 2)
	rest, other := namedApp(t, "rest", 200, calls), namedApp(t, "other", 200, calls)
	r := newRigWith(t, rest+"/webhooks", bySignature{}, skipping(t, "GET /oauth/*"), route(t, "path:/oauth -> "+other+"/in"), route(t, "method:GET -> none"))
	r.send("GET", "/oauth/callback", "")
	if got := <-calls; got != "rest" {
		t.Errorf("it went to %s", got)
	}
	resent, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: 1})
	if got := <-calls; err != nil || got != "rest" || resent.Attempt.Target != "http://"+rest+"/oauth/callback" {
		t.Errorf("resent to %s, %s, %v", got, resent.Attempt.Target, err)
	}
	if len(resent.Notes) != 0 {
		t.Errorf("what has no webhookId is resent with %q", resent.Notes)
	}
	if err := r.proxy.opts.CheckSkipVerify(mustPattern(t, "POST /in")); err == nil {
		t.Error("a rule covers the path of a route's app")
	}
}

func mustPattern(t *testing.T, text string) httpwire.Pattern {
	t.Helper()
	p, err := httpwire.ParsePattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPassedRequestIsResentToItsOwnPath(t *testing.T) {
	asked := make(chan string, 1)
	addr := app(t, func(_ http.ResponseWriter, r *http.Request) { asked <- r.RequestURI })
	r := newRigWith(t, addr+"/webhooks?a=1", bySignature{}, skipping(t, "GET /oauth/*"))
	r.send("GET", "/oauth/callback?code=1", "")
	<-asked
	for to, want := range map[string]string{"": "/oauth/callback?code=1", addr + "/else": "/else?code=1"} {
		if _, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: 1, To: to}); err != nil {
			t.Fatal(err)
		}
		if got := <-asked; got != want {
			t.Errorf("to %q: the app was asked for %s, want %s", to, got, want)
		}
	}
}

func TestARejectedRequestNamesTheFlagThatLetsItPass(t *testing.T) {
	tests := []struct {
		name, method, path, body string
		header                   []string
		flag                     string
	}{
		{"the redirect of OAuth", "GET", "/oauth/callback?code=abc", "", nil, "--skip-verify 'GET /oauth/callback'"},
		{"quotes", "GET", "/it's*", "", nil, `--skip-verify 'GET /it'\''s%2A'`},
		{"a command of another service", "POST", "/slack/commands", "text=1", nil, "--skip-verify 'POST /slack/commands'"},
		{"a webhook at another path", "POST", "/hooks", contact, nil, ""},
		{"the webhook path", "GET", "/webhooks", "", nil, ""},
		{"the webhook path to many servers", "GET", "/Webhooks/", "", nil, ""},
		{"a path that no rule selects", "GET", "/a/../b", "", nil, ""},
		{"a request that no rule selects", "GET", "/a", "", []string{"X-Http-Method-Override: POST"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRigWith(t, "127.0.0.1:3000", bySignature{})
			for range 2 {
				resp, body := r.send(tt.method, tt.path, tt.body, tt.header...)
				m := r.message(body)
				if resp.StatusCode != http.StatusUnauthorized || strings.Contains(m.Next, "--skip-verify") != (tt.flag != "") || !strings.HasSuffix(m.Next, tt.flag) {
					t.Errorf("answered %d %s", resp.StatusCode, body)
				}
			}
			if next := r.store.event(t, 1).Verdict.Next; strings.Contains(next, "--skip-verify") != (tt.flag != "") || !strings.HasSuffix(next, tt.flag) {
				t.Errorf("the event says %q", next)
			}
			want := 0
			if tt.flag != "" {
				want = 1
			}
			if log := r.log.String(); strings.Count(log, "--skip-verify") != want {
				t.Errorf("log:\n%s", log)
			}
		})
	}
}

func TestARejectedRequestIsLetPassForThisRun(t *testing.T) {
	changes := 0
	r := newRigWith(t, app(t, func(http.ResponseWriter, *http.Request) {}), bySignature{}, func(o *Options) { o.Changed = func() { changes++ } })
	r.send("GET", "/oauth/callback?code=1", "")
	for range 2 {
		rule, err := r.proxy.SkipVerifyLike(t.Context(), 1)
		if err != nil || rule != "GET /oauth/callback" {
			t.Fatalf("SkipVerifyLike = %q, %v", rule, err)
		}
	}
	if got := r.proxy.SkipVerify(); len(got) != 1 || got[0] != "GET /oauth/callback" || changes != 1 {
		t.Errorf("rules %q, told %d times", got, changes)
	}
	if resp, body := r.send("GET", "/oauth/callback?code=2", ""); resp.StatusCode != http.StatusOK {
		t.Errorf("answered %d %s", resp.StatusCode, body)
	}
	r.send("POST", "/webhooks", contact)
	if _, err := r.proxy.SkipVerifyLike(t.Context(), 3); !errors.Is(err, ErrNeverPasses) || !strings.Contains(err.Error(), "it covers /webhooks") {
		t.Errorf("the webhook path: %v", err)
	}
	if _, err := r.proxy.SkipVerifyLike(t.Context(), 9); !errors.Is(err, webhook.ErrNotFound) {
		t.Errorf("no event: %v", err)
	}
}

func TestWhatTheSenderIsToldKeepsSecretsOfURLs(t *testing.T) {
	r := newRig(t, "127.0.0.1:1/hooks?token=s3cr3t")
	_, body := r.post("/", contact)
	if m := r.message(body); m.Target != "http://127.0.0.1:1/hooks?token=***" || strings.Contains(body, "s3cr3t") {
		t.Errorf("answered %s", body)
	}
	a := r.store.attempt(t)
	if a.Target != "http://127.0.0.1:1/hooks?token=s3cr3t" {
		t.Errorf("the attempt has %s", a.Target) // for programs
	}
	r = newRig(t, answering(t, "HTTP/1.1 302 Found\r\nLocation: /done?code=s3cr3t\r\nContent-Length: 0\r\n\r\n"))
	r.post("/hook", contact)
	if a := r.store.attempt(t); !strings.Contains(a.Hint, "/done?code=***,") {
		t.Errorf("hint: %s", a.Hint)
	}
	r = newRig(t, answering(t, "\x15\x03\x01\x00\x02\x02\x16\n")+"/hooks?token=s3cr3t")
	r.post("/hook", contact)
	if a := r.store.attempt(t); !strings.HasSuffix(a.Hint, "/hooks?token=***") {
		t.Errorf("hint: %s", a.Hint)
	}
}

func TestWhatIsSaidOfARouteKeepsSecretsOfURLs(t *testing.T) {
	var log lockedBuffer
	r := newRig(t, answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), route(t, ".a == 1 -> 127.0.0.1:1/?token=s3cr3t"), func(o *Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	r.post("/hook", "no JSON")
	notes := r.store.event(t, 1).Notes
	if len(notes) != 1 || !strings.Contains(notes[0], "token=***") || strings.Contains(notes[0], "s3cr3t") {
		t.Errorf("noted %q", notes)
	}
	if text := log.String(); !strings.Contains(text, "token=***") || strings.Contains(text, "s3cr3t") {
		t.Errorf("logged %s", text)
	}
}

func TestNoRuleCoversThePathOfWebhooks(t *testing.T) {
	for _, tt := range []struct {
		target, path, rule string
		covers             string // the path; "": none
	}{
		{"3000", "", "POST /webhooks", "/webhooks"},
		{"3000", "", "GET /**", "/webhooks"},
		{"3000", "", "GET /oauth/**", ""},
		{"3000", "", "POST /hooks", ""},
		{"3000", "/hooks", "POST /hooks", "/hooks"},
		{"3000", "/hooks", "POST /webhooks", ""},
		{"3000/hooks", "", "POST /Hooks", "/hooks"},
		{"3000/hooks", "", "GET /webhooks", ""},
		{"3000/hooks", "/in", "POST /hooks", "/hooks"}, // where the app takes them
		{"3000/hooks", "/in", "POST /in", "/in"},
	} {
		target, err := httpwire.ParseTarget(tt.target)
		if err != nil {
			t.Fatal(err)
		}
		rule, err := httpwire.ParsePattern(tt.rule)
		if err != nil {
			t.Fatal(err)
		}
		o := Options{Targets: []httpwire.Target{target}, WebhookPath: tt.path}
		err = o.CheckSkipVerify(rule)
		if (err != nil) != (tt.covers != "") || err != nil && !strings.Contains(err.Error(), "covers "+tt.covers+",") {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}
