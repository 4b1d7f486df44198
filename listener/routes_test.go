package listener

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/webhook"
)

// routes adds routes to the options of a listener that checks no signatures.
func routes(t *testing.T, o *Options, texts ...string) {
	t.Helper()
	o.Proxy.Mode = proxy.ModeOff
	for _, text := range texts {
		r, err := proxy.ParseRoute(text)
		if err != nil {
			t.Fatal(err)
		}
		o.Proxy.Routes = append(o.Proxy.Routes, r)
	}
}

func TestAListenerDescribesEveryApp(t *testing.T) {
	up, down := newApp(t, ok), freePort(t)
	o := testOptions(t, up)
	routes(t, &o, "type:A -> "+down, "type:B -> none", "type:C -> "+down+"/c")
	target, err := httpwire.ParseTarget(down)
	if err != nil {
		t.Fatal(err)
	}
	o.Proxy.Shielded = []httpwire.Target{target}
	l := open(t, o)
	d, err := l.Listener.Listener(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d.Target != "http://"+up || !d.Health.Up || d.Shield || !d.Shielded() || len(d.Routes) != 3 {
		t.Fatalf("%+v", d)
	}
	for i, want := range []webhook.Route{
		{Filter: "type:A", Target: "http://" + down, Health: webhook.Health{Known: true}, Shield: true},
		{Filter: "type:B"},
		{Filter: "type:C", Target: "http://" + down + "/c", Health: webhook.Health{Known: true}},
	} {
		got := d.Routes[i]
		if got.Health.Known && got.Health.Error == "" {
			t.Errorf("%s: it is down for no reason", got.Filter)
		}
		got.Health = webhook.Health{Known: got.Health.Known, Up: got.Health.Up}
		if got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

func TestOfSeveralAppsEachIsNamedWhenItComesAndGoes(t *testing.T) {
	app := freePort(t)
	o := testOptions(t, newApp(t, ok))
	routes(t, &o, "type:A -> "+app)
	l := open(t, o)
	ln, err := ListenLoopback(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	l.probeAll(t.Context())
	l.hears("your app at " + app + " answers")
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	l.probeAll(t.Context())
	if n := l.hears("your app at " + app + " does not answer"); !n.Warning {
		t.Errorf("%+v", n)
	}
}

func TestTheShieldOfOneAppNamesIt(t *testing.T) {
	o := testOptions(t, newApp(t, ok))
	app := freePort(t)
	routes(t, &o, "type:A -> "+app)
	o.Proxy.Shielded = []httpwire.Target{o.Proxy.Routes[0].Target}
	l := open(t, o)
	l.run()
	l.hears("the shield is up: while your app at " + app + " is down")
	l.proxy.SetShield(true)
	l.hears("the shield is up: while your app at " + o.Proxy.Targets[0].Short() + " is down")
	l.proxy.SetShield(false)
	l.hears("the shield is down: Taskee does not send again what one of your apps misses")
}

func TestWithoutAListenerTheLastRoutesAreFollowed(t *testing.T) {
	paths := make(chan string, 9)
	app := newApp(t, func(_ http.ResponseWriter, r *http.Request) { paths <- r.URL.Path })
	o := testOptions(t, app+"/rest")
	routes(t, &o, "type:A -> "+app+"/a", `.n == "->" -> none`)
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Listener: l, t: t}
	for _, body := range []string{`{"type":"A"}`, `{"type":"B"}`, `{"n":"->"}`} {
		r.post(nil, []byte(body))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := openTestStored(t, StoredOptions{Dir: o.Dir})
	for id, want := range map[webhook.ID]string{1: "/a", 2: "/rest"} {
		got, err := s.Resend(t.Context(), webhook.Resend{EventID: id})
		if err != nil || !strings.HasSuffix(got.Attempt.Target, want) {
			t.Errorf("%s: %+v, %v", id, got, err)
		}
	}
	if _, err := s.Resend(t.Context(), webhook.Resend{EventID: 3}); !errors.Is(err, webhook.ErrIgnored) {
		t.Errorf("what nobody gets: %v", err)
	}
	d, err := s.Listener(t.Context())
	if err != nil || len(d.Routes) != 2 || d.Routes[0].Filter != "type:A" || d.Routes[0].Target != "http://"+app+"/a" || d.Routes[1].Target != "" {
		t.Errorf("%+v, %v", d, err)
	}
	if d.Counts.Ignored != 1 {
		t.Errorf("%+v", d.Counts)
	}
}

func TestTheNextListenersRoutesReplaceTheLastOnes(t *testing.T) {
	paths := make(chan string, 9)
	app := newApp(t, func(_ http.ResponseWriter, r *http.Request) { paths <- r.URL.Path })
	o := testOptions(t, app+"/rest")
	routes(t, &o, "type:A -> "+app+"/a")
	for _, withRoutes := range []bool{true, false} {
		if !withRoutes {
			o.Proxy.Routes = nil
		}
		l, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		(&rig{Listener: l, t: t}).post(nil, []byte(`{"type":"A"}`))
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if first, second := <-paths, <-paths; first != "/a" || second != "/rest" {
		t.Errorf("%s, then %s", first, second)
	}
	s := openTestStored(t, StoredOptions{Dir: o.Dir})
	if _, err := s.Resend(t.Context(), webhook.Resend{EventID: 1}); err != nil || <-paths != "/rest" {
		t.Errorf("a resend follows a route that is gone: %v", err)
	}
}

func TestARouteToTheListenerItselfIsRefused(t *testing.T) {
	o := testOptions(t, newApp(t, ok))
	o.Addr = freePort(t)
	routes(t, &o, "type:A -> "+o.Addr)
	l, err := Open(t.Context(), o)
	var loop *LoopError
	if !errors.As(err, &loop) {
		t.Errorf("%v", err)
	}
	if err == nil {
		_ = l.Close()
	}
}
