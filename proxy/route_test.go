package proxy

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/proxy/fault"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter/jq"
)

func TestARouteIsAFilterAndATarget(t *testing.T) {
	tests := []struct{ text, want string }{
		{"type:Contact* -> 3001", "type:Contact* -> http://localhost:3001"},
		{"  TYPE:a   path:/x->host:8080/in ", "type:a path:/x -> http://host:8080/in"},
		{"location:abc -> none", "location:abc -> none"},
		{`.data.arrow == "->" -> 3001`, `jq:(.data.arrow == "->") -> http://localhost:3001`},
		{`body:"a -> b" -> https://app.test`, `body:"a -> b" -> https://app.test`},
	}
	for _, tt := range tests {
		r, err := ParseRoute(tt.text)
		if err != nil || r.String() != tt.want {
			t.Errorf("%q: %q, %v", tt.text, r, err)
			continue
		}
		if again, err := ParseRoute(r.String()); err != nil || again.String() != r.String() {
			t.Errorf("%q is read as %q, %v", r, again, err)
		}
	}
}

func TestWhatIsNoRoute(t *testing.T) {
	tests := []struct{ text, at, want string }{
		{"type:A", "", "it names no target"},
		{"", "", "it names no target"},
		{"-> 3001", "", "it has no filter"},
		{"type:A ->", "", "invalid target"},
		{"type:A -> 3001 3002", "3001 3002", "space"},
		{"typo:A -> 3001", "typo", `unknown field "typo"`},
		{"type:A state:failed -> 3001", "state", `"state:" is not known when an event is received`},
		{"type:A is:duplicate -> 3001", "duplicate", `"is:duplicate" is not known before an event is stored`},
		{".a ==  -> 3001", "", "incomplete"},
	}
	for _, tt := range tests {
		_, err := ParseRoute(tt.text)
		var bad *RouteError
		switch {
		case !errors.As(err, &bad):
			t.Errorf("%q: %v", tt.text, err)
		case !strings.Contains(err.Error(), tt.want) || bad.Hint == "" && !strings.Contains(tt.want, "incomplete"):
			t.Errorf("%q: %+v", tt.text, bad)
		case tt.at != "" && tt.text[bad.Offset:bad.Offset+bad.Length] != tt.at:
			t.Errorf("%q is wrong at %q", tt.text, tt.text[bad.Offset:bad.Offset+bad.Length])
		}
	}
}

// route adds a route to the options.
func route(t *testing.T, text string) func(*Options) {
	t.Helper()
	r, err := ParseRoute(text)
	if err != nil {
		t.Fatal(err)
	}
	return func(o *Options) { o.Routes = append(o.Routes, r) }
}

// namedApp answers with a status and notes its name for each request.
func namedApp(t *testing.T, name string, status int, calls chan<- string) string {
	return app(t, func(w http.ResponseWriter, _ *http.Request) {
		calls <- name
		w.WriteHeader(status)
	})
}

// fakeJQ has every expression end alike.
type fakeJQ struct {
	outcome jq.Outcome
	err     error
}

func (f fakeJQ) Run(_ context.Context, _ string, bodies [][]byte) ([]jq.Outcome, error) {
	return slices.Repeat([]jq.Outcome{f.outcome}, len(bodies)), f.err
}

func TestTheFirstRouteThatTakesAnEventDecidesWhoGetsIt(t *testing.T) {
	calls := make(chan string, 100)
	rest, a, b := namedApp(t, "rest", 200, calls), namedApp(t, "a", 202, calls), namedApp(t, "b", 203, calls)
	r := newRig(t, rest,
		route(t, "location:loc1 -> "+a),
		route(t, "type:Contact* -> "+b+"/in?x=1"),
		route(t, "header:x-team=blue -> "+a),
		route(t, ".n == 7 -> "+b),
		route(t, "path:/hook -> "+a))
	tests := []struct {
		name, path, body, header string
		want, at                 string // who gets it, and where
	}{
		{"the first of two", "/hook", `{"type":"ContactCreate","locationId":"loc1"}`, "", "a", a + "/hook"},
		{"type", "/hook", `{"type":"ContactCreate","data":{"locationId":"loc2"}}`, "", "b", b + "/in?x=1"},
		{"header", "/hook", `{"type":"TaskCreate"}`, "blue", "a", a + "/hook"},
		{"body", "/hook", `{"n":7}`, "", "b", b + "/hook"},
		{"path", "/hook?q", `{"n":8}`, "", "a", a + "/hook?q"},
		{"the rest", "/other", `{"n":8}`, "red", "rest", rest + "/other"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequest(http.MethodPost, "http://"+r.addr+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if tt.header != "" {
				req.Header.Set("X-Team", tt.header)
			}
			r.do(req)
			at := r.store.attempt(t)
			if got := <-calls; got != tt.want {
				t.Errorf("%s got it", got)
			}
			if at.Target != "http://"+tt.at {
				t.Errorf("the attempt names %s", at.Target)
			}
			if e := r.store.event(t, at.EventID); len(e.Notes) > 0 || e.Decision != webhook.DecisionNone {
				t.Errorf("stored %+v", e)
			}
		})
	}
}

