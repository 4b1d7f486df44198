package inspector

import (
	"net/http"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func TestAResendIsCancelledByItsKey(t *testing.T) {
	cancelled := webhook.Resent{Attempt: webhook.Attempt{Error: "cancelled before the app had answered"}, State: webhook.StateFailed}
	for _, tt := range []struct {
		name   string
		resent webhook.Resent // of a listener that still told; one behind a socket does not
		keys   []string
		want   string
	}{
		{"in the list", cancelled, []string{"r"}, "#10: cancelled; your app may have got it"},
		{"in the detail", cancelled, []string{"enter", "r"}, "#10: cancelled; your app may have got it"},
		{"behind a socket", webhook.Resent{}, []string{"r"}, "#10: cancelled; your app may have got it"},
		{"when the answer has just come", webhook.Resent{Attempt: webhook.Attempt{StatusCode: 200}, State: webhook.StateRecovered}, []string{"r"}, "#10 resent: 200 in 0s, recovered"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := some()
			d := drive(t, f, 80, 24, Options{})
			f.resend = func(webhook.Resend) (webhook.Resent, error) {
				d.sees("sending #10 …; X cancels")
				d.ticks(100)
				d.sees("sending #10 …") // as long as it takes
				d.press("X")
				<-f.sending.Done()
				if tt.resent.State == "" {
					return webhook.Resent{}, f.sending.Err()
				}
				return tt.resent, nil
			}
			d.press("X") // means nothing yet
			d.press(tt.keys...)
			d.sees(tt.want)
			if d.m.keys.CancelResend.Enabled() {
				t.Error("there is still something to cancel")
			}
		})
	}
}

func TestStoppingManySendsEndsOneThatHangs(t *testing.T) {
	f := many(3)
	d := drive(t, f, 80, 24, Options{})
	f.resend = func(webhook.Resend) (webhook.Resent, error) {
		d.press("esc")
		select {
		case <-f.sending.Done():
		case <-time.After(20 * time.Second):
			t.Error("the app may hang for ever")
		}
		return webhook.Resent{}, f.sending.Err()
	}
	d.press("S", "r")
	d.sees("stopped after 1 of 3")
}

func TestTheAttemptsTellOfALateAnswerWithItsTrailersAndNotes(t *testing.T) {
	f := some()
	f.try(webhook.Attempt{
		EventID: 10, Delivery: 1, Number: 1, Trigger: webhook.TriggerLate, StartedAt: noon, StatusCode: 200, Duration: 94 * time.Second,
		Answered: 408, Trailer: http.Header{"X-Sum": {"7"}}, Notes: []string{"the app's answer begins with an empty line"},
	})
	d := drive(t, f, 80, 40, Options{})
	d.press("enter", "tab", "tab")
	for _, text := range []string{
		"late answer · ", "200 after 1m 34s", "Late: the sender had been told 408.", "note: the app's answer begins with an empty line", "trailers:", "X-Sum: 7",
	} {
		d.sees(text)
	}
}
