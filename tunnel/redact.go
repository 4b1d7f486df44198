package tunnel

import (
	"context"
	"fmt"
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
}

// Handle redacts the message and the attributes.
func (h redactor) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, redact(r.Message, h.token), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.attr(a))
		return true
	})
	return h.Handler.Handle(ctx, clean)
}

// WithAttrs redacts the attributes of a derived logger.
func (h redactor) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = h.attr(a)
	}
	return redactor{h.Handler.WithAttrs(clean), h.token}
}

// WithGroup keeps redacting within the group.
func (h redactor) WithGroup(name string) slog.Handler {
	return redactor{h.Handler.WithGroup(name), h.token}
}

func (h redactor) attr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		v = slog.StringValue(redact(v.String(), h.token))
	case slog.KindGroup:
		clean := make([]slog.Attr, 0, len(v.Group()))
		for _, b := range v.Group() {
			clean = append(clean, h.attr(b))
		}
		v = slog.GroupValue(clean...)
	case slog.KindAny:
		// A handler would print it by reflection: as text it can be searched.
		v = slog.StringValue(redact(fmt.Sprintf("%+v", v.Any()), h.token))
	}
	return slog.Attr{Key: redact(a.Key, h.token), Value: v}
}

// quieter logs what the SDK says as information: it calls every failed attempt
// an error and warns of the Go version a program was built with, and the
// tunnel itself says what a person should know.
type quieter struct{ slog.Handler }

// Handle lowers errors and warnings.
func (h quieter) Handle(ctx context.Context, r slog.Record) error {
	if r.Level > slog.LevelInfo {
		r.Level = slog.LevelInfo
		if !h.Enabled(ctx, r.Level) {
			return nil
		}
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps lowering.
func (h quieter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quieter{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps lowering.
func (h quieter) WithGroup(name string) slog.Handler {
	return quieter{h.Handler.WithGroup(name)}
}

// sdkLogger is the logger for the SDK.
func sdkLogger(l *slog.Logger) *slog.Logger {
	return slog.New(quieter{l.Handler()}).With("from", "ngrok")
}
