package body

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/taskhook/taskhook/webhook"
)

// compress applies codings in order, with the standard library where it can.
func compress(t testing.TB, text []byte, codings ...string) []byte {
	t.Helper()
	for _, name := range codings {
		var b bytes.Buffer
		var w io.WriteCloser
		var err error
		switch name {
		case "gzip":
			w = gzip.NewWriter(&b)
		case "stored": // gzip that compresses nothing
			w, err = gzip.NewWriterLevel(&b, gzip.NoCompression)
		case "zlib":
			w = zlib.NewWriter(&b)
		case "flate":
			w, err = flate.NewWriter(&b, flate.DefaultCompression)
		case "br":
			w = brotli.NewWriter(&b)
		case "zstd":
			w, err = zstd.NewWriter(&b)
		default:
			t.Fatalf("no coding %q", name)
		}
		if err == nil {
			_, err = w.Write(text)
		}
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		text = b.Bytes()
	}
	return text
}

func encoding(values ...string) http.Header { return http.Header{"Content-Encoding": values} }

const text = `{"type":"ContactCreate","name":"Zoë","tags":["a","b"]}`

func TestABodyIsReadAsItWasBeforeItsCodings(t *testing.T) {
	tests := []struct {
		name    string
		header  []string
		codings []string
		coding  string
	}{
		{"gzip", []string{"gzip"}, []string{"gzip"}, "gzip"},
		{"its old name", []string{"x-gzip"}, []string{"gzip"}, "x-gzip"},
		{"in any case", []string{" GZip "}, []string{"gzip"}, "gzip"},
		{"deflate as the standard has it", []string{"deflate"}, []string{"zlib"}, "deflate"},
		{"deflate without zlib around it", []string{"deflate"}, []string{"flate"}, "deflate"},
		{"Brotli", []string{"br"}, []string{"br"}, "br"},
		{"zstd", []string{"zstd"}, []string{"zstd"}, "zstd"},
		{"several", []string{"gzip, br"}, []string{"gzip", "br"}, "gzip, br"},
		{"several headers", []string{"zstd", "deflate"}, []string{"zstd", "flate"}, "zstd, deflate"},
		{"identity among them", []string{"identity, gzip,, identity"}, []string{"gzip"}, "gzip"},
		{"identity alone", []string{"identity"}, nil, ""},
		{"an empty header", []string{""}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sent := compress(t, []byte(text), tt.codings...)
			got := Read(encoding(tt.header...), sent, false)
			if got.Err != nil || string(got.Bytes) != text || got.Coding != tt.coding || got.Size != len(sent) || got.Partial {
				t.Errorf("%+v, %q", got, got.Bytes)
			}
			if got.Decoded() != (tt.coding != "") {
				t.Errorf("decoded: %v", got.Decoded())
			}
		})
	}
}

func TestAGzipBodyMayHaveSeveralMembers(t *testing.T) {
	sent := append(compress(t, []byte("a"), "gzip"), compress(t, []byte("b"), "gzip")...)
	if got := Read(encoding("gzip"), sent, false); string(got.Bytes) != "ab" {
		t.Errorf("%+v", got)
	}
}

