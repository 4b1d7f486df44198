package taskee

import (
	"fmt"
	"io"
	"strings"
)

// redacted is printed in place of a token.
const redacted = "[token]"

// secret is a token that cannot be printed by mistake. The text is behind a
// pointer because fmt reads unexported fields without calling their methods:
// of a struct that holds a secret it shows an address.
type secret struct{ text *string }

// newSecret returns a token without the white space around it.
func newSecret(token string) (secret, error) {
	token = strings.TrimSpace(token)
	if token == "" {
		return secret{}, fmt.Errorf("%w: it is empty", ErrBadToken)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return secret{}, fmt.Errorf("%w: it has white space or characters other than ASCII in it", ErrBadToken)
	}
	return secret{&token}, nil
}

// authorization is the header that the token goes into.
func (s secret) authorization() string { return "Bearer " + *s.text }

// redact removes the token from a text from outside: a server may quote what it
// was sent.
func (s secret) redact(text string) string { return strings.ReplaceAll(text, *s.text, redacted) }

// Format writes the same for every verb, %#v and %x too; slog's text goes
// through it, and JSON has no unexported fields.
func (s secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }
