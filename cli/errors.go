package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/files"
	"github.com/taskhook/taskhook/format"
)

// hintError is an error with one thing to do next, and its exit code where
// that is not exitFailed.
type hintError struct {
	err  error
	hint string
	code int
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

// withHint adds one thing to do next to an error.
func withHint(err error, hint string) error { return &hintError{err: err, hint: hint} }

// usageError is an argument that cannot be understood: exit code 2. The hint
// is the command's help unless another is given.
func usageError(cmd *cobra.Command, err error, hint ...string) error {
	h := fmt.Sprintf("see %s --help", cmd.CommandPath())
	if len(hint) > 0 {
		h = hint[0]
	}
	return usageHint(err, h)
}

// usageHint is a usageError where no command is at hand.
func usageHint(err error, hint string) error {
	return &hintError{err: err, hint: hint, code: exitUsage}
}

// errReported ends a command with exit code 1 when all there is to say has
// been said.
var errReported = errors.New("reported")

// report prints an error the way people see it.
func (a *app) report(err error) {
	if errors.Is(err, errReported) || errors.Is(err, syscall.EPIPE) {
		return // nobody reads on: `taskhook events list | head` is no failure to tell
	}
	if errors.Is(err, context.Canceled) {
		a.note("cancelled")
		return
	}
	a.sayErr("error", once(err.Error()))
	var h *hintError
	switch {
	case errors.As(err, &h) && h.hint != "":
		a.sayErr("hint", h.hint)
	case files.Full(err):
		a.sayErr("hint", fullHint)
	}
}

// once leaves out lines of joined errors that say the same: a writer that has
// failed says so again when it is closed.
func once(text string) string {
	return strings.Join(slices.Compact(strings.Split(text, "\n")), "\n")
}

// sayErr prints one message on stderr behind "taskhook: kind:".
func (a *app) sayErr(kind, text string) { a.say(kind+": ", strings.TrimSpace(text)) }

// note prints one plain message on stderr.
func (a *app) note(layout string, args ...any) {
	a.say("", fmt.Sprintf(layout, args...))
}

// say prints a message on stderr, or in the log of a screen.
func (a *app) say(prefix, text string) {
	text = format.CleanLines(text)
	if log := a.screen.Load(); log != nil {
		log.Info(text)
		return
	}
	_, _ = fmt.Fprintf(a.stderr, "taskhook: %s%s\n", prefix, text)
}

func (a *app) warnAll(notes []string) {
	for _, note := range notes {
		a.warn("%s", note)
	}
}

func (a *app) warn(format string, args ...any) {
	a.sayErr("warning", fmt.Sprintf(format, args...))
}
