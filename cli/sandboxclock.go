package cli

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/sandbox"
)

func newSandboxClock(a *app) *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:   "clock [+DURATION]",
		Short: "Show the platform's time, or move it",
		Example: "  taskhook sandbox clock +8d     # the old token of a rotation ends\n" +
			"  taskhook sandbox clock +10m    # retries become due",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.sandboxClock(cmd, args)
		},
	}, "print one JSON object")
}

func (a *app) sandboxClock(cmd *cobra.Command, args []string) error {
	method, in := http.MethodGet, map[string]time.Duration(nil)
	if len(args) == 1 {
		text, back := strings.CutPrefix(args[0], "-")
		d, err := format.ParseDuration(strings.TrimPrefix(text, "+"))
		if err != nil {
			return usageError(cmd, fmt.Errorf("invalid duration %q", args[0]), "want +8d, +90m or -- -1h")
		}
		if back {
			d = -d
		}
		method, in = http.MethodPost, map[string]time.Duration{"advance": d}
	}
	var state sandbox.ClockState
	if err := a.askSandbox(cmd.Context(), method, "clock", in, &state); err != nil {
		return err
	}
	line := struct {
		Now      time.Time `json:"now"`
		OffsetMS int64     `json:"offsetMs"`
	}{state.Now, state.Offset.Milliseconds()}
	return a.print("clock", line, "%s (%s from the real time)", format.DateTime(state.Now.Local()), format.Duration(state.Offset))
}
