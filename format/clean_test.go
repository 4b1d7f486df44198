package format

import (
	"strings"
	"testing"
)

func TestCleanLeavesNothingThatActs(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain text", "ContactCreate é 日本 👩‍💻", "ContactCreate é 日本 👩‍💻"},
		{"colour", "a\x1b[31;1mred\x1b[0m b", "ared b"},
		{"clipboard write", "a\x1b]52;c;aGk=\x07b", "ab"},
		{"title ended by ST", "a\x1b]0;title\x1b\\b", "ab"},
		{"device control string", "a\x1bPq#0\x1b\\b", "ab"},
		{"a string without an end hides nothing", "a\x1b]0;text", "a0;text"},
		{"8-bit CSI", "a\u009b2Jb", "ab"},
		{"8-bit OSC", "a\u009d0;x\u009cb", "ab"},
		{"lone escape", "a\x1b", "a"},
		{"escape before text", "a\x1bcb", "ab"},
		{"charset choice", "a\x1b(0b", "ab"},
		{"controls", "a\x00\x08\x7fb\u0085c", "ab c"},
		{"line ends and tabs", "a\tb\r\nc", "a b  c"},
		{"line and paragraph separators", "a\u2028b\u2029c", "a b c"},
		{"bidirectional overrides", "a\u202e\u2066\u200f\u061cb", "ab"},
		{"byte order mark", "\ufeffa", "a"},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Clean(tt.in); got != tt.want {
				t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestCleanIsLinear(*testing.T) {
	// Quadratic work on these would not end within the test's time limit.
	for _, unit := range []string{"\x1b]", "\u009d", "\x1b[1", "\x1bP", "\u009b"} {
		Clean(strings.Repeat(unit, 2<<20))
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x1b[31mb")
	f.Add("\u009d0;x\x1b\\")
	f.Add("\xc2")
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if firstUnsafe(got) >= 0 {
			t.Errorf("Clean(%q) = %q is not safe", s, got)
		}
		if Clean(got) != got {
			t.Errorf("cleaning %q again changes it", got)
		}
	})
}

func TestLinesStayApart(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"a\tb\n\nc\n", "a b\n\nc\n"},
		{"a\x1b[31m\nb\r\n", "a\nb \n"},
		{"a\u2028b\nc", "a b\nc"},
		{"\xff\n", "\ufffd\n"},
	}
	for _, tt := range tests {
		if got := CleanLines(tt.in); got != tt.want {
			t.Errorf("CleanLines(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
