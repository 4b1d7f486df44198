package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/taskhook/taskhook/control"
	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/verify"
	"github.com/taskhook/taskhook/webhook"
)

// receiver is an app that verifies and remembers what it got.
type receiver struct {
	*httptest.Server
	verifier *verify.Verifier
	answer   func(w http.ResponseWriter, n int) // nil: 200 for what is valid, else 401

	mu  sync.Mutex
	all got
}

// got is what a receiver got.
type got struct {
	paths    []string
	bodies   [][]byte
	verdicts []webhook.Verdict
}

func (r *receiver) got() got {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all
}

func newReceiver(t *testing.T, dir string) *receiver {
	t.Helper()
	keys, err := devKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{verifier: verify.New(keys, nil)}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	v := r.verifier.Verify(req.Header, body)
	r.mu.Lock()
	r.all = got{append(r.all.paths, req.URL.Path), append(r.all.bodies, body), append(r.all.verdicts, v)}
	n := len(r.all.bodies)
	r.mu.Unlock()
	switch {
	case r.answer != nil:
		r.answer(w, n)
	case v.Status != webhook.Valid:
		reply(w, http.StatusUnauthorized, map[string]any{"error": "Invalid signature"})
	}
}

func TestTriggerSigns(t *testing.T) {
	dir, _ := testPair(t, "b")
	tests := []struct {
		scheme string
		want   webhook.VerdictStatus
		code   int
		err    string
	}{
		{"rsa", webhook.Valid, 0, ""},
		{"ed25519", webhook.Valid, 0, ""},
		{"both", webhook.Valid, 0, ""},
		{"none", webhook.Unsigned, 1, "hint: sign it: drop --scheme none"},
	}
	for _, tt := range tests {
		t.Run(tt.scheme, func(t *testing.T) {
			app := newReceiver(t, dir)
			r := runIn(t.Context(), t, dir, nil, "trigger", "ContactCreate", "--to", app.URL, "--scheme", tt.scheme)
			r.check(t, tt.code, "ContactCreate", tt.err)
			if len(app.got().verdicts) != 1 || app.got().verdicts[0].Status != tt.want || app.got().verdicts[0].Reason != "" && tt.want == webhook.Valid {
				t.Errorf("verdicts %+v", app.got().verdicts)
			}
			if app.got().paths[0] != webhook.GuidePath {
				t.Errorf("path %s", app.got().paths[0])
			}
		})
	}
	t.Run("the default is the platform's own scheme", func(t *testing.T) {
		app := newReceiver(t, dir)
		runIn(t.Context(), t, dir, nil, "trigger", "ContactCreate", "--to", app.URL).check(t, 0, "→ 200 in", "")
		if v := app.got().verdicts[0]; v.Scheme != taskee.SchemeRSA || !strings.EqualFold(v.Header, taskee.HeaderRSA) {
			t.Errorf("verdict %+v", v)
		}
	})
	t.Run("nothing is made for an unsigned event", func(t *testing.T) {
		app, empty := newReceiver(t, dir), t.TempDir()
		runIn(t.Context(), t, empty, nil, "trigger", "ContactCreate", "--to", app.URL, "--scheme", "none").check(t, 1, "401", "hint")
		if entries, _ := os.ReadDir(empty); len(entries) != 0 {
			t.Errorf("it made %v", entries)
		}
	})
}

// triggerBodies runs trigger with arguments and an input, and returns the bodies
// that came.
func triggerBodies(t *testing.T, dir, in string, args ...string) [][]byte {
	t.Helper()
	app := newReceiver(t, dir)
	args = append([]string{"trigger", "--to", app.URL + "/here"}, args...)
	runIn(t.Context(), t, dir, strings.NewReader(in), args...).check(t, 0, "", "")
	return app.got().bodies
}

