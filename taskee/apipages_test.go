package taskee

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// book is an API with so many contacts, one added each second, in the pages
// that the document describes.
func book(count int) *memory {
	return &memory{answer: func(_ int, r *http.Request) (*http.Response, error) {
		q := r.URL.Query()
		limit, _ := strconv.Atoi(q.Get("limit"))
		from, _ := strconv.Atoi(q.Get("skip"))
		if id, ok := strings.CutPrefix(q.Get("startAfterId"), "c"); ok {
			from, _ = strconv.Atoi(id)
			if want := strconv.Itoa(from * 1000); q.Get("startAfter") != want {
				return response(http.StatusBadRequest, `{"message":"startAfter does not belong to startAfterId"}`), nil
			}
		}
		page := map[string]any{"total": count}
		contacts := []map[string]any{}
		for i := from + 1; i <= min(from+limit, count); i++ {
			contacts = append(contacts, map[string]any{"id": fmt.Sprintf("c%d", i)})
			page["startAfterId"], page["startAfter"] = fmt.Sprintf("c%d", i), i*1000
		}
		page["contacts"] = contacts
		body, err := json.Marshal(page)
		return response(http.StatusOK, string(body)), err
	}}
}

// ids collects contacts until an error.
func ids(all iter.Seq2[Contact, error]) (got []string, err error) {
	for c, err := range all {
		if err != nil {
			return got, err
		}
		got = append(got, c.ID)
	}
	return got, nil
}

func numbered(from, to int) (all []string) {
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprintf("c%d", i))
	}
	return all
}

func TestAllReadsPageAfterPage(t *testing.T) {
	for _, tt := range []struct {
		count, limit, pages int
		after               Cursor
	}{
		{0, 0, 1, Cursor{}},
		{1, 0, 2, Cursor{}},
		{100, 0, 2, Cursor{}},
		{101, 0, 3, Cursor{}},
		{250, 0, 4, Cursor{}},
		{10, 3, 5, Cursor{}},
		{10, 3, 3, Cursor{"c6", time.UnixMilli(6000)}},
	} {
		t.Run(fmt.Sprintf("%d by %d after %s", tt.count, tt.limit, tt.after.ID), func(t *testing.T) {
			api := book(tt.count)
			c := clientOf(t, api)
			first, _ := strconv.Atoi(strings.TrimPrefix(tt.after.ID, "c"))
			all := c.All(t.Context(), ContactQuery{LocationID: "l1", Query: "jane", Limit: tt.limit, After: tt.after})
			for range 2 { // it starts anew each time
				got, err := ids(all)
				if err != nil || !slices.Equal(got, numbered(first+1, tt.count)) {
					t.Errorf("%v, %v", got, err)
				}
			}
			sent := api.list()
			if len(sent) != 2*tt.pages {
				t.Errorf("%d pages twice, want %d", len(sent), tt.pages)
			}
			for _, r := range sent {
				if !strings.Contains(r.uri, "locationId=l1") || !strings.Contains(r.uri, "query=jane") {
					t.Errorf("a page by %s", r.uri)
				}
			}
		})
	}
}

func TestAllOfBusinessCounts(t *testing.T) {
	for _, tt := range []struct{ count, limit, skip, pages int }{
		{0, 0, 0, 1}, {100, 0, 0, 1}, {101, 0, 0, 2}, {10, 3, 0, 4}, {10, 3, 4, 2}, {10, 3, 20, 1},
	} {
		t.Run(fmt.Sprintf("%d by %d without %d", tt.count, tt.limit, tt.skip), func(t *testing.T) {
			api := book(tt.count)
			c := clientOf(t, api)
			all := c.AllOfBusiness(t.Context(), "b1", tt.limit, tt.skip)
			for range 2 {
				if got, err := ids(all); err != nil || !slices.Equal(got, numbered(tt.skip+1, tt.count)) {
					t.Errorf("%v, %v", got, err)
				}
			}
			if n := len(api.list()); n != 2*tt.pages {
				t.Errorf("%d pages twice, want %d", n, tt.pages)
			}
		})
	}
}

func TestReadingEndsWhereTheReaderDoes(t *testing.T) {
	api := book(1000)
	c := clientOf(t, api)
	for _, all := range []iter.Seq2[Contact, error]{
		c.All(t.Context(), ContactQuery{LocationID: "l1"}), c.AllOfBusiness(t.Context(), "b1", 0, 0),
	} {
		for contact := range all {
			if contact.ID == "c150" {
				break
			}
		}
	}
	if n := len(api.list()); n != 4 {
		t.Errorf("%d pages were read for twice 150 contacts", n)
	}
}

func TestReadingEndsWithAnError(t *testing.T) {
	api := book(1000)
	pages := api.answer
	api.answer = func(n int, r *http.Request) (*http.Response, error) {
		if n%2 == 0 {
			return response(http.StatusUnauthorized, `{"statusCode":401,"message":"Invalid token"}`), nil
		}
		return pages(n, r)
	}
	c := clientOf(t, api)
	for name, all := range map[string]iter.Seq2[Contact, error]{
		"by location": c.All(t.Context(), ContactQuery{LocationID: "l1"}), "by business": c.AllOfBusiness(t.Context(), "b1", 0, 0),
	} {
		got, err := ids(all)
		checkOutcome(t, err, http.StatusUnauthorized, nil)
		if len(got) != 100 {
			t.Errorf("%s: %d contacts before the error", name, len(got))
		}
	}
}

func TestACursorThatStandsStillEndsTheReading(t *testing.T) {
	for name, place := range map[string]string{
		"the document's": `"startAfterId":"c1","startAfter":1000`,
		"the family's":   `"meta":{"startAfterId":"c1","startAfter":"1000"}`,
		"without a time": `"meta":{"startAfterId":"c1","startAfter":"c1"}`,
	} {
		t.Run(name, func(t *testing.T) {
			api := &memory{answer: func(int, *http.Request) (*http.Response, error) {
				return response(http.StatusOK, `{"contacts":[{"id":"c1"}],`+place+`}`), nil
			}}
			c := clientOf(t, api)
			got, err := ids(c.All(t.Context(), ContactQuery{LocationID: "l1"}))
			if !errors.Is(err, ErrCursor) || len(got) != 2 || len(api.list()) != 2 {
				t.Errorf("%v, %v after %d pages", got, err, len(api.list()))
			}
		})
	}
}
