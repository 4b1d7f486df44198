package cli

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// The words that earlier versions had, and those of other tools for the same
// thing. None of them is accepted; each is answered with the current word.

// renamedCommands are commands by their path without "taskhook".
var renamedCommands = map[string]string{
	"rescue":        "taskhook rescue is now taskhook resend --failed",
	"events mark":   "mark events on the screen, with m: taskhook attach",
	"sandbox fire":  "taskhook sandbox fire is now taskhook sandbox trigger TYPE",
	"sandbox fault": "taskhook sandbox fault is now taskhook sandbox faults",

	"replay":  "to send an event again: taskhook resend ID",
	"forward": "to receive webhooks and forward them: taskhook listen 3000",
	"http":    "to receive webhooks and forward them: taskhook listen 3000",
	"start":   "to receive webhooks and forward them: taskhook listen 3000",
	"logs":    "for what came in: taskhook events list",
}

// renamedFlags are flags without their dashes.
var renamedFlags = map[string]string{
	"fresh":       "--fresh is now --new-id",
	"listen":      "--listen is now --addr",
	"public-url":  "--public-url is now --url, with --tunnel none",
	"envelope":    "--envelope is now --shape nested",
	"payload":     "--payload is now --shape",
	"policy-file": "simulate always follows Taskee's policy",

	"forward-to": "name your app after the command: taskhook listen 3000/webhooks",
	"port":       "name your app after the command: taskhook listen 3000",
}

// renamedValues are values of flags, as flag=value, behind the path of a
// command where other commands have such a flag too.
var renamedValues = map[string]string{
	"verify=flag":    "flag is now warn",
	"sign=keep":      "keep is now original",
	"shape=envelope": "envelope is now nested",
	"format=curl":    "for a curl command of one event: taskhook events show ID --curl",

	"simulate status=nothing":    "nothing is now none",
	"sandbox logs state=pending": "pending is now retrying",
}

// renamedVariables are variables that set flags.
var renamedVariables = map[string]string{
	"LISTEN":   "ADDR",
	"PAYLOAD":  "SHAPE",
	"ENVELOPE": "SHAPE",
}

// replacedValue is the hint for a value that a flag of cmd does not take, ""
// for none.
func replacedValue(cmd *cobra.Command, flag, value string) string {
	key := flag + "=" + value
	return cmp.Or(renamedValues[commandName(cmd)+" "+key], renamedValues[key])
}

// commandName is the path of a command without "taskhook".
func commandName(cmd *cobra.Command) string {
	return strings.TrimPrefix(cmd.CommandPath(), "taskhook ")
}

// replacedFlag is the hint for a flag that cmd does not have.
func replacedFlag(cmd *cobra.Command, name string) string {
	hint := renamedFlags[name]
	if _, now, renamed := strings.Cut(hint, " is now --"); renamed {
		now, _, _ = strings.Cut(now, " ")
		if cmd.Flags().Lookup(strings.Trim(now, ",")) == nil {
			return "" // another command had it
		}
	}
	return hint
}

// replacedVariable is an error when a variable is set that is no longer read.
func (a *app) replacedVariable(cmd *cobra.Command) error {
	if commandName(cmd) == "simulate" && a.env(envPrefix+"POLICY_FILE") != "" {
		return usageError(cmd, fmt.Errorf("%sPOLICY_FILE is no longer read", envPrefix), "unset it: "+renamedFlags["policy-file"])
	}
	for old, now := range renamedVariables {
		if cmd.Flags().Lookup(strings.ToLower(now)) == nil || a.env(envPrefix+old) == "" {
			continue
		}
		return usageError(cmd, fmt.Errorf("%s%s is no longer read", envPrefix, old), fmt.Sprintf("set %s%s instead", envPrefix, now))
	}
	return nil
}
