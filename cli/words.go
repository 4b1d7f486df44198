package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/taskhook/taskhook/webhook/export"
)

// plural writes a count with the fitting word: "1 event", "2 events".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// printable makes outside text safe to print, line by line.
func printable(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = export.Clean(line)
	}
	return strings.Join(lines, "\n")
}

// colorful reports whether colour is welcome on a stream.
func (a *app) colorful(w io.Writer) bool {
	return isTerminal(w) && a.env("NO_COLOR") == "" && a.env("TERM") != "dumb"
}

// projectName is the name people know the store by.
func (a *app) projectName() string {
	if a.dataDir != "" {
		return a.dataDir
	}
	return a.project
}
