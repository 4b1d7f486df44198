package format

import (
	"os/exec"
	"strings"
	"testing"
)

func TestAShellReadsTheQuotedWord(t *testing.T) {
	words := []struct{ word, want string }{
		{"plain-word_1.2:/a@b%c+d=e,f", "plain-word_1.2:/a@b%c+d=e,f"},
		{"", "''"},
		{"two words", "'two words'"},
		{"it's", `'it'\''s'`},
		{"$HOME `id` \\ ! * ~ #", "'$HOME `id` \\ ! * ~ #'"},
		{"two\nlines\tand a tab", "'two\nlines\tand a tab'"},
		{"é", "'é'"},
		{"\x1b[31m%'\\!\xff", ""}, // whatever is safe
	}
	for _, tt := range words {
		got := ShellQuote(tt.word)
		if tt.want != "" && got != tt.want {
			t.Errorf("ShellQuote(%q) = %s, want %s", tt.word, got, tt.want)
		}
		if !Printable(got) {
			t.Errorf("ShellQuote(%q) = %q acts on a terminal", tt.word, got)
		}
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf '%s.' "+got).Output()
		if err != nil || strings.TrimSuffix(string(out), ".") != tt.word {
			t.Errorf("a shell reads %s as %q, %v", got, out, err)
		}
	}
}
