package inspector

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/taskhook/taskhook/jsjson"
)

// laidOut is the page of a body.
func laidOut(t testing.TB, body string, tb tab, width int) *page {
	t.Helper()
	f := some()
	f.events[9].Body = []byte(body)
	r := &reading{spec: pageSpec{id: 10, tab: tb, width: width}, summary: f.events[9], feed: f, now: noon, loc: time.UTC}
	p := r.page(t.Context())
	if p.err != nil {
		t.Fatal(p.err)
	}
	return p
}

func (p *page) text() string {
	var b strings.Builder
	for _, e := range p.entries {
		b.WriteString(e.text + "\n")
	}
	return b.String()
}

func TestJSONIsLaidOut(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"an object", `{"a":1.0,"b":[true,"x,{"],"c":{}}`, "{\n  \"a\": 1.0,\n  \"b\": [\n    true,\n    \"x,{\"\n  ],\n  \"c\": {}\n}\n"},
		{"already indented", "{\n \"a\" : [ ] ,\"b\"\n:\n{\"c\" :null} }\n", "{\n  \"a\": [],\n  \"b\": {\n    \"c\": null\n  }\n}\n"},
		{"escapes keep their spelling", `["\u00e9\/","\\\""]`, "[\n  \"\\u00e9\\/\",\n  \"\\\\\\\"\"\n]\n"},
		{"a scalar", " 1e3 ", "1e3\n"},
		{"controls do not act", "{\"a\":\"\u202e\u009b2J\"}", "{\n  \"a\": \"\"\n}\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := laidOut(t, tt.in, tabPayload, 60).text(); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestTheWindowsWidthBreaksLinesAndLosesNothing(t *testing.T) {
	body := `{"name":"` + strings.Repeat("日本 and text ", 500) + `","k` + strings.Repeat("e\u0301", 3000) + `":["` + strings.Repeat("x", 300_000) + `"]}`
	for _, width := range []int{5, 36, 78} {
		p := laidOut(t, body, tabPayload, width)
		var b strings.Builder
		last := -1
		for i := range p.rows() {
			r := p.row(i)
			if r.entry != last && last >= 0 {
				b.WriteByte('\n')
			}
			last = r.entry
			b.WriteString(r.text)
			if w := len([]rune(r.text)); w > 2*width {
				t.Fatalf("width %d: row %d has %d characters", width, i, w)
			}
		}
		if b.String()+"\n" != p.text() {
			t.Errorf("width %d: the rows are not the text", width)
		}
	}
}

func TestThePathNamesTheValueUnderTheCursor(t *testing.T) {
	p := laidOut(t, `{"data":{"items":[[],{"email":"x"},{"first name":1,"a.b":2,"":3,"q\"":4,"\u00e9":5}]},"last":[[1,[2]]]}`, tabPayload, 60)
	want := []string{
		"", "data", "data.items", "data.items[0]", "data.items[1]", "data.items[1].email", "data.items[1]",
		"data.items[2]", `data.items[2]["first name"]`, `data.items[2]["a.b"]`, `data.items[2][""]`, `data.items[2]["q\""]`, `data.items[2]["\u00e9"]`,
		"data.items[2]", "data.items", "data", "last", "last[0]", "last[0][0]", "last[0][1]", "last[0][1][0]", "last[0][1]", "last[0]", "last", "",
	}
	if len(p.entries) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(p.entries), len(want), p.text())
	}
	for i, w := range want {
		if got := p.path(i); got != w {
			t.Errorf("line %d %q: path %q, want %q", i, p.entries[i].text, got, w)
		}
	}
}

