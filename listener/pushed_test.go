package listener

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/proxy/fault"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/verify"
	"github.com/taskhook/taskhook/webhook"
)

func TestTheHealthOfAnAppIsPushed(t *testing.T) {
	addr := freePort(t)
	r := open(t, testOptions(t, addr))
	app := r.proxy.Apps()[0]
	if h := app.Health(); !h.Known || h.Up {
		t.Fatalf("nothing listens there: %+v", h)
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	srv := proxy.Serve(ln, http.HandlerFunc(ok), nil, nil)
	defer srv.Close()
	hints, err := r.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	probe := func() {
		t.Helper()
		r.probe(t.Context(), app)
	}
	probe()
	<-hints
	if n := r.hears("your app answers on " + addr); n.Warning {
		t.Error("that is no warning")
	}
	probe()
	select {
	case <-hints:
		t.Error("a hint at no change")
	default:
	}
	srv.Close()
	probe()
	<-hints
	if n := r.hears("your app does not answer: connection refused"); !n.Warning {
		t.Error("that is a warning")
	}
}

func TestAnAppThatIsDownIsProbedMoreOften(t *testing.T) {
	for _, tt := range []struct {
		health webhook.Health
		want   time.Duration
	}{
		{webhook.Health{Known: true, Up: true}, 15 * time.Second},
		{webhook.Health{Known: true}, 5 * time.Second},
		{webhook.Health{}, 5 * time.Second},
	} {
		if got := probePause(tt.health); got != tt.want {
			t.Errorf("%+v: probed again after %v, want %v", tt.health, got, tt.want)
		}
	}
}

func TestWhatAnAppMissedIsOffered(t *testing.T) {
	addr, signer := freePort(t), testSigner(t, "a")
	o := testOptions(t, addr)
	o.Trusted = []verify.Key{{Name: "taskee", Public: &signer.RSA.PublicKey}}
	r := open(t, o)
	for _, body := range []string{`{"n":1}`, `{"n":2}`} {
		h, err := signer.Sign([]byte(body), taskee.SchemeRSA)
		if err != nil {
			t.Fatal(err)
		}
		if status := r.post(h, []byte(body)); status != http.StatusBadGateway {
			t.Fatalf("answered %d", status)
		}
	}
	r.await("both attempts are stored", func(l webhook.Listener) bool { return l.Counts.Failed == 2 })
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	srv := proxy.Serve(ln, http.HandlerFunc(ok), nil, nil)
	defer srv.Close()
	r.probe(t.Context(), r.proxy.Apps()[0])
	r.hears("2 failed: taskhook resend --failed sends them again")
	r.await("it is known how many", func(l webhook.Listener) bool { return l.Resendable == 2 })
	if report, err := r.ResendBatch(t.Context(), webhook.Batch{Failed: true}, func(webhook.BatchItem) {}); err != nil {
		t.Fatalf("%+v, %v", report, err)
	}
	r.await("they were sent", func(l webhook.Listener) bool { return l.Resendable == 0 && l.Counts.Failed == 0 })
}

func TestWhatChangesTrafficIsSaid(t *testing.T) {
	rule, err := fault.Parse("status:500 for type:Never")
	if err != nil {
		t.Fatal(err)
	}
	o := testOptions(t, newApp(t, ok))
	o.Proxy.Mode = proxy.ModeOff
	o.Faults = []fault.Rule{rule}
	r := open(t, o)
	r.run()
	if n := r.hears("fault rule 1 is on"); !n.Warning {
		t.Error("a rule that is on is a warning")
	}
	change := func(c webhook.FaultChange) {
		t.Helper()
		if _, err := r.ChangeFaults(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	change(webhook.FaultChange{Add: []string{"status:500 times:1"}})
	r.hears("fault rule 2 is on")
	r.post(nil, []byte("{}"))
	r.hears("fault rule 2 has ended")
	change(webhook.FaultChange{Add: []string{"status:500 expires:1s"}})
	r.hears("fault rule 3 is on")
	r.hears("fault rule 3 has ended")
	change(webhook.FaultChange{Remove: []int{1}})
	r.hears("fault rule 1 was removed")
	r.raiseShield(t)
	if err := r.SetShield(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if n := r.hears("the shield is down"); !n.Warning {
		t.Error("a shield that is down is a warning")
	}
}

func TestThePublicURLIsCalledAndRemembered(t *testing.T) {
	o := testOptions(t, newApp(t, ok))
	o.Addr = freePort(t)
	o.PublicURL = "http://" + o.Addr // it does lead here
	r := open(t, o)
	stop := r.run()
	r.hears("reachable from outside")
	r.await("the finding is shown", func(l webhook.Listener) bool { return strings.HasPrefix(l.Tunnel.Reach, "reachable") })
	if err := stop(); err != nil {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}

	o.Addr = freePort(t)
	o.PublicURL = "http://" + o.Addr
	r = open(t, o)
	r.run()
	if n := r.hears("the public URL was http://"); !n.Warning || !strings.Contains(n.Text, "now "+o.PublicURL+": paste the new webhook URL") {
		t.Errorf("said %+v", n)
	}
	r.await("the screen says so, too", func(l webhook.Listener) bool {
		return strings.HasPrefix(l.Tunnel.Reach, "reachable") && strings.Contains(l.Tunnel.Reach, "; the public URL was")
	})
}
