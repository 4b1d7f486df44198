package cli

import (
	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/proxy/fault"
)

// trafficFlags are the flags of listen and demo that change what becomes of
// live traffic.
type trafficFlags struct {
	shield    bool
	faults    []string
	faultFile string
	rules     []fault.Rule // of both
}

func (f *trafficFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.BoolVar(&f.shield, "shield", false, "answer 429 while your app is down or takes longer than 10s (or --timeout, if given), so that Taskee sends again")
	fl.StringArrayVar(&f.faults, "fault", nil, "inject a fault by `RULE`, such as 'status:429 rate:30%' (repeatable; see taskhook faults --help)")
	fl.StringVar(&f.faultFile, "fault-file", "", "inject faults by the rules in `FILE`, one a line")
	// Nothing is injected by a variable that somebody has forgotten.
	onlyOnCommandLine(fl, "fault", "fault-file")
}

func (f *trafficFlags) understand(cmd *cobra.Command) error {
	var err error
	if f.rules, err = parseRules(cmd, f.faults); err != nil || f.faultFile == "" {
		return err
	}
	more, err := readRules(cmd, f.faultFile)
	f.rules = append(f.rules, more...)
	return err
}
