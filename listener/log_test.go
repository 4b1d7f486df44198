package listener

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTheEndOfTheLog(t *testing.T) {
	s := &Stored{dir: t.TempDir()}
	if got, err := s.Log(t.Context(), 9); len(got) != 0 || err != nil {
		t.Errorf("without a log: %q, %v", got, err)
	}
	var long strings.Builder
	for i := range 2 * logTail / 10 {
		fmt.Fprintf(&long, "line %d\n", i)
	}
	tests := []struct {
		name, text string
		lines      int
		want       []string
	}{
		{"empty", "", 9, nil},
		{"shorter than asked", "one\ntwo\n", 9, []string{"one", "two"}},
		{"longer than asked", "one\ntwo\nthree\n", 2, []string{"two", "three"}},
		{"none asked", "one\n", 0, nil},
		{"fewer than none asked", "one\n", -1, nil},
		{"being written", "one\ntw", 9, []string{"one"}},
		{"not UTF-8", "caf\xe9\n", 9, []string{"caf\uFFFD"}},
		{"long", long.String(), 2, []string{fmt.Sprintf("line %d", 2*logTail/10-2), fmt.Sprintf("line %d", 2*logTail/10-1)}},
		{"one endless line", strings.Repeat("x", 2*logTail) + "\n", 9, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(s.dir, logFile), []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := s.Log(t.Context(), tt.lines)
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("%q, %v, want %q", got, err, tt.want)
			}
		})
	}
	if err := os.WriteFile(filepath.Join(s.dir, logFile), []byte(long.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Log(t.Context(), 1<<30); err != nil || len(got) < logTail/20 || len(got) > logTail/5 || !strings.HasPrefix(got[0], "line ") {
		t.Errorf("all of a long log: %d lines, %v", len(got), err)
	}
}

func TestALargeLogIsBegunAnew(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, logFile)
	if err := os.WriteFile(path, []byte(strings.Repeat("x", maxLogSize+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	logger, file, err := OpenLog(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	logger.Info("begun")
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if old, err := os.Stat(path + ".1"); err != nil || old.Size() != maxLogSize+1 {
		t.Errorf("the log before: %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), "begun") {
		t.Errorf("the new log: %q, %v", text, err)
	}
}

func TestWarningsAreToldInWords(t *testing.T) {
	var told []Notice
	logger, file, err := OpenLog(t.TempDir(), func(n Notice) { told = append(told, n) })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	logger.Info("nothing to hear")
	logger.With("event", "#7").Error("an attempt could not be stored", "status", 200)
	logger.WithGroup("proxy").Warn("slow")
	want := []Notice{{"an attempt could not be stored, event: #7, status: 200", true}, {"slow", true}}
	if !slices.Equal(told, want) {
		t.Errorf("told %+v", told)
	}
}
