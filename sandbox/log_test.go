package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestTheLogIsSearched(t *testing.T) {
	_, url := receiving(t, 200, 500, 200)
	r := newRig(t, func(o *Options) { o.Target, o.Senders = func() string { return url }, 1 })
	r.running()
	var ids []string
	for n, one := range []string{"ContactCreate", "InvoicePaid", "ContactCreate"} {
		id, err := r.s.Trigger(t.Context(), one)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
		r.finished(n + 1)
	}
	tests := []struct {
		q    LogQuery
		want []string
	}{
		{LogQuery{}, []string{ids[2], ids[1], ids[0]}},
		{LogQuery{WebhookID: ids[1][:8]}, []string{ids[1]}},
		{LogQuery{Type: "contactcreate"}, []string{ids[2], ids[0]}},
		{LogQuery{Status: 500}, []string{ids[1]}},
		{LogQuery{State: StateFailed}, []string{ids[1]}},
		{LogQuery{Limit: 1}, []string{ids[2]}},
		{LogQuery{Before: 2}, []string{ids[0]}},
		{LogQuery{After: 2}, []string{ids[2]}},
	}
	for _, tt := range tests {
		page, err := r.s.Log(tt.q)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range page.Deliveries {
			got = append(got, d.WebhookID)
		}
		if fmt.Sprint(got) != fmt.Sprint(tt.want) || page.Rates != (Rates{All: 3, Delivered: 2, Failed: 1}) {
			t.Errorf("%+v: %v, %+v", tt.q, got, page.Rates)
		}
	}
}

func TestThePageShowsTheLogAndEscapesIt(t *testing.T) {
	_, url := receiving(t, 200)
	r := newRig(t, func(o *Options) { o.Target = func() string { return url } })
	r.running()
	r.create(`"firstName":"<script>alert(1)</script>"`)
	r.finished(1)
	resp, text := r.call("GET", "/_sandbox/logs", "", "Authorization:")
	if resp.StatusCode != http.StatusOK || strings.Contains(text, "<script>alert") || !strings.Contains(text, "&lt;script&gt;alert") {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	policy := resp.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	for _, want := range []string{"1 webhook · 100% delivered", "Caused by POST /contacts/ by test", `<html lang="en">`, "x-ghl-signature: "} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for path, status := range map[string]int{"/_sandbox/logs/page.css": 200, "/_sandbox/logs/page.js": 200, "/_sandbox/logs/page.html": 404, "/_sandbox/logs?state=x": 400, "/_sandbox/log?status=x": 400} {
		if resp, _ := r.call("GET", path, ""); resp.StatusCode != status {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

// TestWhatIsNotSentIsAnnounced holds that those who watch the log hear of every
// webhook, also of one that is never sent.
func TestWhatIsNotSentIsAnnounced(t *testing.T) {
	r := newRig(t)
	if _, err := r.s.SetApp(t.Context(), App{Events: map[string]AppEvent{"NoteCreate": {Off: true}}}); err != nil {
		t.Fatal(err)
	}
	changed := r.s.WatchLog(t.Context())
	if _, err := r.s.Trigger(t.Context(), "NoteCreate"); err != nil {
		t.Fatal(err)
	}
	if n := <-changed; n != 1 {
		t.Errorf("webhook %d is announced", n)
	}
}
