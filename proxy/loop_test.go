package proxy

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/webhook"
)

// chain starts listeners of which each forwards to the next, and the last to
// target; "" is the first of them.
func chain(t *testing.T, n int, target string) []*rig {
	t.Helper()
	rigs := make([]*rig, n)
	for i := n - 1; i >= 0; i-- {
		to := target
		if i < n-1 {
			to = rigs[i+1].addr
		} else if to == "" {
			to = "127.0.0.1:1"
		}
		rigs[i] = newRigWith(t, to, nil)
	}
	if target == "" {
		last := rigs[n-1].proxy
		last.apps[0].target = mustTarget(t, rigs[0].addr)
	}
	return rigs
}

func TestALoopEndsWhereItClosesForTheFirstTime(t *testing.T) {
	for n := 1; n <= 3; n++ {
		rigs := chain(t, n, "")
		resp, body := rigs[0].post("/hooks", `{"type":"ContactCreate"}`)
		if m := rigs[0].message(body); resp.StatusCode != http.StatusLoopDetected || !strings.Contains(m.Reason, "came back") {
			t.Errorf("%d listeners in a ring answered %d %s", n, resp.StatusCode, body)
		}
		for i, r := range rigs {
			want := 1
			if i == 0 {
				want = 2
			}
			if events, _ := r.store.count(); events != want {
				t.Errorf("%d listeners in a ring: number %d has %d events, want %d", n, i+1, events, want)
			}
		}
		e := rigs[0].store.event(t, 2)
		if e.Decision != webhook.RejectedLoop || e.Answer.Status != http.StatusLoopDetected || e.Type != "ContactCreate" || len(e.Body) == 0 {
			t.Errorf("stored %+v", e)
		}
	}
}

func TestAChainWithoutALoopWorks(t *testing.T) {
	addr, heads, _ := recordingApp(t)
	rigs := chain(t, 3, addr)
	c := rigs[0].raw("POST / HTTP/1.1\r\nHost: x\r\nVia: 1.0 gateway, 1.1 other\r\nContent-Length: 2\r\n\r\n{}")
	if resp, body := rawAnswer(t, c); resp.StatusCode != http.StatusOK {
		t.Fatalf("answered %d %s", resp.StatusCode, body)
	}
	want := []string{"1.0 gateway, 1.1 other"}
	for _, r := range rigs {
		want = append(want, "1.1 "+r.proxy.mark)
	}
	var got []string
	for line := range strings.SplitSeq(<-heads, "\r\n") {
		if v, ok := strings.CutPrefix(line, "Via: "); ok {
			got = append(got, v)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the app got Via %q, want %q", got, want)
	}
}

// TestTheMarkOfALoop says where the mark stands and where not.
func TestTheMarkOfALoop(t *testing.T) {
	addr, heads, _ := recordingApp(t)
	r := newRig(t, addr, func(o *Options) { o.Header = http.Header{"Via": {"mine"}} })
	mark := "Via: 1.1 " + r.proxy.mark + "\r\n"
	if strings.Contains(mark, r.proxy.Nonce()) || !strings.HasPrefix(r.proxy.mark, "taskhook-") || r.proxy.mark == New(Options{}).mark {
		t.Errorf("the mark is %q", r.proxy.mark)
	}
	r.post("/", "{}")
	if head := <-heads; !strings.Contains(head, "Via: mine\r\n") || !strings.Contains(head, mark) {
		t.Errorf("beside a header of the user's the app got %q", head)
	}
	// A person who resends to the own public URL has made no loop yet.
	if _, err := r.proxy.Resend(context.Background(), webhook.Resend{EventID: 1, To: r.addr}); err != nil {
		t.Fatal(err)
	}
	<-heads
	if events, _ := r.store.count(); events != 2 {
		t.Errorf("%d events are stored", events)
	}
	if e := r.store.event(t, 2); e.Decision != webhook.DecisionNone || r.proxy.isLoop(e.Header) {
		t.Errorf("the resent event is stored as %+v", e)
	}
}