// Every value of a body is where its entry says, and its path leads there.
func TestEveryEntryKnowsItsValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body, err := json.Marshal(aTree(3).Draw(t, "tree"))
		if err != nil {
			t.Fatal(err)
		}
		entries, more := jsonEntries(t.Context(), body, maxEntries, 60)
		p := &page{entries: entries, json: true}
		if more {
			t.Fatal("something was left out")
		}
		for i, e := range entries {
			if e.kind == entryCloses {
				if o := entries[p.opener(i)]; o.kind != entryOpens || o.depth != e.depth || int(o.end) != i {
					t.Fatalf("line %d closes %+v", i, o)
				}
				continue
			}
			got := valueAt(body, int(e.at))
			path := strings.NewReplacer("[", ".", "]", "").Replace(p.path(i))
			want, ok := jsjson.Find(body, strings.TrimPrefix(path, "."))
			if path == "" {
				want, ok = body, true
			}
			if !ok || string(got) != string(want) {
				t.Fatalf("line %d %q at %q has %q, want %q", i, e.text, path, got, want)
			}
			if e.kind == entryOpens {
				var inside int
				for range p.entries[i+1 : e.end] {
					inside++
				}
				if inside < int(e.count) {
					t.Fatalf("line %d says %d values in %d lines", i, e.count, inside)
				}
			}
		}
	})
}

func aTree(depth int) *rapid.Generator[any] {
	leaf := rapid.OneOf(rapid.Just[any](nil), rapid.Map(rapid.Int(), func(i int) any { return i }), rapid.Map(rapid.String(), func(s string) any { return s }))
	if depth == 0 {
		return leaf
	}
	return rapid.OneOf(leaf,
		rapid.Map(rapid.SliceOfN(aTree(depth-1), 0, 4), func(v []any) any { return v }),
		rapid.Map(rapid.MapOfN(rapid.StringMatching(`[a-z]{1,3}`), aTree(depth-1), 0, 4), func(v map[string]any) any { return v }))
}

func TestFolding(t *testing.T) {
	f := some()
	f.events[9].Body = []byte(`{"a":{"b":{"c":1,"d":2},"e":[1,2,3]},"f":[{}],"g":0}`)
	d := drive(t, f, 80, 40, Options{})
	d.press("enter", "down", "down", "z")
	d.sees(`"b": {…}, 2 keys`)
	d.misses(`"c": 1`)
	d.press("down")
	d.sees("a.e")
	d.press("down", "enter") // within the array: it folds, and the cursor is on it
	d.sees(`"e": […] 3 items`)
	d.sees("▌    \"e\"")
	d.press("z")
	d.misses("3 items")
	d.press("Z") // something is folded: everything unfolds
	d.sees(`"c": 1`)
	d.press("down", "down", "Z")
	d.sees(`"a": {…}, 2 keys`)
	d.sees(`"f": […], 1 item`)
	d.sees(`"g": 0`)
	d.sees("▌  \"a\"") // what hides the line that the cursor was on
	d.press("home", "z")
	d.sees("{…} 3 keys")
	d.press("end", "Z")
	d.sees(`"g": 0`)
}

func TestLargeJSONIsFoldedAtFirst(t *testing.T) {
	var b strings.Builder
	for i := range foldBeyond {
		fmt.Fprintf(&b, `,"k%d":[%d]`, i, i)
	}
	f := some()
	f.events[9].Body = []byte(`{` + b.String()[1:] + `}`)
	d := drive(t, f, 80, 40, Options{})
	d.press("enter")
	d.sees(`"k0": […], 1 item`)
	d.press("Z")
	d.misses("1 item")
}

func TestASyntaxErrorIsShownAtItsPlace(t *testing.T) {
	tests := []struct{ name, body, says, caret string }{
		{"a comma too many", "{\n \"a\": 1,\n}", "line 3, column 1", "}\n^\n"},
		{"wide characters before it", `{"日本": x}`, "line 1, column 8", "{\"日本\": x}\n         ^\n"},
		{"the end is missing", `{"a":[1`, "line 1, column 8", "{\"a\":[1\n       ^\n"},
		{"a control character", "{\"a\":\"x\ty\"}", "line 1, column 8", "{\"a\":\"x y\"}\n       ^\n"},
		{"far into a long line", `{"a":"` + strings.Repeat("x", 10_000) + `" "b"}`, "column 10,009", "x\" \"b\"}\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := laidOut(t, tt.body, tabPayload, 40).text()
			if !strings.Contains(got, "✗ not JSON") || !strings.Contains(got, tt.says) || !strings.Contains(got, tt.caret) {
				t.Errorf("got\n%.400s\nwant %q and\n%s", got, tt.says, tt.caret)
			}
		})
	}
}

