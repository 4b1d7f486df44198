package inspector

import (
	"fmt"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// busy is a feed with what the list has columns for.
func busy() *memory {
	f := some()
	f.listener.Counts.LastHour = webhook.Tally{Events: 10, Delivered: 5, Failed: 3}
	f.listener.Counts.Delivered = 5
	f.listener.Health.Since = noon.Add(-4 * time.Hour)
	for i := range f.events {
		f.events[i].BodySize = int64(180 << i)
	}
	f.events[8].RedeliveryOf, f.events[8].Try = 1, 2
	f.events[7].RedeliveryOf, f.events[7].Try = 2, 3
	f.events[5].Marked, f.events[7].Marked = true, true
	f.log = []string{
		`time=2026-01-28T14:30:00.000Z level=INFO msg="listening" local=http://127.0.0.1:4480`,
		`time=2026-01-28T14:30:01.204Z level=INFO msg="tunnel online" url=https://my-team.ngrok.app latency=42ms`,
		`time=2026-01-28T14:31:07.001Z level=WARN msg="the target does not answer" error="dial tcp 127.0.0.1:3000: connect: connection refused"`,
	}
	return f
}

func TestListViews(t *testing.T) {
	scenes := []struct {
		name string
		feed func() *memory
		play func(*driver)
	}{
		{"marks", busy, func(d *driver) { d.press("down", "m") }},
		{"marked", busy, func(d *driver) { d.press("M") }},
		{"slowest", busy, func(d *driver) { d.press("o", "down") }},
		{"header", busy, func(d *driver) { d.press("i") }},
		{"news", busy, func(d *driver) { d.press("down"); arrive(d.feed, 12); d.ticks(2) }},
		{"completion", busy, func(d *driver) { d.press("/"); d.typed("state:"); d.press("tab", "tab") }},
		{"wrong", busy, func(d *driver) { d.press("/"); d.typed("contact status:9zz is:slow"); d.ticks(3) }},
		{"searching", busy, func(d *driver) {
			d.feed.patience = 4
			d.press("/")
			d.typed("body:jane")
			d.slow = true
			d.press("enter")
			late := d.late
			d.late = nil
			for _, c := range late {
				if msg, ok := c().(pageMsg); ok {
					d.send(msg)
				}
			}
		}},
		{"log", busy, func(d *driver) { d.press("L") }},
		{"filterhelp", busy, func(d *driver) { d.press("?", "end") }},
		{"gone", busy, func(d *driver) { d.feed.err = errTest; d.ticks(3) }},
		{"local", func() *memory {
			f := &memory{listener: busy().listener}
			f.listener.Tunnel = webhook.Tunnel{State: webhook.TunnelNone}
			f.listener.Counts = webhook.Counts{}
			return f
		}, func(*driver) {}},
	}
	for _, scene := range scenes {
		for _, size := range []struct{ width, height int }{{40, 12}, {80, 24}, {120, 40}} {
			name := fmt.Sprintf("%s-%dx%d", scene.name, size.width, size.height)
			t.Run(name, func(t *testing.T) {
				d := drive(t, scene.feed(), size.width, size.height, Options{Version: "1.0.0"})
				scene.play(d)
				d.fits()
				d.harmless()
				golden(t, "screen-"+name+".txt", d.screen())
			})
		}
	}
}

// Without colours the signs, the words and bold have to say everything.
func TestTheListWithoutColours(t *testing.T) {
	d := drive(t, busy(), 107, 24, Options{NoColor: true})
	d.press("down", "m")
	golden(t, "screen-nocolor-107x24.txt", d.m.View().Content+"\n")
}
