package cli

import (
	"io"
)

// colorful reports whether colour is welcome on a stream.
func (a *app) colorful(w io.Writer) bool {
	return isTerminal(w) && a.env("NO_COLOR") == "" && a.env("TERM") != "dumb"
}

// projectName is the name people know the store by.
func (a *app) projectName() string {
	if a.dataDir != "" {
		return a.dataDir
	}
	return a.project
}
