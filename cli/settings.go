package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	defaultProject = "default"
	envPrefix      = "TASKHOOK_"
)

var projectName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// commandLineOnly marks a flag that no variable sets: it says what to do this
// once, not how to do it.
const commandLineOnly = "taskhook-command-line-only"

// onlyOnCommandLine marks flags, without names all that there are so far.
func onlyOnCommandLine(f *pflag.FlagSet, names ...string) {
	if len(names) == 0 {
		f.VisitAll(func(one *pflag.Flag) { names = append(names, one.Name) })
	}
	for _, name := range names {
		// The error is about a flag that does not exist, which is a mistake here.
		if err := f.SetAnnotation(name, commandLineOnly, nil); err != nil {
			panic(err)
		}
	}
}

// flagsFromEnv gives every flag that was not set on the command line the
// value of its TASKHOOK_* variable: --max-body is TASKHOOK_MAX_BODY.
func (a *app) flagsFromEnv(cmd *cobra.Command) error {
	bad := a.replacedVariable(cmd)
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := envPrefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value := a.env(name)
		_, never := f.Annotations[commandLineOnly]
		if f.Changed || value == "" || bad != nil || never || f.Name == "help" || f.Name == "version" {
			return
		}
		if a.fromEnv == nil {
			a.fromEnv = map[string]bool{}
		}
		a.fromEnv[f.Name] = true
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			bad = invalidValue(cmd, name, f, value, err)
		}
	})
	return bad
}

// projectName is the name people know the store by.
func (a *app) projectName() string {
	if a.dataDir != "" {
		return a.dataDir
	}
	return a.project
}

// directory is where the project's files are. It need not exist yet.
func (a *app) directory() (string, error) {
	if a.dataDir != "" {
		return filepath.Abs(a.dataDir)
	}
	if !projectName.MatchString(a.project) {
		return "", usageHint(fmt.Errorf("invalid project name %q", a.project), "use letters, digits, dots, dashes and underscores, at most 64")
	}
	state, err := a.stateDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(state, "taskhook", a.project), nil
}

// home is the person's home directory, "" if it is not known.
func (a *app) home() string {
	if home := a.env("HOME"); home != "" {
		return home
	}
	home, _ := os.UserHomeDir()
	return home
}

// stateDir is where programs of this system keep what must survive a restart.
func (a *app) stateDir() (string, error) {
	if dir := a.env("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	if runtime.GOOS == "windows" {
		if dir := a.env("LocalAppData"); dir != "" {
			return dir, nil
		}
	}
	home := a.home()
	if home == "" {
		return "", withHint(errors.New("no home directory to keep events in"), "name one with --data-dir DIR")
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support"), nil
	}
	return filepath.Join(home, ".local", "state"), nil
}
