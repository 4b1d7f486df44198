package inspector

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// updating reports whether the golden files are to be written anew: -update is
// the flag of the package that drives whole programs here.
func updating() bool { return flag.Lookup("update").Value.String() == "true" }

func TestViews(t *testing.T) {
	scenes := []struct {
		name string
		feed func() *memory
		play func(*driver)
	}{
		{"list", some, func(*driver) {}},
		{"detail", some, func(d *driver) { d.press("down", "down", "enter") }},
		{"headers", some, func(d *driver) { d.press("down", "down", "enter", "tab") }},
		{"attempts", some, func(d *driver) { d.press("down", "down", "down", "down", "enter", "tab", "tab") }},
		{"invalid", some, func(d *driver) { d.press("end", "up", "up", "up", "enter") }},
		{"help", some, func(d *driver) { d.press("?") }},
		{"filter", some, func(d *driver) { d.press("/"); d.typed("contact"); d.ticks(3) }},
		{"nothing", some, func(d *driver) { d.press("/"); d.typed("zebra"); d.press("enter") }},
		{"confirm", some, func(d *driver) { d.press("end", "up", "up", "up", "r") }},
		{"empty", func() *memory { return &memory{listener: some().listener} }, func(*driver) {}},
		{"degraded", func() *memory {
			f := some()
			f.listener.Degraded = "the disk is full"
			f.listener.Tunnel.State, f.listener.Tunnel.Since = "reconnecting", noon
			f.listener.Tunnel.Message = "connection reset"
			f.listener.Health.Up, f.listener.Health.Error = false, "connection refused"
			return f
		}, func(*driver) {}},
	}
	sizes := []struct{ width, height int }{{40, 12}, {80, 24}, {120, 40}}
	for _, scene := range scenes {
		for _, size := range sizes {
			name := fmt.Sprintf("%s-%dx%d", scene.name, size.width, size.height)
			t.Run(name, func(t *testing.T) {
				d := drive(t, scene.feed(), size.width, size.height, Options{Version: "1.0.0"})
				scene.play(d)
				d.fits()
				golden(t, "screen-"+name+".txt", d.screen())
			})
		}
	}
}

func golden(t testing.TB, name, got string) {
	t.Helper()
	path := filepath.Join("..", "testdata", "golden", name)
	if updating() {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s (run with -update when it should)\ngot\n%s\nwant\n%s", path, got, want)
	}
}

func TestTheScreenEndsWithTheKeyAndWithTheContext(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for _, how := range []string{"key", "context"} {
		ctx, cancel := context.WithCancel(t.Context())
		in, keys := io.Pipe()
		done := make(chan error)
		go func() {
			done <- Screen(ctx, some(), some(), Options{Input: in, Output: &lockedBuffer{}})
		}()
		if how == "key" {
			if _, err := keys.Write([]byte("q")); err != nil {
				t.Error(err)
			}
		} else {
			cancel()
		}
		if err := <-done; err != nil {
			t.Errorf("%s: %v", how, err)
		}
		cancel()
		_ = keys.Close()
	}
}
