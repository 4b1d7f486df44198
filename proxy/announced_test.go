package proxy

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func TestASenderSaysWhetherA429BringsItsEventBack(t *testing.T) {
	const body = `{"webhookId":"w-1"}`
	tests := []struct {
		name     string
		announce []time.Duration
		of       string
		status   int
		want     time.Duration // after the answer; 0: never
	}{
		{"what nobody announced follows the platform", nil, body, 429, 10 * time.Minute},
		{"what is sent once is not expected again", []time.Duration{webhook.NoRetry}, body, 429, 0},
		{"a faster platform", []time.Duration{2 * time.Second}, body, 429, 2 * time.Second},
		{"the last announcement counts", []time.Duration{webhook.NoRetry, time.Second}, body, 429, time.Second},
		{"an announcement of another event", []time.Duration{webhook.NoRetry}, `{}`, 429, 10 * time.Minute},
		{"what is final stays so", []time.Duration{time.Second}, body, 500, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, answering(t, fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n", tt.status)))
			for _, in := range tt.announce {
				r.proxy.Announce(webhook.Announcement{Sum: sha256.Sum256([]byte(tt.of)), RetryIn: in})
			}
			r.post("/", body)
			a := r.store.answer(1)
			switch got := a.RetryAt.Sub(a.At); {
			case a.RetryAt.IsZero() != (tt.want == 0):
				t.Errorf("it is expected at %v", a.RetryAt)
			case tt.want >= 10*time.Minute && got < tt.want, tt.want > 0 && tt.want < time.Minute && got != tt.want:
				t.Errorf("it is expected after %s, want %s", got, tt.want)
			}
		})
	}
}

func TestWhateverBecomesOfAnEventItsAnnouncementIsUsedUp(t *testing.T) {
	const body = `{"type":"A"}`
	for name, change := range map[string]func(*Options){
		"rejected":       func(o *Options) { o.Mode = ModeEnforce },
		"sent to nobody": route(t, "type:A -> none"),
		"no webhook":     skipping(t, "POST /hook"),
		"final":          func(*Options) {},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRigWith(t, answering(t, "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"), bySignature{}, func(o *Options) { o.Mode = ModeWarn }, change)
			r.proxy.Announce(webhook.Announcement{Sum: sha256.Sum256([]byte(body)), RetryIn: webhook.NoRetry})
			r.post("/hook", body)
			if a := r.store.event(t, 1).Answer; !a.RetryAt.IsZero() {
				t.Errorf("it is expected again: %+v", a)
			}
			if n := r.proxy.announced.waiting.Load(); n != 0 {
				t.Errorf("%d announcements wait", n)
			}
		})
	}
}

func TestAnnouncementsAreBounded(t *testing.T) {
	var a announced
	for i := range maxAnnounced + 10 {
		a.add(webhook.Announcement{Sum: sha256.Sum256(fmt.Append(nil, i))})
	}
	if n := int(a.waiting.Load()); n != maxAnnounced || len(a.events) != n {
		t.Errorf("%d wait", n)
	}
	if _, found := a.take(fmt.Append(nil, maxAnnounced+9)); !found {
		t.Error("the newest was dropped")
	}
}