func TestABodyThatCannotBeDecodedStaysAsItCame(t *testing.T) {
	whole := compress(t, []byte(text), "gzip")
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-6] ^= 1 // of the checksum
	tests := []struct {
		name, header string
		body         []byte
		err          string
	}{
		{"JSON that says gzip", "gzip", []byte(text), "the gzip stream is broken: invalid header"},
		{"cut off", "gzip", whole[:len(whole)/2], "the gzip stream ends too early"},
		{"cut off in its header", "gzip", whole[:4], "the gzip stream ends too early"},
		{"a wrong checksum", "gzip", flipped, "the gzip stream is broken: invalid checksum"},
		{"one byte of deflate", "deflate", []byte{1}, "the deflate stream ends too early"},
		{"Brotli that is none", "br", []byte(text), "the br stream is broken: "},
		{"Brotli, cut off", "br", compress(t, []byte(text), "br")[:20], "the br stream ends too early"},
		{"zstd that is none", "zstd", []byte(text), "the zstd stream is broken: "},
		{"zstd, cut off", "zstd", compress(t, []byte(text), "zstd")[:20], "the zstd stream ends too early"},
		{"the inner of two", "br, gzip", compress(t, []byte(text), "gzip"), "the br stream is broken: "},
		{"an unknown coding", "utf-8", []byte(text), "this coding is not known here"},
		{"too many codings", "gzip, gzip, gzip, gzip, gzip", whole, "5 codings are more than are undone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Read(encoding(tt.header), tt.body, false)
			if got.Err == nil || !strings.HasPrefix(got.Err.Error(), tt.err) {
				t.Errorf("error %v, want %s", got.Err, tt.err)
			}
			if !bytes.Equal(got.Bytes, tt.body) || got.Decoded() || got.Partial {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestWhatIsDecodedIsBounded has bodies that would become many times their size,
// also in the middle of two codings.
func TestWhatIsDecodedIsBounded(t *testing.T) {
	zeros := make([]byte, 8<<20)
	for _, codings := range [][]string{{"gzip"}, {"zlib"}, {"br"}, {"zstd"}, {"gzip", "gzip"}, {"br", "zstd"}} {
		name := strings.Join(codings, ", ")
		t.Run(name, func(t *testing.T) {
			sent := compress(t, zeros, codings...)
			got := Read(encoding(strings.ReplaceAll(name, "zlib", "deflate")), sent, false)
			if got.Err != nil || !got.Partial || len(got.Bytes) > Size(len(sent)) || len(got.Bytes) == 0 && len(codings) == 1 {
				t.Errorf("%d bytes became %d: partial %v, %v", len(sent), len(got.Bytes), got.Partial, got.Err)
			}
		})
	}
	noise := make([]byte, Limit+1)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	for n, partial := range map[int]bool{Limit + 1: true, Limit: false} {
		got := Read(encoding("gzip"), compress(t, noise[:n], "stored"), false)
		if len(got.Bytes) != Limit || got.Partial != partial || got.Err != nil {
			t.Errorf("%d bytes became %d: partial %v, %v", n, len(got.Bytes), got.Partial, got.Err)
		}
	}
}

func TestOfAnAnswerThatIsNotKeptWholeTheBeginningIsRead(t *testing.T) {
	long := []byte(strings.Repeat(text, 20_000))
	for name, coding := range map[string]string{"gzip": "gzip", "deflate": "zlib", "br": "br", "zstd": "zstd"} {
		sent := compress(t, noisy(long), coding)
		a := webhook.Attempt{Header: encoding(name), Body: sent[:len(sent)*3/4], BodySize: int64(len(sent))}
		got := OfAnswer(&a)
		if got.Err != nil || !got.Partial || !bytes.HasPrefix(noisy(long), got.Bytes) || len(got.Bytes) == 0 {
			t.Errorf("%s: %d bytes, partial %v, %v", name, len(got.Bytes), got.Partial, got.Err)
		}
	}
	short := webhook.Attempt{Header: encoding("gzip"), Body: compress(t, long, "gzip")[:10], BodySize: 1000}
	if got := OfAnswer(&short); got.Err == nil || got.Note() != "gzip, 10 B, shown as it came: its beginning alone cannot be decoded" {
		t.Errorf("%+v", got)
	}
	plain := webhook.Attempt{Body: []byte("ab"), BodySize: 3}
	if got := OfAnswer(&plain); !got.Partial || got.Note() != "" {
		t.Errorf("%+v", got)
	}
}

// noisy puts numbers into a text, so that it fills more than one block.
func noisy(b []byte) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b = bytes.Clone(b)
	for i := range b {
		if i%5 == 0 {
			b[i] = byte('a' + r.IntN(26))
		}
	}
	return b
}

func TestTheNoteSaysWhatWasDecoded(t *testing.T) {
	long := []byte(strings.Repeat(text, 60))
	sent := compress(t, long, "gzip")
	tests := []struct {
		name string
		text Text
		want string
	}{
		{"plain", Read(nil, sent, false), ""},
		{"nothing", Read(encoding("gzip"), nil, false), ""},
		{"decoded", Text{Bytes: make([]byte, 3174), Coding: "gzip", Size: 412}, "gzip, 412 B → 3.1 KiB"},
		{"a part", Text{Bytes: make([]byte, 1<<20), Coding: "gzip, br", Size: 412, Partial: true}, "gzip, br, 412 B → the first 1 MiB"},
		{"broken", Read(encoding("br\x1b[2J"), []byte("{}"), false), "br, 2 B, shown as it came: this coding is not known here"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.text.Note(); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// TestNoCompressedBodyIsPlain holds that a search which decodes only what is
// not plain leaves nothing compressed out.
func TestNoCompressedBodyIsPlain(t *testing.T) {
	bodies := []string{"{}", "[]", "1", `""`, "a", text, strings.Repeat(text, 500), string(noisy([]byte(strings.Repeat(`{"a":1},`, 300)))), `{"success":false}`}
	for i := 1; i < 60; i++ {
		bodies = append(bodies, text[:i%30]+strings.Repeat("x", i))
	}
	for _, b := range bodies {
		for _, coding := range []string{"gzip", "zlib", "flate", "br", "zstd"} {
			if sent := compress(t, []byte(b), coding); Plain(sent) {
				t.Errorf("%s of %.40q looks like text: %.80q", coding, b, sent)
			}
		}
		if !Plain([]byte(b)) {
			t.Errorf("%.40q does not look like text", b)
		}
	}
	for _, b := range []string{"", strings.Repeat("é", 64), "x" + strings.Repeat("連", 64)} {
		if !Plain([]byte(b)) {
			t.Errorf("%.40q does not look like text", b)
		}
	}
}

// FuzzRead holds that nothing a sender can send goes beyond the bounds.
func FuzzRead(f *testing.F) {
	for _, coding := range []string{"gzip", "zlib", "flate", "br", "zstd"} {
		f.Add(strings.NewReplacer("zlib", "deflate", "flate", "deflate").Replace(coding), compress(f, []byte(text), coding))
	}
	f.Add("gzip, br", compress(f, []byte(text), "gzip", "br"))
	f.Fuzz(func(t *testing.T, coding string, b []byte) {
		got := Read(encoding(coding), b, len(coding)%2 == 0)
		if len(got.Bytes) > Size(len(b)) && got.Decoded() {
			t.Fatalf("%d bytes became %d", len(b), len(got.Bytes))
		}
		if got.Err != nil && !bytes.Equal(got.Bytes, b) {
			t.Fatal("not as it came")
		}
		_ = got.Note()
	})
}

func BenchmarkRead(b *testing.B) {
	long := []byte(strings.Repeat(text, 40))
	for _, coding := range []string{"gzip", "br", "zstd"} {
		sent := compress(b, long, coding)
		b.Run(coding, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Read(encoding(coding), sent, false)
			}
		})
	}
}
