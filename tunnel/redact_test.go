package tunnel

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// letter writes itself as text that holds the authtoken.
type letter struct{ Token string }

func TestNoAuthtokenGetsIntoALog(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			var b bytes.Buffer
			var h slog.Handler = slog.NewTextHandler(&b, nil)
			if format == "json" {
				h = slog.NewJSONHandler(&b, nil)
			}
			l := slog.New(redactor{h, token, false})
			l.With("with", token).WithGroup("group").Info("message "+token,
				"string", "a "+token,
				"error", fmt.Errorf("wrapped: %w", errors.New(token)),
				"struct", letter{token},
				"pointer", &letter{token},
				slog.Group("inner", "x", token),
				"number", 7)
			if strings.Contains(b.String(), token) {
				t.Errorf("logged %s", b.String())
			}
			if got := strings.Count(b.String(), hidden); got != 7 {
				t.Errorf("%d places are redacted in %s", got, b.String())
			}
			if !strings.Contains(b.String(), "7") {
				t.Errorf("the number is gone: %s", b.String())
			}
		})
	}
}

func TestWhatTheSDKSaysIsInformation(t *testing.T) {
	var b bytes.Buffer
	l := sdkLogger(slog.NewTextHandler(&b, nil), token)
	l.Error("failed to reconnect")
	l.Warn("too old")
	l.Debug("chatter")
	got := b.String()
	if strings.Contains(got, "ERROR") || strings.Contains(got, "WARN") || strings.Count(got, "INFO") != 2 || strings.Contains(got, "chatter") {
		t.Errorf("logged %s", got)
	}
}

func TestMessagesOfNgrokAreOnePlainLine(t *testing.T) {
	for in, want := range map[string]string{
		"The token is wrong.\r\nYour authtoken: " + token + "\r\nAsk us.\r\n\r\nMore\r\n\r\nERR_NGROK_107\r\n": "The token is wrong. Ask us",
		"The authtoken " + token + " is wrong": "The authtoken " + hidden + " is wrong",
		"\r\nERR_NGROK_1\r\n":                  "it gives no reason",
		"red \x1b[31mtext":                     "red text",
	} {
		if got := plainText(in, token); got != want {
			t.Errorf("%q becomes %q, not %q", in, got, want)
		}
	}
	if got := plainText(strings.Repeat("ü", maxText), token); len(got) > maxText+len("…") || !strings.HasSuffix(got, "…") {
		t.Errorf("a long message has %d bytes", len(got))
	}
}