func TestAnEventThatARouteSendsToNobodyIsKept(t *testing.T) {
	calls := make(chan string, 1)
	r := newRig(t, namedApp(t, "rest", 200, calls), route(t, "type:Note* -> none"))
	resp, body := r.post("/hook", `{"type":"NoteCreate","webhookId":"1"}`)
	if resp.StatusCode != http.StatusOK || body != `{"success":true,"ignored":"the route type:Note* -> none sends it to no app"}`+"\n" {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	e := r.store.event(t, 1)
	if e.Decision != webhook.Ignored || e.Answer.Status != 200 || e.Answer.By != webhook.ByTaskhook || e.Answer.At.IsZero() || !e.Answer.RetryAt.IsZero() {
		t.Errorf("stored %+v", e)
	}
	if _, attempts := r.store.count(); attempts != 0 || len(calls) > 0 {
		t.Errorf("%d attempts, %d calls", attempts, len(calls))
	}
}

func TestAnEventThatCannotBeStoredIsNotIgnored(t *testing.T) {
	r := newRig(t, "127.0.0.1:1", route(t, "type:Note* -> none"))
	r.store.setFail(errDiskFull)
	if resp, body := r.post("/hook", `{"type":"NoteCreate"}`); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

func TestWhereARouteCannotTellTheRestGetsIt(t *testing.T) {
	tests := []struct {
		name, routes, body string
		jq                 fakeJQ
		want               string // the reason; "": the route decides
		who                string
	}{
		{"not JSON", ".n == 1 -> A", "n=1", fakeJQ{}, "the body is not JSON", "rest"},
		{"not JSON, negated", "!(.n == 1) -> A", "n=1", fakeJQ{}, "the body is not JSON", "rest"},
		{"it fails", "jq:(.n | fromjson) -> A", "{}", fakeJQ{outcome: jq.Failed}, "the expression fails on it", "rest"},
		{"too slow", "jq:(last(range(9))) -> A", "{}", fakeJQ{outcome: jq.Slow}, "the expression takes too long", "rest"},
		{"too big", "jq:(last(range(9))) -> A", "{}", fakeJQ{outcome: jq.Big}, "the expression needs too much memory", "rest"},
		{"no worker", "jq:(last(range(9))) -> A", "{}", fakeJQ{err: errors.New("no worker starts")}, "no worker starts", "rest"},
		{"a later route", "path:/elsewhere -> none; jq:(last(range(9))) -> A; path:/hook -> A", "{}", fakeJQ{outcome: jq.Slow}, "takes too long", "rest"},
		{"an earlier route", "path:/hook -> A; jq:(last(range(9))) -> none", "{}", fakeJQ{outcome: jq.Slow}, "", "a"},
		{"not asked", "type:Note* jq:(last(range(9))) -> none", "n=1", fakeJQ{outcome: jq.Slow}, "", "rest"},
		{"jq says yes", "jq:(last(range(9))) -> A", "{}", fakeJQ{outcome: jq.Yes}, "", "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls := make(chan string, 1)
			rest, a := namedApp(t, "rest", 200, calls), namedApp(t, "a", 200, calls)
			change := []func(*Options){func(o *Options) { o.JQ = tt.jq }}
			for text := range strings.SplitSeq(tt.routes, ";") {
				change = append(change, route(t, strings.Replace(text, "A", a, 1)))
			}
			r := newRig(t, rest, change...)
			r.post("/hook", tt.body)
			if got := <-calls; got != tt.who {
				t.Errorf("%s got it", got)
			}
			e := r.store.event(t, 1)
			switch {
			case tt.want == "":
				if len(e.Notes) > 0 {
					t.Errorf("noted %q", e.Notes)
				}
			case len(e.Notes) != 1 || !strings.Contains(e.Notes[0], "whether the route ") || !strings.Contains(e.Notes[0], tt.want) || !strings.HasSuffix(e.Notes[0], "so it went to "+rest):
				t.Errorf("noted %q", e.Notes)
			}
		})
	}
}

func TestEachAppHasItsOwnConnections(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	busy := app(t, func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-release
	})
	calls := make(chan string, 1)
	idle := namedApp(t, "idle", 200, calls)
	r := newRig(t, busy, route(t, "type:Note* -> "+idle), func(o *Options) { o.MaxConnections = 1 })
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.post("/hook", "{}")
	}()
	<-entered
	if resp, _ := r.post("/hook", `{"type":"NoteCreate"}`); resp.StatusCode != http.StatusOK {
		t.Errorf("the idle app answers %d", resp.StatusCode)
	}
	close(release)
	<-done
	if apps := r.proxy.Apps(); len(apps) != 2 || apps[1].Target().Short() != idle {
		t.Errorf("%v", apps)
	}
}

