package inspector

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// heavyBodies are 5 MB or so of what is hard to lay out.
func heavyBodies() map[string][]byte {
	return map[string][]byte{
		"line":  []byte(`{"a":"` + strings.Repeat("x", 5<<20) + `"}`),
		"wide":  []byte(`{"a":"` + strings.Repeat("日本", 5<<20/6) + `"}`),
		"keys":  manyKeys(100_000),
		"deep":  []byte(strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)),
		"many":  []byte("[" + strings.Repeat("1,", 1<<20) + "1]"),
		"bytes": bytes.Repeat([]byte{0, 0xff, 'a', 3}, 5<<18),
	}
}

// heavy is a feed whose newest event has a body, and came before in other bytes.
func heavy(body []byte) *memory {
	f := some()
	e := &f.events[9]
	e.Body, e.RedeliveryOf = body, 1
	other := bytes.Clone(body)
	other[len(other)/2] ^= 1
	f.events[0].Body = other
	f.try(webhook.Attempt{EventID: 10, Delivery: 1, Number: 1, Trigger: webhook.TriggerResend, Resend: 1, StatusCode: 200, Sent: &webhook.Request{Method: "POST", Path: "/", Body: other}})
	return f
}

func BenchmarkLayOut(b *testing.B) {
	for name, body := range heavyBodies() {
		f := heavy(body)
		for t := range tabCount {
			for _, other := range []bool{false, true} {
				if other && t != tabRaw && t != tabDiff {
					continue
				}
				label := name + "/" + tabNames[t]
				if other {
					label += "-other"
				}
				b.Run(label, func(b *testing.B) {
					r := &reading{
						spec: pageSpec{id: 10, tab: t, width: 60, other: other, base: 1}, summary: f.events[9], feed: f, now: noon, loc: time.UTC,
					}
					b.ReportAllocs()
					for b.Loop() {
						p := r.page(b.Context())
						if p.err != nil {
							b.Fatal(p.err)
						}
						b.ReportMetric(float64(p.cost)/(1<<20), "MB-held")
					}
				})
			}
		}
	}
}

func BenchmarkViewOfEachTab(b *testing.B) {
	for _, name := range []string{"line", "wide", "keys", "many"} {
		d := drive(b, heavy(heavyBodies()[name]), 160, 50, Options{})
		d.press("enter")
		for t := range tabCount {
			d.press(string(rune('1' + t)))
			d.press("end")
			b.Run(name+"/"+tabNames[t], func(b *testing.B) {
				for b.Loop() {
					d.m.fresh = false
					_ = d.m.View()
				}
			})
		}
	}
}

// Folding and searching are the two things that touch every line.
func BenchmarkFoldAndFind(b *testing.B) {
	d := drive(b, heavy(manyKeys(100_000)), 160, 50, Options{})
	d.press("enter")
	b.Run("fold", func(b *testing.B) {
		for b.Loop() {
			d.m.Update(keyPress("z"))
		}
	})
	b.Run("move", func(b *testing.B) {
		d.press("end")
		for i := 0; b.Loop(); i++ {
			d.m.Update(keyPress([]string{"up", "down"}[i%2]))
		}
	})
	b.Run("find", func(b *testing.B) {
		p := d.m.detail.pane().page
		for b.Loop() {
			p.find(b.Context(), "key99")
		}
	})
}
