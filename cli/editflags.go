package cli

import (
	"errors"
	"strings"

	"github.com/spf13/pflag"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

// addEdits adds the flags that change values of a body. Changes are made in the
// order of the flags.
func addEdits(fl *pflag.FlagSet, edits *[]webhook.Edit) {
	add := func(asJSON bool) func(string) error {
		return func(text string) error {
			path, value, ok := strings.Cut(text, "=")
			if !ok || path == "" {
				return errors.New("want PATH=VALUE, such as email=jane@example.com")
			}
			*edits = append(*edits, webhook.Edit{Path: path, Value: value, JSON: asJSON})
			return nil
		}
	}
	fl.Func("set", "change one value of the payload, `PATH=VALUE`; it keeps its type (repeatable)", add(false))
	fl.Func("set-json", "change one value of the payload to JSON, `PATH=JSON` (repeatable)", add(true))
	fl.Func("unset", "leave `PATH` out of the payload (repeatable)", func(path string) error {
		if path == "" {
			return errors.New("want a path such as email")
		}
		*edits = append(*edits, webhook.Edit{Path: path, Unset: true})
		return nil
	})
}

// ownHeader says why a person cannot set a header of what is forwarded, "" if
// they can.
func ownHeader(name string) string {
	switch {
	case strings.EqualFold(name, "Host"):
		return "the Host header is set with --host"
	case httpwire.HopByHop(name, nil):
		return "taskhook sets this header of the connection itself"
	}
	return ""
}
