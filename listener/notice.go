package listener

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// Notice is a sentence that a person should hear.
type Notice struct {
	Text    string
	Warning bool // something is wrong, or was changed by somebody else
}

// tell logs a sentence and tells it.
func (l *Listener) tell(format string, args ...any) { l.notify(fmt.Sprintf(format, args...), false) }

// warn logs a sentence and tells it as a warning.
func (l *Listener) warn(format string, args ...any) { l.notify(fmt.Sprintf(format, args...), true) }

func (l *Listener) notify(text string, warning bool) {
	l.logger.Info(text)
	l.opts.Notify(Notice{Text: text, Warning: warning})
}

// noticeHandler also tells a person, in words, what is logged as a warning or
// an error. Bodies, tokens and Authorization values are never logged.
type noticeHandler struct {
	slog.Handler
	notify func(Notice)
	attrs  []slog.Attr
}

func (h noticeHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
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
		h.notify(Notice{Text: b.String(), Warning: true})
	}
	return h.Handler.Handle(ctx, r)
}

func (h noticeHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return noticeHandler{h.Handler.WithAttrs(attrs), h.notify, append(append([]slog.Attr{}, h.attrs...), attrs...)}
}

func (h noticeHandler) WithGroup(name string) slog.Handler {
	return noticeHandler{h.Handler.WithGroup(name), h.notify, h.attrs}
}