func TestTriggerBodies(t *testing.T) {
	dir, _ := testPair(t, "b")
	t.Run("each is what JavaScript would write, with an id and a time of its own", func(t *testing.T) {
		seen := map[string]bool{}
		for _, body := range triggerBodies(t, dir, "", "ContactCreate", "--count", "3") {
			again, err := jsjson.Stringify(body)
			if err != nil || !bytes.Equal(again, body) {
				t.Errorf("%s, stringified %s: %v", body, again, err)
			}
			e := taskee.Parse(body)
			if seen[e.WebhookID] || e.WebhookID == "" || time.Since(e.SentAt).Abs() > time.Minute {
				t.Errorf("fields %+v", e)
			}
			seen[e.WebhookID] = true
		}
		if len(seen) != 3 {
			t.Errorf("%d events, want 3", len(seen))
		}
	})
	t.Run("edits are made, and read the same once parsed", func(t *testing.T) {
		body := triggerBodies(t, dir, "", "ContactCreate", "--set", "email=jo@example.com", "--set-json", "postalCode=1.0")[0]
		if !bytes.Contains(body, []byte(`"email":"jo@example.com"`)) || !bytes.Contains(body, []byte(`"postalCode":1}`)) && !bytes.Contains(body, []byte(`"postalCode":1,`)) {
			t.Errorf("body %s", body)
		}
	})
	t.Run("the nested shape puts the fields under data", func(t *testing.T) {
		if body := triggerBodies(t, dir, "", "ContactCreate", "--shape", "nested")[0]; !bytes.Contains(body, []byte(`"data":{`)) {
			t.Errorf("body %s", body)
		}
	})
	t.Run("any type of the catalogue", func(t *testing.T) {
		app := newReceiver(t, dir)
		for _, e := range taskee.Catalogue() {
			r := runIn(t.Context(), t, dir, nil, "trigger", strings.ToLower(e.Name), "--to", app.URL, "--scheme", "ed25519")
			r.check(t, 0, "→ 200", "")
		}
	})
}

