package retry

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRoughDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                 "0 s",
		12400 * time.Millisecond:          "12 s",
		59700 * time.Millisecond:          "1 min",
		89 * time.Second:                  "1 min",
		31*time.Minute + 10*time.Second:   "31 min",
		59*time.Minute + 40*time.Second:   "1 h",
		70*time.Minute + 2*time.Second:    "1 h 10 min",
		24*time.Hour - time.Second:        "1 d",
		51*time.Hour + 20*time.Minute:     "2 d 3 h",
		48 * time.Hour:                    "2 d",
		365*24*time.Hour - 31*time.Minute: "364 d 23 h",
	} {
		if got := roughly(d); got != want {
			t.Errorf("%v is said as %q, want %q", d, got, want)
		}
	}
}

// called is a send that the app answered itself.
func called(number, status int) Sent {
	return Sent{Send: Send{Number: number}, Called: true, Status: status, App: Result{Status: status, Took: time.Millisecond}}
}

// masked is a send that the app answered and whose answer was replaced.
func masked(number, status, told int) Sent {
	s := called(number, status)
	s.Simulated, s.Replaced, s.Status = true, told, told
	return s
}

// faked is a send that the app never saw.
func faked(number, told int) Sent {
	return Sent{Send: Send{Number: number, Replaced: told}, Simulated: true, Status: told}
}

func TestRemarks(t *testing.T) {
	retryAfter, slow, cut := called(1, 429), called(2, 200), called(2, 0)
	retryAfter.App.RetryAfter = "60"
	slow.App.Took = 31240 * time.Millisecond
	cut.Interrupted, cut.App.Took = true, time.Hour
	last := called(7, 429)
	last.App.RetryAfter = "Wed, 21 Oct 2026 07:28:00 GMT"
	const stale = "an app that refuses old timestamps refuses legitimate retries"
	tests := []struct {
		name  string
		sends []Sent
		known Known
		want  []Remark
	}{
		{"nothing to say", []Sent{called(1, 429), called(2, 200)}, Known{TimeLimit: 30 * time.Second}, nil},
		{"a Retry-After", []Sent{retryAfter, called(2, 200)}, Known{}, []Remark{
			{RemarkRetryAfter, 1, `send 1: 429 with Retry-After "60": the platform ignores it and comes after 10m plus jitter`},
		}},
		{"a Retry-After on the last send", []Sent{last}, Known{}, []Remark{
			{RemarkRetryAfter, 7, `send 7: 429 with Retry-After "Wed, 21 Oct 2026 07:28:00 GMT": the platform ignores it`},
		}},
		{"a retry refused after a 429", []Sent{called(1, 429), called(2, 401)}, Known{}, []Remark{
			{RemarkRefused, 2, "send 2: 401 on a retry, after 429 for the same bytes: " + stale},
		}},
		{"a retry refused after a 429 in the app's place", []Sent{faked(1, 429), called(2, 400)}, Known{}, []Remark{
			{RemarkRefused, 2, "send 2: 400 on a retry, after 429 for the same bytes: " + stale},
		}},
		{"a first send refused after an earlier delivery", []Sent{called(1, 403)}, Known{Earlier: []int{500, 200, 500}}, []Remark{
			{RemarkRefused, 1, "send 1: 403 on a retry, after 200 for the same bytes: " + stale},
		}},
		{"a first send refused, and nothing before", []Sent{called(1, 403)}, Known{Earlier: []int{403, 500}}, nil},
		{"a server error is no refusal", []Sent{called(1, 429), called(2, 500)}, Known{}, nil},
		{"an answer over the limit", []Sent{called(1, 429), slow}, Known{TimeLimit: 30 * time.Second}, []Remark{
			{RemarkSlow, 2, "send 2: the answer took 31.2s, the limit is 30s: the platform would have hung up"},
		}},
		{"without a limit nothing is slow", []Sent{called(1, 429), slow}, Known{}, nil},
		{"a cancelled send says nothing about the app", []Sent{called(1, 429), cut}, Known{TimeLimit: time.Second}, nil},
		{"masked answers that may have done the work twice", []Sent{masked(1, 200, 429), masked(2, 0, 429), called(3, 201)}, Known{}, []Remark{
			{RemarkMasked, 0, "the app answered → the platform was told: 200→429, no answer→429, 201→201; " +
				"the app accepted it 2 times: whether the work was done more than once only the app knows"},
		}},
		{"masked answers, refused the second time", []Sent{masked(1, 200, 429), called(2, 409)}, Known{}, []Remark{
			{RemarkRefused, 2, "send 2: 409 on a retry, after 200 for the same bytes: " + stale},
			{RemarkMasked, 0, "the app answered → the platform was told: 200→429, 409→409"},
		}},
		{"answers without the app are not masked", []Sent{faked(1, 429), called(2, 200)}, Known{}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := Record{Simulation: Simulation{Policy: platform}, Sends: tt.sends}
			if d := cmp.Diff(tt.want, r.Remarks(tt.known)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
