package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestTheManualHasTheHelpOfEveryCommandAndTopic(t *testing.T) {
	root := newRootCommand(&app{})
	page, err := manualPage(root)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(page, "\n")
	everyCommand(root, func(cmd *cobra.Command) {
		if cmd.Name() == "help" {
			return // its topics are sections
		}
		if title := ".SH " + strings.ToUpper(roff(cmd.CommandPath())); !slices.Contains(lines, title) {
			t.Errorf("no section %q", title)
		}
	})
	for _, want := range []string{
		`\-\-verify enforce|warn|off`, // a choice, as in the help
		`\-\-timeout DURATION`,
		".SH FILTERS", ".SH EXIT\\-CODES", "  status:5xx",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, line := range lines {
		if strings.HasPrefix(line, ".") && !slices.Contains([]string{".TH", ".SH", ".nf", ".fi"}, line[:3]) || strings.HasPrefix(line, "'") {
			t.Errorf("roff reads the line as a request: %q", line)
		}
	}
}

func TestRoffReadsTextsAsTheyAre(t *testing.T) {
	tests := []struct{ in, want string }{
		{"a-b", `a\-b`},
		{`a\b`, `a\eb`},
		{"ID…", `ID\[u2026]`},
		{".a\n.b\n c.d", "\\&.a\n\\&.b\n c.d"},
		{"'a'\n'b'", "\\&'a'\n\\&'b'"},
	}
	for _, tt := range tests {
		if got := roff(tt.in); got != tt.want {
			t.Errorf("roff(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
