package filter

import (
	"bytes"
	"compress/gzip"
	"testing"
)

// compressed is an event whose body came as gzip.
func compressed(t *testing.T) *stored {
	t.Helper()
	e := contact()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(e.body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	e.body = b.Bytes()
	e.Header["Content-Encoding"] = []string{"gzip"}
	return e
}

func TestACompressedBodyIsSearchedAsItReads(t *testing.T) {
	for _, text := range []string{"body:jane", "jane@example", `.data.email == "Jane@Example.com"`, "body:zoË .data.tags[0]==\"vip\""} {
		e := compressed(t)
		if !match(t, text, e) {
			t.Errorf("%s does not find it", text)
		}
		if e.events > 1 || e.bodies != 1 {
			t.Errorf("%s reads the event %d times and the body %d times", text, e.events, e.bodies)
		}
	}
	if match(t, "body:johann", compressed(t)) {
		t.Error("it finds what is not there")
	}
}

func TestAPlainBodyIsSearchedWithoutItsHeaders(t *testing.T) {
	e := contact()
	if !match(t, "body:jane", e) || e.events != 0 {
		t.Errorf("the event was read %d times", e.events)
	}
}
