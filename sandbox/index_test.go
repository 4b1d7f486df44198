package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestTheIndexFindsWhatAListWould holds the blocks against a plain list, over
// changes in any order.
func TestTheIndexFindsWhatAListWould(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		x := contactIndex{locations: map[string]*contactList{}}
		plain := map[string]Contact{}
		for n := range rapid.IntRange(1, 1500).Draw(rt, "contacts") {
			c := Contact{ID: fmt.Sprintf("c%04d", n), LocationID: "l", Added: int64(n / 3), FirstName: fmt.Sprintf("N%d", n%17)}
			x.apply(c, false)
			plain[c.ID] = c
		}
		for range rapid.IntRange(0, 30).Draw(rt, "changes") {
			id := fmt.Sprintf("c%04d", rapid.IntRange(0, len(plain)+5).Draw(rt, "which"))
			c, there := plain[id]
			if !there {
				continue
			}
			if rapid.Bool().Draw(rt, "deletes") {
				x.apply(c, true)
				delete(plain, id)
				continue
			}
			c.FirstName = "Changed"
			x.apply(c, false)
			plain[id] = c
		}
		for _, query := range []string{"", "n1", "n16", "changed", "zz"} {
			after := cursor{}
			if rapid.Bool().Draw(rt, "after one") {
				after = cursor{added: int64(rapid.IntRange(0, 500).Draw(rt, "added")), id: "c0100", set: true}
			}
			limit := rapid.IntRange(1, 100).Draw(rt, "limit")
			places, total := x.page("l", query, after, limit)
			var ids []string
			for _, p := range places {
				ids = append(ids, p.id)
			}
			want, wantTotal := slowly(plain, query, after, limit)
			if !slices.Equal(ids, want) || total != wantTotal {
				rt.Fatalf("%q after %+v: %d %v, want %d %v", query, after, total, ids, wantTotal, want)
			}
		}
	})
}

// slowly is page without an index.
func slowly(all map[string]Contact, query string, after cursor, limit int) (ids []string, total int) {
	var sorted []Contact
	for _, c := range all {
		if strings.Contains(c.words(), query) {
			sorted = append(sorted, c)
		}
	}
	slices.SortFunc(sorted, func(a, b Contact) int { return -entryOf(a).compare(entryOf(b).place) })
	for _, c := range sorted {
		if (!after.set || entryOf(c).compare(place{after.added, after.id}) < 0) && len(ids) < limit {
			ids = append(ids, c.ID)
		}
	}
	return ids, len(sorted)
}