func TestTriggerSendsGivenBytes(t *testing.T) {
	dir, _ := testPair(t, "b")
	t.Run("given bytes are sent as they are, each time", func(t *testing.T) {
		given := "{ \"type\": \"Mine\", \"n\": 1.0 }\r\n"
		file := filepath.Join(t.TempDir(), "body.json")
		if err := os.WriteFile(file, []byte(given), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, body := range append(triggerBodies(t, dir, "", "--data", file, "--count", "2"), triggerBodies(t, dir, given, "NoSuchType", "--data", "-")...) {
			if string(body) != given {
				t.Errorf("body %q", body)
			}
		}
	})
	t.Run("given bytes are edited in place", func(t *testing.T) {
		if body := triggerBodies(t, dir, `{ "a": 1 , "b":2}`, "--data", "-", "--set", "a=5")[0]; string(body) != `{ "a": 5 , "b":2}` {
			t.Errorf("body %s", body)
		}
	})
}

func TestTriggerOutcomes(t *testing.T) {
	dir, _ := testPair(t, "b")
	answer := func(status int, body map[string]any) func(http.ResponseWriter, int) {
		return func(w http.ResponseWriter, _ int) { reply(w, status, body) }
	}
	tests := []struct {
		name     string
		answer   func(w http.ResponseWriter, n int)
		args     []string
		code     int
		out, err string
	}{
		{"204", func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusNoContent) }, nil, 0, "→ 204 in", ""},
		{"an error of the app", answer(500, map[string]any{"error": "no database"}), nil, 1, "no database", "error: the event was not delivered"},
		{"no reason", answer(500, map[string]any{"error": 7}), nil, 1, "→ 500 in", "error: the event was not delivered"},
		{"an app that trusts the platform alone", answer(401, map[string]any{"error": "Invalid signature"}), nil, 1, "401", "hint: your app trusts only Taskee's key: run taskhook keys env"},
		{"an answer by taskhook", answer(401, map[string]any{"error": "refused", "reason": "why", "next": "do this"}), nil, 1, ": why", "hint: do this"},
		{"a redirect is a failure", func(w http.ResponseWriter, _ int) { w.Header().Set("Location", "/"); w.WriteHeader(http.StatusFound) }, nil, 1, "→ 302 in", "error:"},
		{"escapes of the answer stay away from the terminal", answer(500, map[string]any{"error": "\x1b[31mred"}), nil, 1, ": red", "error:"},
		{"some of several", func(w http.ResponseWriter, n int) { w.WriteHeader(map[bool]int{true: 500, false: 200}[n == 2]) }, []string{"--count", "3"}, 1, "→ 200 in", "error: 1 of 3 events were not delivered"},
		{"it hangs up", func(http.ResponseWriter, int) { panic(http.ErrAbortHandler) }, nil, 1, "→ no answer: ", "error: the event was not delivered"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			app := newReceiver(t, dir)
			app.answer = tt.answer
			args := append([]string{"trigger", "ContactCreate", "--to", app.URL + "/", "--scheme", "ed25519"}, tt.args...)
			r := runIn(t.Context(), t, dir, nil, args...)
			r.check(t, tt.code, tt.out, tt.err)
			if app.got().paths[0] != "/" || strings.Contains(r.out, "\x1b") {
				t.Errorf("path %s, output %q", app.got().paths[0], r.out)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		app := newReceiver(t, dir)
		app.Close()
		runIn(t.Context(), t, dir, nil, "trigger", "ContactCreate", "--to", app.URL).check(t, 1, "no answer", "hint: is your app running")
	})
	t.Run("as JSON", func(t *testing.T) {
		app := newReceiver(t, dir)
		app.answer = answer(429, map[string]any{"message": "slow down"})
		lines := jsonLines(t, runIn(t.Context(), t, dir, nil, "trigger", "ContactCreate", "--to", app.URL, "--json", "--count", "2").out)
		if len(lines) != 2 {
			t.Fatalf("lines %v", lines)
		}
		for i, l := range lines {
			if l["kind"] != "trigger" || l["status"] != 429.0 || l["reason"] != "slow down" || l["webhookId"] != taskee.Parse(app.got().bodies[i]).WebhookID {
				t.Errorf("line %v", l)
			}
		}
	})
	t.Run("cancelled while the app takes its time", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		app := newReceiver(t, dir)
		released := make(chan struct{})
		app.answer = func(_ http.ResponseWriter, n int) {
			if n == 2 {
				cancel()
				<-released
			}
		}
		r := runIn(ctx, t, dir, nil, "trigger", "ContactCreate", "--to", app.URL, "--count", "5")
		close(released)
		r.check(t, 130, "→ 200", "taskhook: cancelled")
		if strings.Count(r.out, "\n") != 1 {
			t.Errorf("output %s", r.out)
		}
	})
}

func TestTriggerArguments(t *testing.T) {
	dir, _ := testPair(t, "b")
	tests := []struct {
		name string
		args []string
		code int
		err  string
	}{
		{"no type", nil, 2, "the event type is missing"},
		{"a type nearly right", []string{"ContactCraete"}, 2, `hint: did you mean "ContactCreate"?`},
		{"two types", []string{"ContactCreate", "ContactUpdate"}, 2, "error:"},
		{"count of zero", []string{"ContactCreate", "--count", "0"}, 2, "want a whole number, 1 or more"},
		{"a rate of nothing", []string{"ContactCreate", "--rate", "0"}, 2, "want a rate such as"},
		{"an unknown scheme", []string{"ContactCreate", "--scheme", "dsa"}, 2, "want one of"},
		{"an edit without a value", []string{"ContactCreate", "--set", "a"}, 2, "invalid --set"},
		{"an edit that leads nowhere", []string{"ContactCreate", "--set", "type.a.b=1"}, 2, "type is a string and holds no a"},
		{"an edit of what is not JSON", []string{"--data", "-", "--set", "a=1"}, 2, "a: invalid JSON at byte 1"},
		{"the shape of a given body", []string{"--data", "-", "--shape", "nested"}, 2, "--shape is for samples"},
		{"an unknown shape", []string{"ContactCreate", "--shape", "square"}, 2, "want one of"},
		{"no such file", []string{"--data", "none.json"}, 1, "hint: name a file"},
		{"not a URL", []string{"ContactCreate", "--to", "http://a b"}, 2, "error:"},
		{"no listener", []string{"ContactCreate"}, 2, "hint: start one with: taskhook listen 3000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			runIn(t.Context(), t, dir, strings.NewReader("{"), append([]string{"trigger"}, tt.args...)...).check(t, tt.code, "", tt.err)
		})
	}
}

