package retry

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// RemarkKind says what a [Remark] is about.
type RemarkKind string

// The kinds of remarks.
const (
	// RemarkRetryAfter: a 429 with Retry-After, which the platform ignores.
	RemarkRetryAfter RemarkKind = "retry-after"
	// RemarkRefused: a 4xx on a retry after the same bytes were answered 2xx
	// or 429 before.
	RemarkRefused RemarkKind = "refused-retry"
	// RemarkSlow: an answer slower than the time limit.
	RemarkSlow RemarkKind = "slow"
	// RemarkMasked: the app's answers beside those the platform was told.
	RemarkMasked RemarkKind = "masked"
)

// Remark is something that a simulation shows about the app.
type Remark struct {
	Kind  RemarkKind
	Send  int    // 0: about all of them
	Words string // one line
}

// Known is what a record cannot know by itself. The zero value knows nothing.
type Known struct {
	TimeLimit time.Duration // for an answer; 0: none
	// Earlier are the app's answers to the same bytes before the simulation.
	Earlier []int
}

// Remarks returns what is to be said about the app's answers, in the order of
// the sends, and what concerns them all last.
func (r Record) Remarks(k Known) []Remark {
	var remarks []Remark
	earlier := 0 // the last answer before this one that a retry should not be refused after
	for _, status := range k.Earlier {
		if welcome(status) {
			earlier = status
		}
	}
	for _, s := range r.Sends {
		if s.Called && !s.Interrupted {
			remarks = append(remarks, s.remarks(r.Simulation.Policy, k.TimeLimit, earlier)...)
		}
		// What the app itself answered weighs more than what was told in its
		// place; both are what a platform goes by.
		switch {
		case welcome(s.App.Status):
			earlier = s.App.Status
		case welcome(s.Status):
			earlier = s.Status
		}
	}
	if masked := r.maskedWords(); masked != "" {
		remarks = append(remarks, Remark{Kind: RemarkMasked, Words: masked})
	}
	return remarks
}

// welcome reports whether an app that gave this answer should not refuse the
// same bytes later.
func welcome(status int) bool {
	return webhook.Accepted(status) || status == http.StatusTooManyRequests
}

// remarks returns what is to be said about one answer of the app.
func (s Sent) remarks(p Policy, limit time.Duration, earlier int) []Remark {
	var remarks []Remark
	say := func(kind RemarkKind, format string, args ...any) {
		words := fmt.Sprintf("send %d: ", s.Number) + fmt.Sprintf(format, args...)
		remarks = append(remarks, Remark{Kind: kind, Send: s.Number, Words: words})
	}
	status := s.App.Status
	if status == http.StatusTooManyRequests && s.App.RetryAfter != "" {
		gap := ""
		if p.Retries(status) && s.Number <= p.retries() {
			gap = " and comes after " + short(p.interval(s.Number)) + " plus jitter"
		}
		say(RemarkRetryAfter, "429 with Retry-After %.40q: the platform ignores it%s", s.App.RetryAfter, gap)
	}
	if earlier != 0 && status >= 400 && status < 500 && !welcome(status) {
		say(RemarkRefused, "%d on a retry, after %d for the same bytes: "+
			"an app that refuses old timestamps refuses legitimate retries", status, earlier)
	}
	if limit > 0 && s.App.Took > limit {
		say(RemarkSlow, "the answer took %s, the limit is %s: the platform would have hung up",
			s.App.Took.Round(100*time.Millisecond), limit)
	}
	return remarks
}

// maskedWords sets the app's answers beside what the platform was told, ""
// if no answer was masked.
func (r Record) maskedWords() string {
	var pairs []string
	accepted, masked := 0, false
	for _, s := range r.Sends {
		if !s.Called || s.Interrupted || s.Failure != "" {
			continue
		}
		masked = masked || s.Simulated
		pairs = append(pairs, statusWords(s.App.Status)+"→"+statusWords(s.Status))
		if webhook.Accepted(s.App.Status) {
			accepted++
		}
	}
	if !masked {
		return ""
	}
	words := "the app answered → the platform was told: " + strings.Join(pairs, ", ")
	if accepted > 1 {
		words += fmt.Sprintf("; the app accepted it %d times: whether the work was done more than once only the app knows", accepted)
	}
	return words
}
