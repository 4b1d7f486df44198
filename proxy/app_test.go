package proxy

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

func TestEachAppHasConnectionsOfItsOwn(t *testing.T) {
	other, heads, _ := recordingApp(t)
	r := newRig(t, "127.0.0.1:1", func(o *Options) { o.MaxConnections = 1 })
	r.store.events = []webhook.Event{{ID: 1, Method: "POST", Path: "/"}}
	busy := r.proxy.Apps()[0]
	if err := busy.slots.acquire(t.Context(), time.Now().Add(time.Minute), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: 1, Timeout: 20 * time.Millisecond}); err == nil {
		t.Error("an app without a free connection was called")
	}
	if _, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: 1, To: other}); err != nil {
		t.Errorf("another app waited for it: %v", err)
	}
	if inUse, limit := busy.Connections(); inUse != 1 || limit != 1 || len(heads) != 1 {
		t.Errorf("%d of %d connections, %d requests", inUse, limit, len(heads))
	}
	busy.slots.release()
}

func TestEventsGoToTheFirstApp(t *testing.T) {
	first, heads, _ := recordingApp(t)
	second, none, _ := recordingApp(t)
	r := newRig(t, first, func(o *Options) {
		at, err := httpwire.ParseTarget(second)
		if err != nil {
			t.Fatal(err)
		}
		o.Targets = append(o.Targets, at)
	})
	r.post("/", "{}")
	if len(heads) != 1 || len(none) != 0 {
		t.Errorf("%d requests to the first, %d to the second", len(heads), len(none))
	}
	for i, a := range r.proxy.Apps() {
		now, _ := a.Probe(t.Context())
		if want := []string{first, second}[i]; !now.Up || now.Address != want || a.Target().String() != "http://"+want {
			t.Errorf("app %d is %s: %+v", i, a.Target(), now)
		}
	}
}

func TestChangesAreTold(t *testing.T) {
	var told atomic.Int64
	addr, _, _ := recordingApp(t)
	r := newRig(t, addr, func(o *Options) { o.Changed = func() { told.Add(1) } })
	change := func(c webhook.FaultChange) func() {
		return func() {
			if _, err := r.proxy.Faults().Change(c); err != nil {
				t.Error(err)
			}
		}
	}
	post := func() { r.post("/", "{}") }
	steps := []struct {
		what string
		do   func()
		want int64
	}{
		{"an event", post, 0},
		{"the shield goes up", func() { r.proxy.SetShield(true) }, 1},
		{"it is up already", func() { r.proxy.SetShield(true) }, 0},
		{"the rules are listed", change(webhook.FaultChange{}), 0},
		{"a rule is added", change(webhook.FaultChange{Add: []string{"status:500 times:2"}}), 1},
		{"the rule acts", post, 0},
		{"it acts for the last time", post, 1},
		{"it has ended", post, 0},
		{"it is removed", change(webhook.FaultChange{Remove: []int{1}}), 1},
		{"the disk is full", func() { r.store.setFail(errDiskFull); post() }, 1},
		{"it is full still", post, 0},
		{"there is space again", func() { r.store.setFail(nil); post() }, 1},
	}
	for _, s := range steps {
		before := told.Load()
		s.do()
		if got := told.Load() - before; got != s.want {
			t.Errorf("%s: told %d times, want %d", s.what, got, s.want)
		}
	}
}

// TestARuleThatEndsByTimeTellsNobody holds what its Ends is for: whoever shows
// rules knows beforehand when they end.
func TestARuleThatEndsByTimeTellsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		p := New(Options{Changed: func() { told++ }})
		if _, err := p.Faults().Change(webhook.FaultChange{Add: []string{"status:500 expires:10m"}}); err != nil {
			t.Fatal(err)
		}
		rule := p.Faults().Rules()[0]
		time.Sleep(time.Until(rule.Ends))
		if rule = p.Faults().Rules()[0]; !rule.Ended || told != 1 {
			t.Errorf("told %d times: %+v", told, rule)
		}
	})
}
