package proxy

import (
	"bytes"
	"fmt"
	"net/http"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/body"
)

// slowAnswer is how long an answer takes that is marked as slow. The platform
// publishes no number; it tells receivers to answer at once.
const slowAnswer = 5 * time.Second

// devKey is the name of the development key in a verdict.
const devKey = "dev"

// annotate adds to an attempt what a person should know about it.
func annotate(a *webhook.Attempt, req *request, v webhook.Verdict, f *failure) {
	a.Slow = a.Duration > slowAnswer
	if f != nil {
		a.Hint = format.MaskURLs(f.next)
		return
	}
	a.Unsuccessful = webhook.Delivered(a.StatusCode) && saysUnsuccessful(body.OfAnswer(a).Bytes)
	switch {
	case a.Unsuccessful:
		a.Hint = `your app answered 2xx with "success": false: the platform will not send the event again; answer 429 if it should`
	case a.StatusCode >= 300:
		a.Hint = format.MaskURLs(statusHint(a, req, v))
	}
	if a.Hint == "" && a.Slow {
		a.Hint = "answer at once and do the work afterwards: the platform may not wait for a slow answer"
	}
}

// statusHint says what to do about a status that is no success, "" where only
// the app knows.
func statusHint(a *webhook.Attempt, req *request, v webhook.Verdict) string {
	status := a.StatusCode
	switch {
	case req.path == "/" && routeMissing(status):
		return fmt.Sprintf("your app answers %d at /: name the path of its webhook route, such as taskhook listen %s", status, req.target.WithPath(webhook.GuidePath).Short())
	case status < 400:
		return fmt.Sprintf("your app redirects to %s, but webhooks do not follow redirects: name that path as the target", a.Header.Get("Location"))
	case status >= 500:
		return ""
	}
	switch text := body.OfAnswer(a).Bytes; {
	case saysTLS(status, text) && !req.target.Origin().TLS():
		return "your app speaks https on this port: use taskhook listen " + req.target.WithTLS(true).String()
	case RefusesHost(status, text):
		return hostCheckHint(req, text)
	case refused(status):
		return refusalHint(req, v)
	}
	return ""
}

// refusalHint says what to do when the app does not accept a signature, "" if the
// event had none that counts.
func refusalHint(req *request, v webhook.Verdict) string {
	switch {
	case v.Key == devKey, req.signed != nil:
		return "your app trusts only Taskee's key: run taskhook keys env"
	case v.Status == webhook.Valid && v.Key != "":
		return "if your app has the development key in its environment, have all it gets signed by that: taskhook listen --sign dev"
	}
	return ""
}

// refused reports whether a status says that the app does not accept a
// signature.
func refused(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// routeMissing reports whether a status says that the app has its webhook
// route elsewhere.
func routeMissing(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed ||
		status >= 300 && status < 400
}

// saysUnsuccessful reports whether an answer is JSON with "success": false.
func saysUnsuccessful(text []byte) bool {
	if !bytes.Contains(text, []byte(`"success"`)) {
		return false
	}
	raw, ok := jsjson.Find(text, "success")
	return ok && string(bytes.TrimSpace(raw)) == "false"
}
