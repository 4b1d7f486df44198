package inspector

import (
	"net/http"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// tabOf is a tab's text of an event.
func tabOf(t *testing.T, tb tab, change func(*webhook.Event)) string {
	t.Helper()
	f := some()
	e := &f.events[9].Event
	e.Method, e.Path, e.Host, e.Header, e.Body, e.RemoteAddr = "POST", "/hooks", "x", http.Header{"X-A": {"1"}}, nil, ""
	change(e)
	r := &reading{spec: pageSpec{id: 10, tab: tb, width: 100}, summary: f.events[9], feed: f, now: noon, loc: time.UTC}
	p := r.page(t.Context())
	if p.err != nil {
		t.Fatal(p.err)
	}
	return p.text()
}

func TestHowAnEventCameIsBelowItsHeaders(t *testing.T) {
	got := tabOf(t, tabHeaders, func(e *webhook.Event) {
		e.Trailer, e.Notes = http.Header{"X-Sum": {"7"}}, []string{"it has two lengths"}
	})
	if want := "POST /hooks\nHost: x\nX-A: 1\n\ntrailers, after the body\nX-Sum: 7\n\nit has two lengths\n"; got != want {
		t.Errorf("the tab has\n%s\nwant\n%s", got, want)
	}
}

func TestAnUnreadableRequestIsShownAsItCame(t *testing.T) {
	unreadable := func(e *webhook.Event) {
		e.Decision, e.NoBody, e.Head = webhook.RejectedMalformed, true, "POST /%zz HTTP/1.1\nX-A: \\x1b[31m"
		e.Answer = webhook.Answer{Status: 400, By: webhook.ByTaskhook, Reason: "its path has %zz"}
	}
	if got, want := tabOf(t, tabHeaders, unreadable), "as it came, since it is not readable HTTP\nPOST /%zz HTTP/1.1\nX-A: \\x1b[31m\n"; got != want {
		t.Errorf("the tab has\n%s\nwant\n%s", got, want)
	}
	if got, want := tabOf(t, tabPayload, unreadable), "No body was read: its path has %zz.\n"; got != want {
		t.Errorf("the tab has\n%s\nwant\n%s", got, want)
	}
}
