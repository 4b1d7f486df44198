package cli

import (
	"slices"
	"testing"

	"github.com/taskhook/taskhook/webhook"
)

func TestDamagedEventsInARowAreNamedTogether(t *testing.T) {
	one := func(id webhook.ID) webhook.DamagedError { return webhook.DamagedError{ID: id, Reason: "lost"} }
	got := inRows([]webhook.DamagedError{one(9), one(8), one(7), one(5), {Reason: "a page"}, {Reason: "another"}, one(1), one(2), {ID: 3, Reason: "other"}})
	want := []webhook.DamagedError{{ID: 7, Last: 9, Reason: "lost"}, one(5), {Reason: "a page"}, {Reason: "another"}, {ID: 1, Last: 2, Reason: "lost"}, {ID: 3, Reason: "other"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
