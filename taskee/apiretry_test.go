package taskee

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// memory answers requests in this process, so that time may be virtual.
type memory struct {
	calls
	times  []time.Time
	answer func(n int, r *http.Request) (*http.Response, error) // n from 1
}

func (m *memory) RoundTrip(r *http.Request) (*http.Response, error) {
	n := m.add(r)
	m.mu.Lock()
	m.times = append(m.times, time.Now())
	m.mu.Unlock()
	return m.answer(n, r)
}

// gaps are the waits between requests.
func (m *memory) gaps() []time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []time.Duration
	for i := 1; i < len(m.times); i++ {
		all = append(all, m.times[i].Sub(m.times[i-1]))
	}
	return all
}

func response(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

const contactBody = `{"contact":{"id":"c1"},"succeeded":true}`

// sequence answers with these statuses one after the other, then with the
// last, and with headers to all but 200.
func sequence(statuses []int, header ...string) *memory {
	return &memory{answer: func(n int, _ *http.Request) (*http.Response, error) {
		if status := statuses[min(n, len(statuses))-1]; status != http.StatusOK {
			return response(status, `{"statusCode":0,"message":"no"}`, header...), nil
		}
		return response(http.StatusOK, contactBody), nil
	}}
}

// theCalls are the calls of the client by their kind.
var theCalls = map[string]func(context.Context, *Client) error{
	"get": func(ctx context.Context, c *Client) error { _, err := c.Contact(ctx, "c1"); return err },
	"create": func(ctx context.Context, c *Client) error {
		_, err := c.CreateContact(ctx, ContactInput{Email: "jane@example.com"})
		return err
	},
	"upsert": func(ctx context.Context, c *Client) error {
		_, _, err := c.UpsertContact(ctx, ContactInput{Email: "jane@example.com"})
		return err
	},
	"update": func(ctx context.Context, c *Client) error {
		_, err := c.UpdateContact(ctx, "c1", ContactInput{City: "Austin"})
		return err
	},
	"delete": func(ctx context.Context, c *Client) error { return c.DeleteContact(ctx, "c1") },
}

func TestWhatIsSentAgain(t *testing.T) {
	timeout := errors.New("read: connection timed out")
	for _, tt := range []struct {
		name     string
		statuses []int // 0: no answer
		calls    []string
		sent     int
		status   int // of the error, 0 for none
	}{
		{"429 is never executed, so all are sent again", []int{429, 429, 200}, []string{"get", "create", "upsert", "update", "delete"}, 3, 0},
		{"reading passes over a gateway's trouble", []int{502, 503, 504, 200}, []string{"get"}, 4, 0},
		{"writing may have happened at 502", []int{502, 200}, []string{"create", "upsert", "update", "delete"}, 1, 502},
		{"writing may have happened at 503", []int{503, 200}, []string{"create", "upsert", "update", "delete"}, 1, 503},
		{"writing may have happened at 504", []int{504, 200}, []string{"create", "upsert", "update", "delete"}, 1, 504},
		{"500 does not pass", []int{500, 200}, []string{"get", "create"}, 1, 500},
		{"what is wrong stays wrong", []int{422, 200}, []string{"create", "update"}, 1, 422},
		{"no answer", []int{0, 200}, []string{"get", "create", "delete"}, 1, -1},
		{"a write that fails after 429", []int{429, 503, 200}, []string{"create"}, 2, 503},
		{"there is an end", []int{429}, []string{"get", "create"}, 6, 429},
	} {
		for _, call := range tt.calls {
			t.Run(tt.name+": "+call, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					api := sequence(tt.statuses)
					if answer := api.answer; slices.Contains(tt.statuses, 0) {
						api.answer = func(n int, r *http.Request) (*http.Response, error) {
							if tt.statuses[n-1] == 0 {
								return nil, timeout
							}
							return answer(n, r)
						}
					}
					c := clientOf(t, api)
					err := theCalls[call](t.Context(), c)
					checkOutcome(t, err, tt.status, timeout)
					sent := api.list()
					if len(sent) != tt.sent {
						t.Errorf("sent %d times, want %d", len(sent), tt.sent)
					}
					for _, again := range sent {
						if again.body != sent[0].body || again.method != sent[0].method || again.uri != sent[0].uri {
							t.Errorf("sent %+v, then %+v", sent[0], again)
						}
					}
				})
			})
		}
	}
}

