package jsjson

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFirstDifference(t *testing.T) {
	long := strings.Repeat("0123456789", 10)
	tests := []struct {
		name, a, b string
		want       Difference
	}{
		{"a value", `{"a":1}`, `{"a":1.0}`, Difference{6, "}", ".0}"}},
		{"one ends", `{}`, "{}\n", Difference{2, "", "\n"}},
		{"one is empty", "", "x", Difference{0, "", "x"}},
		{"excerpts are short", "x" + long, "y" + long, Difference{0, "x01234567890123456789012", "y01234567890123456789012"}},
		{"characters are whole", "aé", "aè", Difference{2, "é", "è"}},
		{"a character that one text cuts off", "aé", "a\xc3", Difference{2, "é", "\xc3"}},
		{"no character is cut at the end", long[:23] + "é" + "x", "x", Difference{0, long[:23], "x"}},
		{"four bytes", "😀", "😁", Difference{3, "😀", "😁"}},
		{"behind a whole character", "éa", "éb", Difference{2, "a", "b"}},
		{"stray bytes", "\x80\x80\x80\x80a", "\x80\x80\x80\x80b", Difference{4, "a", "b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := FirstDifference([]byte(tt.a), []byte(tt.b))
			if !ok || got != tt.want {
				t.Errorf("%+v, %t, want %+v", got, ok, tt.want)
			}
		})
	}
	if d, ok := FirstDifference([]byte("é"), []byte("é")); ok || d != (Difference{}) {
		t.Errorf("equal texts differ: %+v", d)
	}
}

// FuzzFirstDifference holds that texts are equal up to the place and not at it.
func FuzzFirstDifference(f *testing.F) {
	f.Add([]byte("aé"), []byte("aè"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		d, ok := FirstDifference(a, b)
		if !ok {
			if string(a) != string(b) {
				t.Fatal("unequal texts do not differ")
			}
			return
		}
		if string(a[:d.Offset]) != string(b[:d.Offset]) || d.Offset < min(len(a), len(b)) && a[d.Offset] == b[d.Offset] {
			t.Fatalf("%+v", d)
		}
		if utf8.Valid(a) && !utf8.ValidString(d.A) || len(d.A) > excerptBytes || len(d.B) > excerptBytes || d.A == d.B {
			t.Fatalf("%+v", d)
		}
	})
}
