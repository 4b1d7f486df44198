package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/taskhook/taskhook/format"
)

// cells is how wide a terminal shows a text: a letter of Chinese or Japanese
// takes two cells.
func cells(s string) int { return ansi.StringWidth(s) }

// column cleans a text and makes it at least some cells wide.
func column(s string, width int) string {
	s = format.Clean(s)
	return s + strings.Repeat(" ", max(0, width-cells(s)))
}

// columns writes rows of a name and what it means.
func columns(rows [][2]string) string {
	width := 0
	for _, r := range rows {
		width = max(width, cells(r[0]))
	}
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "  %s  %s\n", column(r[0], width), r[1])
	}
	return b.String()
}

// table aligns columns of text that may come from outside.
type table struct {
	w      io.Writer
	rows   [][]string
	widths []int
}

func newTable(w io.Writer, heads ...string) *table {
	t := &table{w: w}
	if len(heads) > 0 {
		t.row(heads...)
	}
	return t
}

func (t *table) row(row ...string) {
	for i := range row {
		row[i] = format.Clean(row[i])
		if i == len(t.widths) {
			t.widths = append(t.widths, 0)
		}
		t.widths[i] = max(t.widths[i], cells(row[i]))
	}
	t.rows = append(t.rows, row)
}

// end writes the table. The error is the writer's.
func (t *table) end() error {
	var b strings.Builder
	for _, row := range t.rows {
		for i, cell := range row {
			if i > 0 {
				b.WriteString("  ")
			}
			if i < len(row)-1 {
				cell = column(cell, t.widths[i])
			}
			b.WriteString(cell)
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(t.w, b.String())
	return err
}
