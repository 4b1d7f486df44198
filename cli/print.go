package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook/export"
)

// withJSON adds --json to a command; usage says what it prints.
func (a *app) withJSON(cmd *cobra.Command, usage string) *cobra.Command {
	cmd.Flags().BoolVar(&a.json, "json", false, usage)
	return cmd
}

// print prints a value as a JSON line of its kind, or without --json as a line of
// text, which may come from outside.
func (a *app) print(kind string, value any, layout string, args ...any) error {
	if a.json {
		return printLine(a.stdout, kind, value)
	}
	_, err := fmt.Fprintln(a.stdout, format.CleanLines(fmt.Sprintf(layout, args...)))
	return err
}

// printLine prints one JSON line: its kind, then the members of all objects.
func printLine(w io.Writer, kind string, objects ...any) error {
	line := fmt.Appendf(nil, `{"kind":%q`, kind)
	for _, object := range objects {
		var text bytes.Buffer
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(object); err != nil {
			return err
		}
		if members := bytes.Trim(text.Bytes(), "\n")[1:]; len(members) > 1 {
			line = append(append(line, ','), members[:len(members)-1]...)
		}
	}
	return export.Line(w, json.RawMessage(append(line, '}')))
}

// printList prints items as JSON lines, or as a table of the cells of each.
func printList[T any](a *app, kind string, items []T, heads []string, cells func(T) []string) error {
	t := newTable(a.stdout, heads...)
	for _, item := range items {
		if !a.json {
			t.row(cells(item)...)
		} else if err := printLine(a.stdout, kind, item); err != nil {
			return err
		}
	}
	if a.json {
		return nil
	}
	return t.end()
}

// colorful reports whether colour is welcome on a stream.
func (a *app) colorful(w io.Writer) bool {
	return isTerminal(w) && a.env("NO_COLOR") == "" && !a.dumb()
}