func TestRoutesToOneTargetShareAnApp(t *testing.T) {
	r := newRig(t, "127.0.0.1:1", route(t, "type:A -> 127.0.0.1:2"), route(t, "type:B -> none"), route(t, "type:C -> 127.0.0.1:2"), route(t, "type:D -> 127.0.0.1:1"))
	var targets []string
	for _, a := range r.proxy.Apps() {
		targets = append(targets, a.Target().Short())
	}
	if want := []string{"127.0.0.1:1", "127.0.0.1:2"}; !slices.Equal(targets, want) {
		t.Errorf("%v", targets)
	}
}

func TestEachAppHasItsOwnShield(t *testing.T) {
	down, err := httpwire.ParseTarget("127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, "127.0.0.1:2", route(t, "type:Note* -> 127.0.0.1:1"), func(o *Options) { o.Shielded = []httpwire.Target{down} })
	answers := func(body string) int {
		resp, _ := r.post("/hook", body)
		return resp.StatusCode
	}
	if got := answers(`{"type":"NoteCreate"}`); got != http.StatusTooManyRequests {
		t.Errorf("the shielded app's events are answered %d", got)
	}
	if got := answers(`{}`); got != http.StatusBadGateway {
		t.Errorf("the other app's events are answered %d", got)
	}
	r.proxy.SetShield(true)
	if got := answers(`{}`); got != http.StatusTooManyRequests || !r.proxy.Apps()[0].Shield() {
		t.Errorf("under the shield of all %d", got)
	}
	r.proxy.SetShield(false)
	if got := answers(`{"type":"NoteCreate"}`); got != http.StatusBadGateway || r.proxy.Shield() {
		t.Errorf("without a shield %d", got)
	}
}

func TestAnAnswerOfTaskhookNamesTheAppThatIsMeant(t *testing.T) {
	r := newRig(t, "127.0.0.1:2", route(t, "type:Note* -> 127.0.0.1:1"))
	_, body := r.post("/hook", `{"type":"NoteCreate"}`)
	if m := r.message(body); m.Target != "http://127.0.0.1:1" || !strings.Contains(m.Reason, "127.0.0.1:1") {
		t.Errorf("%+v", m)
	}
}

func TestFaultsAreInjectedTowardsTheAppThatIsMeant(t *testing.T) {
	for _, rule := range []string{"delay:1ms", "duplicate:2", "signature:strip", "status:503"} {
		t.Run(rule, func(t *testing.T) {
			calls := make(chan string, 10)
			other := namedApp(t, "other", 200, calls)
			r := newRig(t, namedApp(t, "rest", 200, calls), route(t, "type:Note* -> "+other))
			parsed, err := fault.Parse(rule)
			if err != nil {
				t.Fatal(err)
			}
			r.proxy.Faults().Add(parsed)
			r.post("/hook", `{"type":"NoteCreate"}`)
			if at := r.store.attempt(t); !strings.HasPrefix(at.Target, "http://"+other) {
				t.Errorf("the attempt names %s", at.Target)
			}
			if err := r.proxy.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			close(calls)
			for name := range calls {
				if name != "other" {
					t.Errorf("%s got it", name)
				}
			}
		})
	}
}
