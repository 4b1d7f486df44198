package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/taskhook/taskhook/files"
)

// maxLogSize is the size in bytes at which the log file is begun anew; the
// one before is kept beside it.
const maxLogSize = 4 << 20

// openLog opens the project's log file.
func openLog(dir string) (*os.File, error) {
	path := filepath.Join(dir, logFile)
	if fi, err := os.Lstat(path); err == nil && fi.Size() > maxLogSize {
		if err := files.Rename(path, logFile+".1"); err != nil {
			return nil, fmt.Errorf("rotate the log: %w", err)
		}
	}
	return files.Open(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY)
}

// wordsHandler is a slog handler that also tells a person what is worth a
// warning, as words. Bodies, tokens and Authorization values are never logged.
type wordsHandler struct {
	slog.Handler
	say   func(text string) // nil: the screen is on, say nothing
	attrs []slog.Attr
}

func (h wordsHandler) Handle(ctx context.Context, r slog.Record) error {
	if h.say != nil && r.Level >= slog.LevelWarn {
		var b strings.Builder
		b.WriteString(r.Message)
		add := func(a slog.Attr) bool {
			fmt.Fprintf(&b, ", %s: %v", a.Key, a.Value)
			return true
		}
		for _, a := range h.attrs {
			add(a)
		}
		r.Attrs(add)
		h.say(b.String())
	}
	return h.Handler.Handle(ctx, r)
}

func (h wordsHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return wordsHandler{h.Handler.WithAttrs(attrs), h.say, append(append([]slog.Attr{}, h.attrs...), attrs...)}
}

func (h wordsHandler) WithGroup(name string) slog.Handler {
	return wordsHandler{h.Handler.WithGroup(name), h.say, h.attrs}
}

// newLogger logs to a file, and warnings as words through say.
func newLogger(f *os.File, say func(string)) *slog.Logger {
	return slog.New(wordsHandler{
		Handler: slog.NewTextHandler(f, &slog.HandlerOptions{Level: slog.LevelInfo}),
		say:     say,
	})
}
