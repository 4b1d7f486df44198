package inspector

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// exportTo answers the prompt for the file.
func (d *driver) exportTo(path string) {
	d.t.Helper()
	d.clear()
	d.typed(path)
	d.press("enter")
}

// exportedIDs are the IDs in a file of JSON lines.
func exportedIDs(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var ids []string
	for s := bufio.NewScanner(f); s.Scan(); {
		var line struct{ ID webhook.ID }
		if err := json.Unmarshal(s.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, line.ID.String())
	}
	return strings.Join(ids, " ")
}

func TestExportSelectedMarkedAndShown(t *testing.T) {
	for _, tt := range []struct {
		keys []string
		want string
	}{
		{[]string{"enter"}, "#2 #6 #9"},
		{[]string{"right", "right", "up", "enter"}, "#10"},
		{[]string{"left", "left", "down", "enter"}, "#1 #2 #3 #4 #5 #6 #7 #8 #9 #10"},
	} {
		d := drive(t, withMarks(some(), 9, 2, 6), 80, 24, Options{Version: "1.0.0"})
		path := filepath.Join(t.TempDir(), "out.jsonl")
		d.press("x")
		d.press(tt.keys...)
		d.exportTo(path)
		if got := exportedIDs(t, path); got != tt.want {
			t.Errorf("%v: exported %q, want %q", tt.keys, got, tt.want)
		}
		d.sees("written to")
		d.ticks(30)
		d.sees("written to")
	}
}

func TestExportWritesEveryFormat(t *testing.T) {
	dir := t.TempDir()
	d := drive(t, some(), 80, 24, Options{Version: "1.0.0"})
	for i, begin := range []string{`{"kind":"event","id":8,`, `{"log":{"version":"1.2","creator":{"name":"taskhook","version":"1.0.0"}`} {
		if i == 0 {
			d.press("down", "down")
		}
		d.press("x")
		for range i {
			d.press("right")
		}
		d.press("enter")
		if p := d.m.dialog.(*prompt).input.Value(); !strings.HasPrefix(p, "event-8.") {
			t.Errorf("proposed %q", p)
		}
		path := filepath.Join(dir, "out")
		d.exportTo(path)
		got, err := os.ReadFile(path)
		if err != nil || !strings.HasPrefix(string(got), begin) {
			t.Errorf("%q: %v", got, err)
		}
		_ = os.Remove(path)
	}
}

func TestAnExportOverwritesOnlyAfterAYes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	is := func(want string) {
		t.Helper()
		if got, _ := os.ReadFile(path); !strings.HasPrefix(string(got), want) {
			t.Fatalf("the file has %q, want %q", got, want)
		}
	}
	d := drive(t, some(), 160, 24, Options{})
	d.press("x", "enter")
	d.exportTo(path)
	d.sees("is there already. Overwrite it? y/n")
	d.press("esc")
	d.sees("write to: " + path)
	is("mine")
	d.press("enter", "y")
	is(`{"kind":"event"`)
	d.sees("✓ 1 event written to " + path)
}

func TestAnExportThatFailsIsSaid(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("x", "enter")
	d.exportTo("")
	d.sees("✗ name a file")
	d.exportTo(filepath.Join(t.TempDir(), "none", "x"))
	d.sees("not exported: ")
	d.press("down", "x", "enter")
	d.exportTo(t.TempDir())
	d.press("esc")
	d.sees("is a folder")
}

func TestAnExportIsStopped(t *testing.T) {
	f := many(5)
	f.chunkMax = 2
	d := drive(t, f, 120, 24, Options{})
	path := filepath.Join(t.TempDir(), "out.jsonl")
	d.press("x", "down", "enter")
	f.onRead = func() {
		d.send(tickMsg{d.m.now.Add(time.Second), false})
		if strings.Contains(d.screen(), "Exporting 5 events: 0 of 5") {
			f.onRead = nil
			d.press("esc")
		}
	}
	d.exportTo(path)
	d.sees("stopped: nothing was written to " + path)
	if _, err := os.Stat(path); err == nil {
		t.Error("there is a file")
	}
}
