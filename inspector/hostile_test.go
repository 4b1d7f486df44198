package inspector

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/taskhook/taskhook/webhook"
)

func TestHostileEvents(t *testing.T) {
	evil := "\x1b]52;c;aGk=\x07\x1b[2J\u202e\u009b31m\x00\r\nx\u2028"
	const small = 64 << 10
	bodies := map[string][]byte{
		"a long line":   []byte(`{"a":"` + strings.Repeat("x日", 15_000) + `"}`),
		"some keys":     manyKeys(3000),
		"escapes":       []byte(evil),
		"json escapes":  []byte(`{"a":"` + "\u202e\u009b2J" + `"}`),
		"one long line": []byte(`{"a":"` + strings.Repeat("x", 5<<20) + `"}`),
		"wide line":     []byte(strings.Repeat("日本", 1<<19)),
		"marks":         []byte("a" + strings.Repeat("\u0301", 1<<19)),
		"many keys":     manyKeys(100_000),
		"deep":          []byte(strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)),
		"too deep":      []byte(strings.Repeat("[", 1<<20)),
		"many values":   []byte("[" + strings.Repeat("1,", 1<<20) + "1]"),
		"bytes":         {0, 1, 2, 0xff, 0xfe},
		"empty":         {},
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			f := some()
			e := &f.events[9]
			e.Type, e.WebhookID, e.Path, e.Method = evil+strings.Repeat("wide 日", 1<<16), evil, evil, "POST"+evil
			e.Header = map[string][]string{"X": {evil, strings.Repeat("h", 1<<16)}}
			e.Verdict.Reason = evil + strings.Repeat("r", 1<<16)
			e.Body = body
			f.try(webhook.Attempt{EventID: 10, Trigger: webhook.Trigger(evil), Target: evil, Error: evil, Hint: evil, Body: body, Header: e.Header, Sent: &webhook.Request{Method: evil, Body: body, Header: e.Header}})
			widths := []int{40, 80, 120}
			if len(body) > small {
				widths = widths[1:2] // the figures are in the benchmarks
			}
			for _, w := range widths {
				d := drive(t, f, w, 24, Options{})
				d.press("enter")
				for range tabCount {
					d.fits()
					d.harmless()
					d.press("end")
					d.fits()
					d.harmless()
					d.press("tab")
				}
				if w == 80 && len(body) <= small {
					d.hostileKeys()
				}
			}
		})
	}
}

func manyKeys(n int) []byte {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n {
		fmt.Fprintf(&b, "\"key%d\":%d,", i, i)
	}
	b.WriteString(`"last":0}`)
	return []byte(b.String())
}

// hostileKeys presses what can be pressed in each tab.
func (d *driver) hostileKeys() {
	d.t.Helper()
	for t := range tabCount {
		d.press(string(rune('1'+t)), "home")
		for _, keys := range [][]string{
			{"z"}, {"Z", "end"}, {"v"}, {"]"}, {"w", "right", "right"}, {"end", "right"}, {"w", "v"}, {"/", "x", "1", "enter"}, {"n", "N"}, {"y"}, {"esc"}, {"esc"},
		} {
			d.press(keys...)
			d.fits()
			d.harmless()
			if d.m.place == inList {
				d.press("enter")
			}
		}
	}
}

// harmless checks that looks are the only thing in a frame that acts.
func (d *driver) harmless() {
	d.t.Helper()
	looks := regexp.MustCompile(`\x1b\[[0-9;:]*m`)
	text := looks.ReplaceAllString(d.m.View().Content, "")
	for _, r := range text {
		if r != '\n' && (r < ' ' || r >= 0x7f && r <= 0x9f || r >= 0x202a && r <= 0x202e || r == 0x2028) {
			d.t.Fatalf("%U is on the screen: %q", r, text)
		}
	}
	if ansi.Strip(text) != text {
		d.t.Fatalf("an escape sequence is on the screen: %q", text)
	}
}