// listening is a running listener as far as trigger asks it.
type listening struct {
	control.Source
	local string
}

func (l listening) Flush(context.Context) error { return nil }

func (l listening) Find(_ context.Context, name string) (webhook.ID, error) {
	if name == "latest" {
		return 0, webhook.ErrNotFound
	}
	return 7, nil
}

func (l listening) Announce(context.Context, webhook.Announcement) error { return nil }

func (l listening) Listener(context.Context) (webhook.Listener, error) {
	return webhook.Listener{Local: l.local}, nil
}

func TestTriggerPostsToTheRunningListener(t *testing.T) {
	dir, _ := testPair(t, "b")
	app := newReceiver(t, dir)
	ln, err := control.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: control.Handler(listening{local: app.URL}), ReadHeaderTimeout: time.Second}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	t.Cleanup(func() {
		_ = srv.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	for _, to := range [][]string{nil, {"--to", "/hooks/taskee"}, {"--to", "/"}} {
		runIn(t.Context(), t, dir, nil, append([]string{"trigger", "ContactCreate"}, to...)...).check(t, 0, "#7 ContactCreate", "")
	}
	if got := strings.Join(app.got().paths, " "); got != "/webhooks /hooks/taskee /" {
		t.Errorf("paths %s", got)
	}
}

func TestTriggerList(t *testing.T) {
	r := runIn(t.Context(), t, t.TempDir(), nil, "trigger", "--list")
	r.check(t, 0, "ContactCreate", "")
	all := taskee.Catalogue()
	if got := strings.Count(r.out, "\n"); got != len(all)+1 {
		t.Errorf("%d lines for %d types", got, len(all))
	}
	lines := jsonLines(t, runIn(t.Context(), t, t.TempDir(), nil, "trigger", "--list", "--json").out)
	if len(lines) != len(all) || lines[0]["kind"] != "eventType" || lines[0]["name"] != all[0].Name || lines[0]["wireType"] != all[0].WireType {
		t.Errorf("first line %v", lines[0])
	}
}

func TestRate(t *testing.T) {
	tests := []struct {
		text string
		want time.Duration // 0: refused
	}{
		{"5/s", 200 * time.Millisecond},
		{"5", 200 * time.Millisecond},
		{"0.5/s", 2 * time.Second},
		{"100/m", 600 * time.Millisecond},
		{"1/h", time.Hour},
		{"1e6/s", time.Microsecond},
		{"0", 0}, {"-1", 0}, {"NaN", 0}, {"Inf", 0}, {"1e-300", 0}, {"5/", 0}, {"5/d", 0}, {"/s", 0}, {"", 0}, {"5/s/s", 0},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			var interval time.Duration
			flags := pflag.NewFlagSet("", pflag.ContinueOnError)
			addRate(flags, &interval, "")
			err := flags.Set("rate", tt.text)
			if interval != tt.want || (err == nil) != (tt.want != 0) {
				t.Errorf("Set = %v, interval %s, want %s", err, interval, tt.want)
			}
		})
	}
}
