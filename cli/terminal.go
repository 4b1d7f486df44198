package cli

import (
	"errors"
	"runtime"

	"golang.org/x/term"
)

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd()))
}

// errNoTerminal is why a screen cannot open where nobody sits at a terminal.
var errNoTerminal = errors.New("there is no terminal")

// noScreen says why a screen cannot open; nil: it can.
func (a *app) noScreen() error {
	switch {
	case !isTerminal(a.stdin) || !isTerminal(a.stdout):
		return errNoTerminal
	case a.env("TERM") == "dumb":
		return errors.New("the terminal cannot be drawn on: TERM is dumb")
	case a.dumb():
		return errors.New("nothing is known of the terminal: TERM is empty")
	case !inForeground(a.stdin):
		return errors.New("the shell runs this in the background")
	}
	return nil
}

// dumb reports whether the terminal takes nothing but text. On Windows TERM says
// nothing.
func (a *app) dumb() bool {
	name := a.env("TERM")
	return name == "dumb" || name == "" && runtime.GOOS != "windows"
}
