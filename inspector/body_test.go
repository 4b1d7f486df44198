package inspector

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// compressed has one event whose body, and whose app's answer, are gzip.
func compressed(t testing.TB, text, answer string) *memory {
	t.Helper()
	f := editable(text)
	e := &f.events[0]
	e.Header = http.Header{"Content-Encoding": {"gzip"}, "Content-Type": {"application/json"}}
	e.Body = gzipped(t, text)
	e.BodySize = int64(len(e.Body))
	reply := gzipped(t, answer)
	f.try(webhook.Attempt{EventID: 1, Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, Target: "http://127.0.0.1:3000", StartedAt: noon, StatusCode: 200,
		Header: http.Header{"Content-Encoding": {"gzip"}}, Body: reply, BodySize: int64(len(reply))})
	return f
}

func pageOf(t *testing.T, f *memory, tb tab) *page {
	t.Helper()
	r := &reading{spec: pageSpec{id: 1, tab: tb, width: 70}, summary: f.events[0], feed: f, now: noon, loc: time.UTC}
	p := r.page(t.Context())
	if p.err != nil {
		t.Fatal(p.err)
	}
	return p
}

func TestACompressedBodyIsShownAsItReads(t *testing.T) {
	f := compressed(t, `{"a":"quince"}`, `{"b":"medlar"}`)
	p := pageOf(t, f, tabPayload)
	if p.text() != "{\n  \"a\": \"quince\"\n}\n" || p.note != "gzip, 38 B → 14 B" {
		t.Errorf("%s%s", p.text(), p.note)
	}
	found, _ := p.find(t.Context(), "QUINCE")
	if len(found) != 1 {
		t.Errorf("found %v", found)
	}
	if text := pageOf(t, f, tabAttempts).text(); !strings.Contains(text, "gzip, 38 B → 14 B\n{\n  \"b\": \"medlar\"\n}\n") {
		t.Errorf("the attempt is\n%s", text)
	}
	if p := pageOf(t, f, tabRaw); !bytes.Equal(p.dump, f.events[0].Body) {
		t.Error("the raw bytes are not those that came")
	}
}

func TestABrokenStreamIsSaidAndShownAsItCame(t *testing.T) {
	f := compressed(t, `{"a":1}`, "")
	f.events[0].Body = f.events[0].Body[:20]
	p := pageOf(t, f, tabPayload)
	if !bytes.Equal(p.dump, f.events[0].Body) || p.note != "gzip, 20 B, shown as it came: the gzip stream ends too early" {
		t.Errorf("%q %s", p.dump, p.note)
	}
}

func TestCompressedBodiesAreComparedAsTheyRead(t *testing.T) {
	f := compressed(t, `{"a":1,"b":2}`, "")
	before := f.events[0]
	before.Header, before.Body = http.Header{}, []byte(`{"a":1,"b":3}`)
	f.events = append(f.events, before)
	f.events[0], f.events[1] = before, f.events[0]
	f.events[1].ID = 2
	r := &reading{spec: pageSpec{id: 2, tab: tabDiff, width: 70}, summary: f.events[1], feed: f, now: noon, loc: time.UTC}
	text := r.page(t.Context()).text()
	if !strings.Contains(text, "gzip, 37 B → 13 B\n") || !strings.Contains(text, "~ b: 3 → 2\n") {
		t.Errorf("got\n%s", text)
	}
}

func TestACopyOfACompressedBodyIsItsText(t *testing.T) {
	f := compressed(t, `{"a":"quince"}`, "")
	c := bodyOf(f.events[0].Event)
	if c.text != `{"a":"quince"}` || c.ext != "json" || c.what != "the body (gzip, 38 B → 14 B)" {
		t.Errorf("%+v", c)
	}
	menu := copyMenu{value: 5}
	if v := menu.valueOf(f.events[0].Event); v.text != "quince" {
		t.Errorf("the value is %q", v.text)
	}
	if command := curlOf(f.events[0].Event, "http://x/"); !bytes.Equal(command.body, f.events[0].Body) || !strings.Contains(command.text, "'Content-Encoding: gzip'") {
		t.Errorf("the curl command sends %q", command.text)
	}
}

func TestACompressedBodyIsEditedAsItReads(t *testing.T) {
	d, seen := edits(t, accepting(compressed(t, `{"a":"quince"}`, "")), "replace\tquince\tpear")
	d.press("e", "o")
	if strings.Contains(seen(), "Content-Encoding") || !strings.Contains(seen(), `"a": "quince"`) {
		t.Errorf("the editor shows\n%s", seen())
	}
	if r := d.feed.resent; len(r) != 1 || string(r[0].Edited.Body) != `{"a":"pear"}` || r[0].Edited.Header["Content-Encoding"] != nil {
		t.Errorf("resent %+v", r)
	}
}

func TestATextIsFoundHoweverJSONSpellsIt(t *testing.T) {
	f := editable(`{"a":"Zo\u00EB","b":"Zoë","c":"http:\/\/x\/","d":"say \"hi\" \ud83d\ude00","e":"C:\\new"}`)
	p := pageOf(t, f, tabPayload)
	for text, want := range map[string]int{"zoë": 2, "Zoe": 0, "http://x/": 1, `say "hi"`: 1, `"hi"`: 1, "😀": 1, `C:\new`: 1, `\u00eb`: 1} {
		found, _ := p.find(t.Context(), text)
		if len(found) != want {
			t.Errorf("%s is found %d times, want %d: %v", text, len(found), want, found)
		}
	}
}

// TestACompressedBodyThatIsNotEditedStaysAsItCame holds that a signature still
// fits when only a header was changed.
func TestACompressedBodyThatIsNotEditedStaysAsItCame(t *testing.T) {
	f := compressed(t, `{"a":"quince"}`, "")
	f.events[0].Header["X-Two"] = []string{"b"}
	d, _ := edits(t, accepting(f), "replace\tX-Two: b\tX-Two: c")
	d.press("e", "o")
	r := d.feed.resent
	if len(r) != 1 || !bytes.Equal(r[0].Edited.Body, f.events[0].Body) || r[0].Edited.Header.Get("Content-Encoding") != "gzip" || r[0].Edited.Header.Get("X-Two") != "c" {
		t.Errorf("resent %+v", r)
	}
}
