package listener

import (
	"errors"
	"net"
	"testing"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/proxy"
)

func TestTheOwnIngressIsNoTarget(t *testing.T) {
	_, port, err := net.SplitHostPort(freePort(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{port, "localhost:" + port, "127.0.0.1:" + port + "/hooks", "https://hooks.localhost:" + port} {
		o := testOptions(t, target)
		o.Addr = "127.0.0.1:" + port
		l, err := Open(t.Context(), o)
		var loop *LoopError
		if !errors.As(err, &loop) || l != nil {
			t.Errorf("target %s: %v", target, err)
		}
	}
}

func TestLeadsTo(t *testing.T) {
	tests := []struct {
		target, listening string
		want              bool
	}{
		{"127.0.0.1:4480", "127.0.0.1:4480", true},
		{"127.0.0.1:4481", "127.0.0.1:4480", false},
		{"127.0.0.2:4480", "127.0.0.1:4480", false}, // another program may be there
		{"[::1]:4480", "127.0.0.1:4480", false},
		{"[::1]:4480", "[::1]:4480", true},
		{"[::ffff:127.0.0.1]:4480", "127.0.0.1:4480", true},
		{"localhost:4480", "[::1]:4480", true},
		{"app.localhost:4480", "127.0.0.1:4480", true},
		{"4480/webhooks", "127.0.0.1:4480", true},
		{"app.test:4480", "127.0.0.1:4480", false}, // known when an event comes back
		{"127.0.0.1:4480", "0.0.0.0:4480", true},
		{"localhost:4480", "[::]:4480", true},
		{"0.0.0.0:4480", "127.0.0.1:4480", true},
		{"[::]:4480", "127.0.0.1:4480", false},
		{"192.0.2.1:4480", "0.0.0.0:4480", false}, // of no machine
		{"http://localhost", "127.0.0.1:80", true},
		{"https://localhost", "127.0.0.1:443", true},
	}
	for _, tt := range tests {
		target, err := httpwire.ParseTarget(tt.target)
		if err != nil {
			t.Fatal(err)
		}
		at, err := net.ResolveTCPAddr("tcp", tt.listening)
		if err != nil {
			t.Fatal(err)
		}
		if got := leadsTo(target, at); got != tt.want {
			t.Errorf("%s leads to %s: %t", tt.target, tt.listening, got)
		}
	}
}

// TestALoopOverTwoListenersIsRecorded goes through both real stores.
func TestALoopOverTwoListenersIsRecorded(t *testing.T) {
	firstAddr := freePort(t)
	second := open(t, func() Options { o := testOptions(t, firstAddr); o.Proxy.Mode = proxy.ModeOff; return o }())
	o := testOptions(t, second.local)
	o.Addr, o.Proxy.Mode = firstAddr, proxy.ModeOff
	first := open(t, o)
	if status := first.post(nil, []byte("{}")); status != 508 {
		t.Errorf("answered %d", status)
	}
	counts, err := first.Counts(t.Context())
	if err != nil || counts.Events != 2 || counts.Rejected != 1 {
		t.Errorf("the first has %+v, %v", counts, err)
	}
	if counts, err = second.Counts(t.Context()); err != nil || counts.Events != 1 {
		t.Errorf("the second has %+v, %v", counts, err)
	}
}