func TestABodyThatShouldBeJSONIsCalledWhatItIs(t *testing.T) {
	tests := []struct{ name, body, text, note string }{
		{"a form", "type=ContactCreate&a=1", "✗ this is a form (application/x-www-form-urlencoded), not JSON\n\ntype=ContactCreate&a=1\n", ""},
		{"XML", "<?xml version=\"1.0\"?>", "✗ this is XML\n\n<?xml version=\"1.0\"?>\n", ""},
		{"white space", " \n", "✗ this is white space alone\n\n \n", ""},
		{"UTF-16", "\xff\xfe{\x00}\x00", "", "in UTF-16 (little-endian), where JSON is UTF-8, 6 B"},
		{"gzip", "\x1f\x8b\x08\x00", "", "compressed (gzip), 4 B"},
		{"serialised twice", `"{}"`, "\"{}\"\n", "JSON within a JSON string: it was serialised twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := editable(tt.body)
			if p := pageOf(t, f, tabPayload); p.text() != tt.text || p.note != tt.note {
				t.Errorf("got\n%s%s", p.text(), p.note)
			}
		})
	}
}

func TestTextThatIsNotMeantAsJSONHasNoSyntaxError(t *testing.T) {
	f := some()
	f.events[9].Body, f.events[9].Header = []byte("hello,\x1b[31m there\r\nyou"), nil
	d := drive(t, f, 80, 24, Options{})
	d.press("enter")
	d.sees("hello, there\n you\n")
	d.misses("not JSON")
}

func TestBytesAreShownInHexadecimal(t *testing.T) {
	p := laidOut(t, "\x00\x01\xff"+strings.Repeat("a", 20), tabPayload, 78)
	if got, want := p.row(1).text, "00000010  61 61 61 61 61 61 61                               aaaaaaa"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for _, width := range []int{38, 52, 78, 150} {
		p := laidOut(t, strings.Repeat("\x00a", 500), tabPayload, width)
		for i := range p.rows() {
			if r := p.row(i); len(r.text) > width {
				t.Fatalf("width %d: a line of %d", width, len(r.text))
			}
		}
	}
}

func TestRawHidesNothing(t *testing.T) {
	got := laidOut(t, strings.Repeat("text ", 20)+"a\tb\x1b[31m\r\n\xff\u202e日\x7f", tabRaw, 60).text()
	if want := strings.Repeat("text ", 20) + "a␉b␛[31m␍\n��日␡\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzPages(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"日本"}],"c":"\u00e9"}`), 40)
	f.Add([]byte("{\"a\": \x1b[2J"), 5)
	f.Add([]byte("[[[[]"), 1)
	f.Add([]byte("\xff\x00"), 200)
	f.Fuzz(func(t *testing.T, body []byte, width int) {
		if width < 1 || width > 500 {
			t.Skip()
		}
		s := newStyles(true, false)
		for tb := range tabCount {
			feed := some()
			feed.events[9].Body = body
			feed.events[9].RedeliveryOf = 9
			r := &reading{spec: pageSpec{id: 10, tab: tb, width: width, base: 1}, summary: feed.events[9], feed: feed, now: noon, loc: time.UTC}
			p := r.page(t.Context())
			if p.err != nil {
				t.Fatal(p.err)
			}
			for i := range p.rows() {
				row := p.row(i)
				_ = s.row(row.text, row.look, row.inString, nil)
				if p.json {
					_ = p.path(row.entry)
				}
			}
			p.find(t.Context(), "a")
		}
	})
}
