package retry

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// Remarks returns what the simulation shows about the app, a line each: a
// Retry-After that the platform ignores, a 4xx to bytes that were welcome
// before, an answer slower than timeLimit (0: none), and the app's answers
// beside those that replaced them. Earlier are the app's answers to the same
// bytes before the simulation.
func (r Record) Remarks(timeLimit time.Duration, earlier []int) []string {
	var remarks []string
	welcome := 0 // the last status that made these bytes welcome, 0: none
	for _, status := range earlier {
		if isWelcome(status) {
			welcome = status
		}
	}
	for _, s := range r.Sends {
		if s.Called && !s.Interrupted {
			remarks = append(remarks, s.remarks(r.Simulation.Policy, timeLimit, welcome)...)
		}
		// The app's own answer weighs more than the one that replaced it, but a
		// platform goes by both.
		switch {
		case isWelcome(s.App.Status):
			welcome = s.App.Status
		case isWelcome(s.Status):
			welcome = s.Status
		}
	}
	if masked := r.describeMasked(); masked != "" {
		remarks = append(remarks, masked)
	}
	return remarks
}

// isWelcome reports whether an app that gave this answer should not refuse the
// same bytes later.
func isWelcome(status int) bool {
	return webhook.Delivered(status) || status == http.StatusTooManyRequests
}

// remarks returns what one answer shows about the app.
func (s Sent) remarks(p Policy, timeLimit time.Duration, welcome int) []string {
	var remarks []string
	add := func(format string, args ...any) {
		remarks = append(remarks, fmt.Sprintf("send %d: ", s.Number)+fmt.Sprintf(format, args...))
	}
	status := s.App.Status
	if status == http.StatusTooManyRequests && s.App.RetryAfter != "" {
		gap := ""
		if p.Retries(status) && s.Number <= p.retries() {
			gap = " and retries after " + format.Duration(p.interval(s.Number)) + " plus jitter"
		}
		add("429 with Retry-After %.40q: the platform ignores it%s", s.App.RetryAfter, gap)
	}
	if welcome != 0 && status >= 400 && status < 500 && !isWelcome(status) {
		add("%d on a retry, after %d for the same bytes: "+
			"an app that refuses old timestamps refuses legitimate retries", status, welcome)
	}
	if timeLimit > 0 && s.App.Took > timeLimit {
		add("the answer took %s and the limit is %s: the platform would have hung up",
			format.Duration(s.App.Took), format.Duration(timeLimit))
	}
	return remarks
}

// describeMasked sets the app's answers beside those that the platform got, ""
// if no answer was masked.
func (r Record) describeMasked() string {
	var pairs []string
	delivered, masked := 0, false
	for _, s := range r.Sends {
		if !s.Called || s.Interrupted || s.Failure != "" {
			continue
		}
		masked = masked || s.Simulated
		pairs = append(pairs, format.Status(s.App.Status)+"→"+format.Status(s.Status))
		if webhook.Delivered(s.App.Status) {
			delivered++
		}
	}
	if !masked {
		return ""
	}
	text := "your app answered → the platform got: " + strings.Join(pairs, ", ")
	if delivered > 1 {
		text += fmt.Sprintf("; your app answered 2xx %d times: only it knows whether it did the work more than once", delivered)
	}
	return text
}
