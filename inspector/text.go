package inspector

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"github.com/taskhook/taskhook/format"
)

// fit makes outside text exactly width cells wide: cleaned, cut with an
// ellipsis or filled with spaces. Its cost follows from the width alone.
func fit(s string, width int) string {
	s, w := cut(s, width)
	return s + spaces(width-w)
}

// fitRight is fit with the text at the right end.
func fitRight(s string, width int) string {
	s, w := cut(s, width)
	return spaces(width-w) + s
}

// cut makes outside text at most width cells wide and says how wide it is.
func cut(s string, width int) (string, int) {
	if width <= 0 {
		return "", 0
	}
	s = format.Clean(clip(s, width))
	if isASCII(s) {
		if len(s) <= width {
			return s, len(s)
		}
		return s[:width-1] + "…", width
	}
	s = unambiguous(s)
	if w := ansi.StringWidth(s); w <= width {
		return s, w
	}
	s = ansi.Truncate(s, width, "…")
	return s, ansi.StringWidth(s)
}

// clip cuts text down to what some cells can show at most: no cell takes more
// bytes than that, however many marks are stacked on a letter.
func clip(s string, cells int) string {
	most := 32 * max(1, cells+2)
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}

// wrap breaks one line of clean text into pieces of at most width cells, and
// at most limit of them. With words it breaks between words where it can.
func wrap(s string, width, limit int, words bool) []string {
	width = max(1, width)
	if len(s) <= width && isASCII(s) {
		return []string{s}
	}
	var lines []string
	switch {
	case words:
		s = unambiguous(s)
		lines = strings.Split(ansi.Wrap(s, width, ""), "\n")
	case isASCII(s):
		for len(s) > width && len(lines) <= limit {
			lines = append(lines, s[:width])
			s = s[width:]
		}
		lines = append(lines, s)
	default:
		s = unambiguous(s)
		lines = strings.Split(ansi.Hardwrap(s, width, true), "\n")
	}
	if len(lines) > limit {
		lines = lines[:limit]
	}
	return lines
}

// unambiguous takes out of text what terminals disagree about: whether joined emoji
// and marks on them are one picture of two cells or several. Text on whose
// width all agree is left as it is.
func unambiguous(s string) string {
	if ansi.StringWidth(s) == ansi.StringWidthWc(s) {
		return s
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == 0x200d, r >= 0xfe00 && r <= 0xfe0f, r >= 0x1f3fb && r <= 0x1f3ff, r == 0x20e3:
			return -1
		}
		return r
	}, s)
	if ansi.StringWidth(s) == ansi.StringWidthWc(s) {
		return s
	}
	var b strings.Builder
	for rest := s; rest != ""; {
		cluster, _ := ansi.FirstGraphemeCluster(rest, ansi.GraphemeWidth)
		if cluster == "" {
			break
		}
		if ansi.StringWidth(cluster) == ansi.StringWidthWc(cluster) {
			b.WriteString(cluster)
		} else {
			b.WriteRune(utf8.RuneError)
		}
		rest = rest[len(cluster):]
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

const blank = "                                                                                                                                                                                                                                                                "

// spaces returns n spaces, mostly without making any.
func spaces(n int) string {
	switch {
	case n <= 0:
		return ""
	case n <= len(blank):
		return blank[:n]
	}
	return strings.Repeat(" ", n)
}

// cutLeft makes clean text at most width cells wide; what is left out is at
// its beginning.
func cutLeft(s string, width int) (string, int) {
	s = safe(s)
	w := ansi.StringWidth(s)
	switch {
	case width <= 0:
		return "", 0
	case w <= width:
		return s, w
	}
	s = "…" + s[cellsEnd(s, w-width+1):]
	return s, ansi.StringWidth(s)
}
