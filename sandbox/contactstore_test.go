package sandbox

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestAPageIsWhatAListWouldHave compares pages of stored contacts with a plain
// list, after changes in any order.
func TestAPageIsWhatAListWouldHave(t *testing.T) {
	r := newRig(t)
	locations := 0
	rapid.Check(t, func(rt *rapid.T) {
		locations++
		location := fmt.Sprintf("l%d", locations)
		plain := map[string]Contact{}
		var writes []func(t *txn)
		write := func(after, before *Contact) {
			writes = append(writes, func(t *txn) {
				if after == nil {
					t.deleteContact(*before)
				} else {
					t.putContact(*after, before)
				}
			})
		}
		for n := range rapid.IntRange(1, 60).Draw(rt, "contacts") {
			c := Contact{ID: fmt.Sprintf("%s-c%02d", location, n), LocationID: location, Added: int64(n / 3), FirstName: fmt.Sprintf("N%d", n%17)}
			write(&c, nil)
			plain[c.ID] = c
		}
		for range rapid.IntRange(0, 10).Draw(rt, "changes") {
			before, there := plain[fmt.Sprintf("%s-c%02d", location, rapid.IntRange(0, len(plain)+5).Draw(rt, "which"))]
			if !there {
				continue
			}
			if rapid.Bool().Draw(rt, "deletes") {
				write(nil, &before)
				delete(plain, before.ID)
				continue
			}
			after := before
			after.FirstName = "Changed"
			write(&after, &before)
			plain[after.ID] = after
		}
		err := r.s.update(t.Context(), func(t *txn) error {
			for _, do := range writes {
				do(t)
			}
			return nil
		})
		if err != nil {
			rt.Fatal(err)
		}
		for _, query := range []string{"", "n1", "n16", "changed", "zz"} {
			from := cursor{}
			if rapid.Bool().Draw(rt, "after one") {
				from = cursor{added: int64(rapid.IntRange(0, 20).Draw(rt, "added")), id: location + "-c10", set: true}
			}
			size := rapid.IntRange(1, 20).Draw(rt, "size")
			var found []Contact
			var total int
			err := r.s.view(func(t *txn) (err error) { found, total, err = t.page(location, query, from, size); return err })
			if err != nil {
				rt.Fatal(err)
			}
			var ids []string
			for _, c := range found {
				ids = append(ids, c.ID)
			}
			if want, wantTotal := plainPage(plain, query, from, size); !slices.Equal(ids, want) || total != wantTotal {
				rt.Fatalf("%q after %+v: %d %v, want %d %v", query, from, total, ids, wantTotal, want)
			}
		}
	})
}

// plainPage is page over a plain list.
func plainPage(all map[string]Contact, query string, from cursor, size int) (ids []string, total int) {
	older := func(a, b Contact) int { return cmp.Or(cmp.Compare(a.Added, b.Added), cmp.Compare(a.ID, b.ID)) }
	var sorted []Contact
	for _, c := range all {
		if strings.Contains(c.words(), query) {
			sorted = append(sorted, c)
		}
	}
	slices.SortFunc(sorted, func(a, b Contact) int { return older(b, a) })
	for _, c := range sorted {
		if (!from.set || older(c, Contact{Added: from.added, ID: from.id}) < 0) && len(ids) < size {
			ids = append(ids, c.ID)
		}
	}
	return ids, len(sorted)
}
