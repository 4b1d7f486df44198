package cli

import "github.com/spf13/cobra"

// addTraffic adds the flags of listen and demo that change what becomes of live
// traffic.
func (o *listenOptions) addTraffic(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(&o.shield, "shield", "answer 429 while your app is down or takes longer than 10s to answer, so that Taskee sends again; of several apps, --shield=3001 shields that one")
	f.Lookup("shield").NoOptDefVal = "true"
	f.StringArrayVar(&o.faults, "fault", nil, "inject a fault by `RULE`, such as 'status:429 rate:30%' (repeatable; see taskhook faults --help)")
	f.StringVar(&o.faultFile, "fault-file", "", "inject faults by the rules in `FILE`, one a line")
	// Nothing is injected by a variable that somebody has forgotten.
	onlyOnCommandLine(f, "fault", "fault-file")
}

func (o *listenOptions) understandTraffic(cmd *cobra.Command) error {
	var err error
	if o.Faults, err = parseRules(cmd, o.faults); err != nil || o.faultFile == "" {
		return err
	}
	more, err := readRules(cmd, o.faultFile)
	o.Faults = append(o.Faults, more...)
	return err
}
