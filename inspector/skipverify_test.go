package inspector

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// redirect is a GET of a browser that was rejected, or let pass.
func redirect(d webhook.Decision) webhook.Summary {
	e := webhook.Summary{Event: webhook.Event{
		Method: "GET", Path: "/oauth/callback", RawQuery: "locationId=1&code=s3cr3t&state=0p4que", ReceivedAt: noon.Add(-time.Second),
		Header:  http.Header{"Referer": {"https://taskee.example/login?session=s3cr3t"}},
		Verdict: webhook.Verdict{Status: webhook.Skipped}, Decision: d,
		Answer: webhook.Answer{Status: 200, By: webhook.ByApp},
	}}
	if d == webhook.RejectedUnsigned {
		e.Verdict = webhook.Verdict{Status: webhook.Unsigned, Reason: "there is no signature", Next: "let it pass: --skip-verify 'GET /oauth/callback'"}
		e.Answer = webhook.Answer{Status: 401, By: webhook.ByTaskhook, Reason: e.Verdict.Reason}
	}
	e.Outcome = webhook.Outcome{Answer: e.Answer, Decision: d}
	return e
}

func TestAKeyLetsRequestsLikeARejectedOnePass(t *testing.T) {
	feed := some()
	id := feed.add(redirect(webhook.RejectedUnsigned))
	asked, answer := webhook.ID(0), error(nil)
	feed.platform.skip = func(id webhook.ID) (string, error) { asked = id; return "GET /oauth/callback", answer }
	d := simulating(t, feed, 120, 40)
	d.sees("--skip-verify 'GET /oauth/callback'") // it names the flag
	d.sees("a let such requests pass")
	d.press("a")
	d.sees("Is GET /oauth/callback no webhook?")
	d.press("n")
	if asked != 0 {
		t.Error("it passes though nobody agreed")
	}
	d.press("a", "y")
	if asked != id {
		t.Errorf("asked for %s, want %s", asked, id)
	}
	feed.listener.SkipVerify = []string{"GET /oauth/callback"}
	d.sees("GET /oauth/callback passes unchecked until taskhook ends; for good: --skip-verify 'GET /oauth/callback'")

	d.press("i")
	d.ticks(2)
	d.sees("skip    GET /oauth/callback")
	d.misses("let such requests pass") // they do
	feed.listener.SkipVerify = nil
	d.ticks(2)
	answer = errors.New("its path is that of the webhooks")
	d.press("a", "y")
	d.sees("nothing was changed: its path is that of the webhooks")
	d.press("esc", "down")
	d.misses("let such requests pass") // a webhook
}

func TestNothingPassesWithoutAListener(t *testing.T) {
	feed := some()
	feed.add(redirect(webhook.RejectedUnsigned))
	feed.listener.Local = ""
	d := drive(t, feed, 120, 40, Options{})
	d.misses("let such requests pass")
}

// TestTheListLeavesOutWhatIsNoWebhook holds that a request that passed has a row
// only when somebody asks for it, and is no news.
func TestTheListLeavesOutWhatIsNoWebhook(t *testing.T) {
	feed := some()
	d := drive(t, feed, 120, 40, Options{})
	d.press("down")
	feed.add(redirect(webhook.Passed))
	feed.add(redirect(webhook.Passed))
	d.ticks(2)
	d.misses("/oauth/callback")
	d.sees("paused")
	feed.add(feed.events[0])
	d.ticks(2)
	d.sees("↑ 1 new")
	d.press("/")
	d.typed("state:passed")
	d.press("enter")
	d.ticks(2)
	d.sees("GET /oauth/callback")
	d.sees("passed")
}

// TestARedirectIsNoFailureOfWhatIsNoWebhook holds that the answer which belongs
// to OAuth is not marked as one that a webhook must not get.
func TestARedirectIsNoFailureOfWhatIsNoWebhook(t *testing.T) {
	for d, sign := range map[webhook.Decision]string{webhook.Passed: "302 in", webhook.DecisionNone: signBad + " 302 in"} {
		feed := some()
		id := feed.add(redirect(d))
		feed.try(webhook.Attempt{EventID: id, Trigger: webhook.TriggerReceived, Delivery: 1, Number: 1, StatusCode: 302, Answered: 302, StartedAt: noon})
		s := drive(t, feed, 160, 40, Options{})
		s.press("/")
		s.typed("state:passed or !state:passed")
		s.press("enter", "3")
		s.ticks(2)
		s.sees("│ " + sign)
	}
}

func TestSecretsInURLsAreNotShown(t *testing.T) {
	feed := some()
	id := feed.add(redirect(webhook.RejectedUnsigned))
	feed.try(webhook.Attempt{
		EventID: id, Trigger: webhook.TriggerResend, Delivery: 1, Number: 1, StatusCode: 302, StartedAt: noon,
		Target: "http://localhost:3000/oauth/callback?code=s3cr3t", Header: http.Header{"Location": {"/done#access_token=s3cr3t"}},
		Sent: &webhook.Request{Method: "GET", Path: "/oauth/callback", RawQuery: "code=s3cr3t"},
	})
	feed.listener.Target = "http://localhost:3000/?token=s3cr3t"
	d := drive(t, feed, 160, 40, Options{})
	for _, tab := range []string{"1", "2", "3", "4", "5", "6"} {
		d.press(tab)
		d.ticks(2)
		d.misses("s3cr3t")
		d.misses("0p4que")
	}
	d.press("2")
	d.ticks(2)
	d.sees("GET /oauth/callback?locationId=1&code=***&state=***")
	d.sees("Referer: https://taskee.example/login?session=***")
	d.press("3")
	d.ticks(2)
	d.sees("→ http://localhost:3000/oauth/callback?code=***")
	d.sees("Location: /done#access_token=***")
	d.press("i")
	d.sees("http://localhost:3000/?token=***")
}
