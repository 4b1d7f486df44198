package retry

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

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
		name      string
		sends     []Sent
		timeLimit time.Duration
		earlier   []int
		want      []string
	}{
		{"nothing to say", []Sent{called(1, 429), called(2, 200)}, 30 * time.Second, nil, nil},
		{"a Retry-After", []Sent{retryAfter, called(2, 200)}, 0, nil, []string{
			`send 1: 429 with Retry-After "60": the platform ignores it and retries after 10m plus jitter`,
		}},
		{"a Retry-After on the last send", []Sent{last}, 0, nil, []string{
			`send 7: 429 with Retry-After "Wed, 21 Oct 2026 07:28:00 GMT": the platform ignores it`,
		}},
		{"a retry refused after a 429", []Sent{called(1, 429), called(2, 401)}, 0, nil, []string{
			"send 2: 401 on a retry, after 429 for the same bytes: " + stale,
		}},
		{"a retry refused after a 429 in the app's place", []Sent{faked(1, 429), called(2, 400)}, 0, nil, []string{
			"send 2: 400 on a retry, after 429 for the same bytes: " + stale,
		}},
		{"a first send refused after an earlier delivery", []Sent{called(1, 403)}, 0, []int{500, 200, 500}, []string{
			"send 1: 403 on a retry, after 200 for the same bytes: " + stale,
		}},
		{"a first send refused, and nothing before", []Sent{called(1, 403)}, 0, []int{403, 500}, nil},
		{"a server error is no refusal", []Sent{called(1, 429), called(2, 500)}, 0, nil, nil},
		{"an answer over the limit", []Sent{called(1, 429), slow}, 30 * time.Second, nil, []string{
			"send 2: the answer took 31.2s and the limit is 30s: the platform would have hung up",
		}},
		{"without a limit nothing is slow", []Sent{called(1, 429), slow}, 0, nil, nil},
		{"a cancelled send says nothing about the app", []Sent{called(1, 429), cut}, time.Second, nil, nil},
		{"masked answers that may have done the work twice", []Sent{masked(1, 200, 429), masked(2, 0, 429), called(3, 201)}, 0, nil, []string{
			"your app answered → the platform got: 200→429, no answer→429, 201→201; " +
				"your app answered 2xx 2 times: only it knows whether it did the work more than once",
		}},
		{"masked answers, refused the second time", []Sent{masked(1, 200, 429), called(2, 409)}, 0, nil, []string{
			"send 2: 409 on a retry, after 200 for the same bytes: " + stale,
			"your app answered → the platform got: 200→429, 409→409",
		}},
		{"answers without the app are not masked", []Sent{faked(1, 429), called(2, 200)}, 0, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := Record{Simulation: Simulation{Policy: platform}, Sends: tt.sends}
			if d := cmp.Diff(tt.want, r.Remarks(tt.timeLimit, tt.earlier)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
