package tunnel

import (
	"context"
	"log/slog"
	"strings"
)

// hidden stands where the authtoken was.
const hidden = "[authtoken]"

// redact takes the authtoken out of a text.
func redact(text, token string) string {
	if token == "" {
		return text
	}
	return strings.ReplaceAll(text, token, hidden)
}

// redactor is a slog handler that lets no authtoken through: ngrok's messages
// quote it, and the SDK logs what it sends.
type redactor struct {
	slog.Handler
	token string
	// quiet lowers errors and warnings to information.
	quiet bool
}

// sdkLogger is the logger for the SDK. What it says is information: it calls
// every failed attempt an error and warns of the Go version a program was built
// with, and the tunnel itself says what a person should know.
func sdkLogger(h slog.Handler, token string) *slog.Logger {
	return slog.New(redactor{h, token, true}).With("from", "ngrok")
}

// Handle redacts the message and the attributes.
func (h redactor) Handle(ctx context.Context, r slog.Record) error {
	level := r.Level
	if h.quiet {
		level = min(level, slog.LevelInfo)
	}
	if level != r.Level && !h.Enabled(ctx, level) {
		return nil
	}
	clean := slog.NewRecord(r.Time, level, redact(r.Message, h.token), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.attr(a))
		return true
	})
	return h.Handler.Handle(ctx, clean)
}

// WithAttrs redacts the attributes of a derived logger.
func (h redactor) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.Handler = h.Handler.WithAttrs(h.attrs(attrs))
	return h
}

// WithGroup keeps redacting within the group.
func (h redactor) WithGroup(name string) slog.Handler {
	h.Handler = h.Handler.WithGroup(name)
	return h
}

func (h redactor) attrs(all []slog.Attr) []slog.Attr {
	clean := make([]slog.Attr, len(all))
	for i, a := range all {
		clean[i] = h.attr(a)
	}
	return clean
}

func (h redactor) attr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindGroup:
		v = slog.GroupValue(h.attrs(v.Group())...)
	case slog.KindString, slog.KindAny:
		// A handler would print any value by reflection: as text it can be searched.
		v = slog.StringValue(redact(v.String(), h.token))
	}
	return slog.Attr{Key: redact(a.Key, h.token), Value: v}
}