// checkOutcome checks for a status, -1 for an error of the transport.
func checkOutcome(t *testing.T, err error, status int, transport error) {
	t.Helper()
	var e *APIError
	switch {
	case status == 0 && err != nil:
		t.Error(err)
	case status == -1 && !errors.Is(err, transport):
		t.Errorf("%v, want %v", err, transport)
	case status > 0 && (!errors.As(err, &e) || e.Status != status):
		t.Errorf("%v, want %d", err, status)
	}
}

func TestHowLongARetryWaits(t *testing.T) {
	const s, half = time.Second, 500 * time.Millisecond
	for _, tt := range []struct {
		name     string
		status   int
		header   []string
		from, to []time.Duration // of each wait
	}{
		{"twice as long each time", 429, nil, []time.Duration{half / 2, s / 2, s, 2 * s}, []time.Duration{s, 2 * s, 4 * s, 8 * s}},
		{"as long as it asks", 429, []string{"Retry-After", "7"}, []time.Duration{7 * s, 7 * s}, []time.Duration{8 * s, 8 * s}},
		{"as long as a gateway asks", 503, []string{"Retry-After", "7"}, []time.Duration{7 * s}, []time.Duration{8 * s}},
		{
			"an interval of the limit", 429, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Interval-Milliseconds", "10000"},
			[]time.Duration{10 * s, 10 * s}, []time.Duration{12 * s, 12 * s},
		},
		{"nonsense is no header", 429, []string{"Retry-After", "soon", "X-RateLimit-Interval-Milliseconds", "-1", "X-RateLimit-Remaining", "x"}, []time.Duration{half / 2}, []time.Duration{s}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				statuses := append(slices.Repeat([]int{tt.status}, len(tt.from)), http.StatusOK)
				api := sequence(statuses, tt.header...)
				var told []Wait
				c := clientOf(t, api)
				c.onWait = func(w Wait) { told = append(told, w) }
				if _, err := c.Contact(t.Context(), "c1"); err != nil {
					t.Fatal(err)
				}
				gaps := api.gaps()
				if len(gaps) != len(tt.from) || len(told) != len(gaps) {
					t.Fatalf("waited %v and told %v", gaps, told)
				}
				for i, gap := range gaps {
					if gap < tt.from[i] || gap > tt.to[i] {
						t.Errorf("wait %d: %s, want %s to %s", i+1, gap, tt.from[i], tt.to[i])
					}
					if told[i] != (Wait{For: gap, Status: tt.status, Try: i + 1}) {
						t.Errorf("told %+v of a wait of %s", told[i], gap)
					}
				}
			})
		})
	}
}

