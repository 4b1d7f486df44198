package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/taskhook/taskhook/control"
	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// trigger plays the platform: it signs events and posts them.
type trigger struct {
	body      func(at time.Time) ([]byte, error)
	url       string
	asked     string // the URL, as an HTTP client has to ask for it
	transport *http.Transport
	scheme    string
	signer    taskee.Signer
	interval  time.Duration   // the least time between two events
	listener  control.Backend // that url leads to; nil: another receives
}

// triggered is the outcome of one event.
type triggered struct {
	ID         webhook.ID `json:"id,omitempty"` // in the store; 0: unknown
	Type       string     `json:"type"`
	WebhookID  string     `json:"webhookId"`
	URL        string     `json:"url"`
	Scheme     string     `json:"scheme"`
	BodySize   int        `json:"bodySize"`
	Status     int        `json:"status"` // 0: no answer
	DurationMS float64    `json:"durationMs"`
	Error      string     `json:"error"` // of the transport
	Reason     string     `json:"reason"`

	next            string // one thing to do: Taskhook says so in its answers, or the connection failed
	answeredByProxy bool   // the answer is Taskhook's, not the app's
	refusesHost     bool   // the app checks hosts
}

// triggerTimeout bounds one event: it is longer than a listener waits by default.
const triggerTimeout = 2 * time.Minute

// run sends count events and returns how many were not delivered, and the last
// of those. It ends early when ctx does.
func (t *trigger) run(ctx context.Context, count int, show func(triggered) error) (failed int, last triggered, err error) {
	defer t.transport.CloseIdleConnections()
	client := &http.Client{
		Transport: t.transport,
		Timeout:   triggerTimeout,
		// The platform does not follow redirects: they are failures.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	begin := time.Now()
	for i := range count {
		if err := retry.Sleep(ctx, time.Until(begin.Add(time.Duration(i)*t.interval))); err != nil {
			return failed, last, err
		}
		body, err := t.body(time.Now())
		if err != nil {
			return failed, last, err
		}
		r, err := t.send(ctx, client, body)
		if err != nil {
			return failed, last, err
		}
		if t.listener != nil && r.Status != 0 {
			// The answer stands, also when the listener ends meanwhile.
			r.ID, _ = findSent(ctx, t.listener, r.WebhookID, body)
		}
		if !webhook.Delivered(r.Status) {
			failed, last = failed+1, r
		}
		if err := show(r); err != nil {
			return failed, last, err
		}
	}
	return failed, last, nil
}

// send sends one event. A failed answer, or none, is not an error.
func (t *trigger) send(ctx context.Context, client *http.Client, body []byte) (r triggered, err error) {
	r = triggered{URL: t.url, Scheme: t.scheme}
	e := taskee.Parse(body)
	r.Type, r.WebhookID, r.BodySize = e.Type, e.WebhookID, len(body)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.asked, bytes.NewReader(body))
	if err != nil {
		return r, err
	}
	if t.scheme != taskee.SchemeNone {
		if req.Header, err = t.signer.Sign(body, t.scheme); err != nil {
			return r, fmt.Errorf("sign the event: %w", err)
		}
	}
	req.Header.Set("Content-Type", "application/json")
	if t.listener != nil {
		announce(ctx, t.listener, body, webhook.NoRetry)
	}
	began := time.Now()
	resp, err := client.Do(req)
	if err == nil {
		defer func() { _ = resp.Body.Close() }()
	}
	defer func() { r.DurationMS = float64(time.Since(began).Microseconds()) / 1000 }()
	switch {
	case ctx.Err() != nil:
		return r, ctx.Err()
	case httpwire.IsTimeout(err):
		r.Error = "no answer within " + format.Duration(triggerTimeout)
		return r, nil
	case err != nil:
		r.Error, r.next = httpwire.Reason(err), unreachedHint(err, t.url)
		return r, nil
	}
	r.Status = resp.StatusCode
	r.read(resp.Body)
	return r, nil
}

// maxReason bounds what is read of an answer, in bytes.
const maxReason = 64 << 10

// read looks for the reason in an answer: in Taskhook's own form, or in one
// that many apps use.
func (r *triggered) read(body io.Reader) {
	text, _ := io.ReadAll(io.LimitReader(body, maxReason)) // the status stands without it
	if webhook.Delivered(r.Status) {
		return
	}
	r.refusesHost = proxy.RefusesHost(r.Status, text)
	var m struct{ Error, Reason, Message, Verdict, Next any }
	if json.Unmarshal(text, &m) != nil {
		return
	}
	for _, v := range []any{m.Reason, m.Message, m.Error} {
		if s, ok := v.(string); ok && s != "" && r.Reason == "" {
			r.Reason = s
		}
	}
	r.next, r.answeredByProxy = m.Next.(string)
}

// hint is one thing to do about an event that was not delivered.
func (r *triggered) hint() string {
	switch unauthorized := r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden; {
	case r.answeredByProxy:
		return r.next
	case r.refusesHost:
		return "your app refuses the host of the request: allow it there, or see --host and --forwarded-headers of taskhook listen"
	case unauthorized && r.Scheme != taskee.SchemeNone:
		return "your app trusts only Taskee's key: run taskhook keys env"
	case unauthorized:
		return "sign it: drop --scheme none"
	}
	return r.next
}

func (a *app) printTriggered(r triggered) error {
	status := format.Status(0)
	if r.Status != 0 {
		status = format.Answer(r.Status, time.Duration(r.DurationMS*float64(time.Millisecond)))
	}
	if text := r.Error + r.Reason; text != "" {
		status += ": " + text
	}
	var words []string
	if r.ID != 0 {
		words = append(words, r.ID.String())
	}
	for _, word := range [...]string{r.Type, r.WebhookID, "→", status} {
		if word != "" {
			words = append(words, word)
		}
	}
	return a.print("trigger", r, "%s", strings.Join(words, " "))
}
