package jsjson

import "testing"

func TestUnquote(t *testing.T) {
	tests := []struct{ name, quoted, want string }{
		{"plain", `"é"`, "é"},
		{"nothing", `""`, ""},
		{"escapes", `"\"\\\/\b\f\n\r\t\u0041"`, "\"\\/\b\f\n\r\tA"},
		{"a pair", `"\ud83d\ude00"`, "😀"},
		{"half of a pair", `"a\ud83d"`, "a\ufffd"},
		{"not UTF-8", "\"a\xff\"", "a\ufffd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(Unquote([]byte(tt.quoted))); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