func TestARetryAfterMayBeADate(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"Fri, 02 Jan 2026 03:04:35 GMT": 30 * time.Second, "Fri, 02 Jan 2026 03:00:00 GMT": 0, "Fri, 02 Jan 2099 03:00:00 GMT": 24 * time.Hour,
		"": 0, "1.5": 1500 * time.Millisecond, "-3": 0, "NaN": 0, "Inf": 24 * time.Hour, "99999999999999999999": 24 * time.Hour,
	} {
		if got := retryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestARetryIsNotWaitedForInVain(t *testing.T) {
	for _, tt := range []struct {
		name     string
		maxWait  time.Duration
		deadline time.Duration
		header   []string
		sent     int
		longest  time.Duration
	}{
		{"longer than a call may wait", 0, 0, []string{"Retry-After", "61"}, 1, 0},
		{"longer in all than a call may wait", 0, 0, []string{"Retry-After", "25"}, 3, time.Minute},
		{"longer than there is time", 0, 5 * time.Second, []string{"Retry-After", "6"}, 1, 0},
		{"the requests of the day are used up", 0, 0, []string{"X-RateLimit-Daily-Remaining", "0"}, 1, 0},
		{"no waits are wanted", -1, 0, nil, 1, 0},
		{"more time", 10 * time.Minute, 0, []string{"Retry-After", "61"}, 6, 6 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tt.deadline > 0 {
					c, cancel := context.WithTimeout(ctx, tt.deadline)
					defer cancel()
					ctx = c
				}
				api, began := sequence([]int{429}, tt.header...), time.Now()
				c := clientOf(t, api)
				c.maxWait = cmp.Or(tt.maxWait, maxWait)
				_, err := c.Contact(ctx, "c1")
				checkOutcome(t, err, http.StatusTooManyRequests, nil)
				if sent, took := len(api.list()), time.Since(began); sent != tt.sent || took > tt.longest {
					t.Errorf("sent %d times in %s, want %d and at most %s", sent, took, tt.sent, tt.longest)
				}
			})
		})
	}
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		api := sequence([]int{429}, "Retry-After", "20")
		c := clientOf(t, api)
		c.onWait = func(Wait) { time.AfterFunc(3*time.Second, cancel) }
		began := time.Now()
		_, err := c.Contact(ctx, "c1")
		if took := time.Since(began); !errors.Is(err, context.Canceled) || took != 3*time.Second || len(api.list()) != 1 {
			t.Errorf("%v after %s", err, took)
		}
	})
}

// limited is an API that allows so many requests in fixed intervals.
func limited(limit int, interval time.Duration, began time.Time) *memory {
	used, window := 0, began
	m := &memory{}
	m.answer = func(int, *http.Request) (*http.Response, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if now := time.Now(); now.Sub(window) >= interval {
			window, used = now, 0
		}
		header := []string{"X-RateLimit-Max", fmt.Sprint(limit), "X-RateLimit-Interval-Milliseconds", fmt.Sprint(interval.Milliseconds())}
		if used == limit {
			return response(http.StatusTooManyRequests, `{"statusCode":429,"message":"Too Many Requests"}`, append(header, "X-RateLimit-Remaining", "0")...), nil
		}
		used++
		return response(http.StatusOK, contactBody, append(header, "X-RateLimit-Remaining", fmt.Sprint(limit-used))...), nil
	}
	return m
}

func TestTheAnnouncedLimitIsKeptWithoutBeingRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const interval = 10 * time.Second
		api, began := limited(100, interval, time.Now()), time.Now()
		c := clientOf(t, api)
		for range 350 {
			if _, err := c.Contact(t.Context(), "c1"); err != nil {
				t.Fatal(err)
			}
		}
		// 100 at once, then 100 after each of three intervals.
		if sent, took := len(api.list()), time.Since(began); sent != 350 || took != 3*interval {
			t.Errorf("sent %d requests for 350 in %s", sent, took)
		}
	})
}

func TestManyCallsShareOneLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := limited(10, 10*time.Second, time.Now())
		c := clientOf(t, api)
		c.maxWait = time.Hour
		failed := make(chan error, 40)
		for range 40 {
			go func() {
				_, err := c.CreateContact(t.Context(), ContactInput{Email: "jane@example.com"})
				failed <- err
			}()
		}
		for range 40 {
			if err := <-failed; err != nil {
				t.Error(err)
			}
		}
		waited := slices.DeleteFunc(api.gaps(), func(gap time.Duration) bool { return gap < time.Second })
		if len(waited) < 3 { // 40 calls at 10 in an interval
			t.Errorf("waited %v for the limit", waited)
		}
	})
}

func TestALimitThatHoldsForTooLongIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := sequence([]int{200})
		api.answer = func(int, *http.Request) (*http.Response, error) {
			return response(http.StatusOK, contactBody, "X-RateLimit-Remaining", "0", "X-RateLimit-Interval-Milliseconds", "2000000000"), nil
		}
		c := clientOf(t, api)
		for range 2 {
			if _, err := c.Contact(t.Context(), "c1"); err != nil {
				t.Fatal(err)
			}
		}
		if gaps := api.gaps(); gaps[0] != 0 {
			t.Errorf("waited %v", gaps)
		}
	})
}
