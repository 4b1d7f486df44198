package proxy

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func TestUnderTheShieldAFailureIsAnswered429(t *testing.T) {
	hanging := rawApp(t, func(c net.Conn, _ int) { _, _ = io.Copy(io.Discard, c) })
	crashing := answering(t, "")
	tests := []struct {
		name, target, reason string
		shield               bool
		status               int
	}{
		{"refused", "127.0.0.1:1", "shielded: http://127.0.0.1:1: connection refused", true, 429},
		{"refused, without the shield", "127.0.0.1:1", "http://127.0.0.1:1: connection refused", false, 502},
		{"too slow", hanging, "shielded: the app did not answer within 50ms; the app may have processed it all the same", true, 429},
		{"too slow, without the shield", hanging, "the app did not answer within 100ms", false, 408},
		{"crashed", crashing, "; the app may have processed it all the same", true, 429},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, st := realRig(t, tt.target, func(o *Options) {
				o.Timeout, o.ShieldTimeout = 100*time.Millisecond, 50*time.Millisecond
			})
			r.proxy.SetShield(tt.shield)
			resp, body := r.post("/", contact)
			if resp.StatusCode != tt.status {
				t.Errorf("answered %d %s", resp.StatusCode, body)
			}
			if err := st.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			sum, err := st.Summary(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			answer := sum.Outcome.Answer
			if answer.Shielded != tt.shield || !strings.HasSuffix(answer.Reason, tt.reason) || answer.By != webhook.ByTaskhook {
				t.Errorf("stored %+v", answer)
			}
			want := webhook.StateFailed
			if tt.shield {
				want = webhook.StateRetrying
			}
			if got := sum.State(time.Now()); got != want {
				t.Errorf("the event is %s, want %s", got, want)
			}
		})
	}
}

func TestARedeliveryOfWhatWasAcceptedMeanwhileIsForwardedAndMarked(t *testing.T) {
	s := &script{statuses: []int{429, 200, 200}}
	r, st := realRig(t, app(t, s.ServeHTTP))
	r.post("/", contact)
	if err := st.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: 1}); err != nil {
		t.Fatal(err)
	}
	if resp, _ := r.post("/", contact); resp.StatusCode != http.StatusOK {
		t.Errorf("the redelivery was answered %d", resp.StatusCode)
	}
	e, err := st.Event(t.Context(), 2)
	if err != nil || !e.Duplicate || e.RedeliveryOf != 1 {
		t.Errorf("%+v, %v", e, err)
	}
	if first, err := st.Event(t.Context(), 1); err != nil || first.Duplicate {
		t.Errorf("%+v, %v", first, err)
	}
}
