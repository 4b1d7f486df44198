package store

import (
	"slices"
	"testing"

	"github.com/taskhook/taskhook/webhook"
)

// TestListsLeaveOutWhatIsNoWebhook holds that a request that passed unchecked is
// listed only when somebody asks for it, counted nowhere, and never the latest.
func TestListsLeaveOutWhatIsNoWebhook(t *testing.T) {
	path := newPath(t)
	s := mustOpen(t, path, Options{})
	first := answered(t, s, newEvent("w"), 200)
	redirect := decided("", webhook.Passed)
	redirect.Type, redirect.Method, redirect.Path, redirect.Verdict = "", "GET", "/oauth/callback", webhook.Verdict{Status: webhook.Skipped}
	skipped := mustPut(t, s, redirect)
	page := decided("", webhook.Passed)
	page.Type, page.Verdict = "", webhook.Verdict{Status: webhook.Unchecked}
	unchecked := mustPut(t, s, page)
	s = reopen(t, s, path, Options{})

	for _, tt := range []struct {
		q    webhook.Query
		want []webhook.ID
	}{
		{webhook.Query{}, []webhook.ID{first}},
		{webhook.Query{Order: webhook.OrderArrival}, []webhook.ID{first}},
		{webhook.Query{Order: webhook.OrderDuration}, []webhook.ID{first}},
		{webhook.Query{Filter: "path:/"}, []webhook.ID{first}},
		{webhook.Query{Filter: "id:1..9"}, []webhook.ID{first}},
		{webhook.Query{Filter: "!state:passed"}, []webhook.ID{first}},
		{webhook.Query{Filter: "!state:delivered"}, []webhook.ID{}},
		{webhook.Query{Filter: "verdict:unchecked"}, []webhook.ID{}},
		{webhook.Query{Filter: "state:passed"}, []webhook.ID{unchecked, skipped}},
		{webhook.Query{Filter: "state:passed", Order: webhook.OrderDuration}, []webhook.ID{unchecked, skipped}},
		{webhook.Query{Filter: "verdict:skipped"}, []webhook.ID{skipped}},
		{webhook.Query{Filter: "#2"}, []webhook.ID{skipped}},
		{webhook.Query{IDs: []webhook.ID{first, skipped, unchecked}}, []webhook.ID{unchecked, skipped, first}},
	} {
		if got := ids(list(t, s, tt.q)); !slices.Equal(got, tt.want) {
			t.Errorf("%+v: %v, want %v", tt.q, got, tt.want)
		}
	}
	if id, err := s.Find(t.Context(), "latest"); id != first || err != nil {
		t.Errorf("the latest is %s, %v", id, err)
	}
	if id, err := s.Find(t.Context(), "#3"); id != unchecked || err != nil {
		t.Errorf("#3 is %s, %v", id, err)
	}
	if s.Interrupted() != 0 {
		t.Errorf("%d were interrupted", s.Interrupted())
	}
	if e, err := s.Event(t.Context(), skipped); err != nil || e.Verdict.Status != webhook.Skipped {
		t.Errorf("%+v, %v", e.Verdict, err)
	}
	c, err := s.Counts(t.Context())
	if err != nil || c.Events != 1 || c.Delivered != 1 || c.Failed != 0 || c.LastHour.Events != 1 {
		t.Errorf("counts %+v, %v", c, err)
	}
	if _, err := s.Delete(t.Context(), []webhook.ID{first}); err != nil {
		t.Fatal(err)
	}
	if id, err := s.Find(t.Context(), "latest"); err == nil {
		t.Errorf("the latest is %s", id)
	}
}
