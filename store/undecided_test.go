package store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
	"github.com/taskhook/taskhook/webhook/filter/jq"
)

// jqFunc is a filter.JQ.
type jqFunc func(body []byte) jq.Outcome

func (f jqFunc) Run(ctx context.Context, _ string, bodies [][]byte) ([]jq.Outcome, error) {
	outcomes := make([]jq.Outcome, len(bodies))
	for i, b := range bodies {
		outcomes[i] = f(b)
	}
	return outcomes, ctx.Err()
}

// numbered is an event whose body has a number, {"n":7}.
func numbered(n int) *webhook.Event {
	e := newEvent(strconv.Itoa(n))
	e.Body = fmt.Appendf(nil, `{"n":%d}`, n)
	e.BodySize = int64(len(e.Body))
	return e
}

func newWorkers(t testing.TB) *jq.Workers {
	w := jq.NewWorkers()
	t.Cleanup(w.Close)
	return w
}

// TestAnEventThatIsTooMuchIsLeftOutAndNamed has a stranger's event between others,
// for which the filter takes all memory or never ends.
func TestAnEventThatIsTooMuchIsLeftOutAndNamed(t *testing.T) {
	s := mustOpen(t, newPath(t), Options{JQ: newWorkers(t)})
	for n := range 40 {
		if n == 20 {
			n = 400_000_000
		}
		mustPut(t, s, numbered(n))
	}
	for text, why := range map[string]string{
		`jq:(.n as $n | [] | .[$n] = 1)`:                              filter.ErrMemory.Error(),
		`jq:(if .n > 100 then last(range(1e18)) else .n >= 0 end)`:    filter.ErrSlow.Error(),
		`body:n jq:([range(.n)] | length >= 0) or jq:(.n | tostring)`: filter.ErrSlow.Error(),
	} {
		for _, order := range []webhook.Order{webhook.OrderTime, webhook.OrderArrival, webhook.OrderDuration} {
			var got []webhook.ID
			var left []webhook.LeftOut
			for chunk, err := range s.Read(t.Context(), webhook.Query{Filter: text, Order: order}) {
				if err != nil {
					t.Fatalf("%s: %v", text, err)
				}
				for _, r := range chunk.Records {
					got = append(got, r.ID)
				}
				left = append(left, chunk.LeftOut...)
			}
			slices.Sort(got)
			if len(got) != 39 || slices.Contains(got, 21) || len(slices.Compact(got)) != 39 {
				t.Errorf("%s in order %q: %v", text, order, got)
			}
			if len(left) != 1 || left[0].String() != "#21 was left out: "+why {
				t.Errorf("%s in order %q: left out: %v", text, order, left)
			}
		}
	}
}

// TestWhatJQDecidesComesInOrder holds lists that jq decides in part against those
// that need none, with every limit and from every cursor.
func TestWhatJQDecidesComesInOrder(t *testing.T) {
	s := mustOpen(t, newPath(t), Options{JQ: jqFunc(func(body []byte) jq.Outcome {
		n, _ := strconv.Atoi(strings.Trim(string(body), `{}n":`))
		if n%3 == 0 {
			return jq.Yes
		}
		return jq.No
	})})
	const events = 130
	for n := 1; n <= events; n++ {
		e := numbered(n)
		if n%5 == 0 {
			e.Method = http.MethodPut
		}
		mustPut(t, s, e)
	}
	want := func(cursor webhook.ID, order webhook.Order) (ids []webhook.ID) {
		for id := webhook.ID(1); id <= events; id++ {
			if id%3 == 0 || id%5 == 0 {
				ids = append(ids, id)
			}
		}
		if order == webhook.OrderTime {
			slices.Reverse(ids)
		}
		return slices.DeleteFunc(ids, func(id webhook.ID) bool {
			return cursor != 0 && (order == webhook.OrderTime && id >= cursor || order == webhook.OrderArrival && id <= cursor)
		})
	}
	for _, order := range []webhook.Order{webhook.OrderTime, webhook.OrderArrival} {
		for _, limit := range []int{0, 1, 2, 7, 50} {
			for _, cursor := range []webhook.ID{0, 1, 64, 65, events} {
				q := webhook.Query{Filter: `jq:(.n % 3 == 0) or method:PUT`, Order: order, Limit: limit, Cursor: cursor}
				if got := ids(list(t, s, q)); !slices.Equal(got, want(cursor, order)) {
					t.Errorf("%s order, limit %d, from %d: %v", order, limit, cursor, got)
				}
			}
		}
	}
}

// TestAFilterThatIsTooMuchForAllEventsEnds does not go on for hours.
func TestAFilterThatIsTooMuchForAllEventsEnds(t *testing.T) {
	tried := 0
	s := mustOpen(t, newPath(t), Options{JQ: jqFunc(func([]byte) jq.Outcome { tried++; return jq.Slow })})
	for n := range 300 {
		mustPut(t, s, numbered(n))
	}
	_, err := webhook.ReadPage(t.Context(), s, webhook.Query{Filter: "jq:(length)", Limit: 500})
	if !errors.Is(err, filter.ErrSlow) || err.Error() != "the expression takes too long, for each of the 50 events that it was tried on" || tried == 300 {
		t.Errorf("after %d: %v", tried, err)
	}
}

// TestNoTransactionWaitsForJQ stores, while jq decides, more than the file has room
// for: it could not grow while a list was being read.
func TestNoTransactionWaitsForJQ(t *testing.T) {
	var s *Store
	s = mustOpen(t, newPath(t), Options{JQ: jqFunc(func([]byte) jq.Outcome {
		for range 4 {
			e := newEvent("more")
			e.Body = make([]byte, 4<<20)
			mustPut(t, s, e)
		}
		return jq.Yes
	})})
	mustPut(t, s, numbered(1))
	if got := ids(list(t, s, webhook.Query{Filter: "jq:(length)"})); !slices.Equal(got, []webhook.ID{1}) {
		t.Errorf("listed %v", got)
	}
}

func TestWithoutJQAListSaysSo(t *testing.T) {
	s := newStore(t)
	mustPut(t, s, numbered(1))
	if _, err := webhook.ReadPage(t.Context(), s, webhook.Query{Filter: "jq:(length)"}); !errors.Is(err, filter.ErrNoJQ) {
		t.Error(err)
	}
	if got := ids(list(t, s, webhook.Query{Filter: ".n == 1"})); !slices.Equal(got, []webhook.ID{1}) {
		t.Errorf("listed %v", got)
	}
}
