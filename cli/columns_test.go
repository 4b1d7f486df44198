package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// TestWideLettersKeepColumnsAligned holds that what stands behind a text begins
// at the same cell whatever the text is written in.
func TestWideLettersKeepColumnsAligned(t *testing.T) {
	names := []string{"ContactCreate", "連絡先", "é", "e\u0301", "ｆｕｌｌ", ""}
	tables := map[string]func(name string) string{
		"events list": func(name string) string {
			return listRow(webhook.Summary{Event: webhook.Event{ID: 1, Type: name, Method: "GET", Verdict: webhook.Verdict{Status: webhook.Valid}}}, time.Now())
		},
		"retrying": func(name string) string {
			return strings.Split(retryingText([]webhook.Summary{{Event: webhook.Event{ID: 1, Type: name}}}, time.Now()), "\n")[1]
		},
		"a batch": func(name string) string {
			return (&batchPrinter{}).words(webhook.BatchItem{Event: webhook.Summary{Event: webhook.Event{ID: 1, Type: name}}, Reason: "x"})
		},
	}
	marks := map[string]string{"events list": "valid", "retrying": "retry", "a batch": "cannot"}
	for table, row := range tables {
		for _, name := range names {
			line := row(name)
			before, _, _ := strings.Cut(line, marks[table])
			if want, _, _ := strings.Cut(row("A"), marks[table]); cells(before) != cells(want) {
				t.Errorf("%s: behind %q %q begins at %d, want %d:\n%s", table, name, marks[table], cells(before), cells(want), line)
			}
		}
	}
}

func TestATableAlignsByCells(t *testing.T) {
	var b bytes.Buffer
	table := newTable(&b, "ID", "NAME", "AGE")
	table.row("1", "連絡先\x1b[2J", "2")
	table.row("22", "jane", "")
	if err := table.end(); err != nil {
		t.Fatal(err)
	}
	if want := "ID  NAME    AGE\n1   連絡先  2\n22  jane    \n"; b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestTheMarkStandsUnderWideLetters(t *testing.T) {
	if got, want := pointAt("名:x", len("名"), 1), "  名:x\n    ^"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
