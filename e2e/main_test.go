package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain builds taskhook, and lets the test binary stand in for the other
// programs of the scripts.
func TestMain(m *testing.M) {
	testscript.Main(withTaskhook{m}, map[string]func(){
		"app":  appMain,
		"edge": edgeMain,
		"post": postMain,
		"raw":  rawMain,
		"sign": signMain,
	})
}

// withTaskhook runs tests with a taskhook of this tree first on the path.
type withTaskhook struct{ tests *testing.M }

func (w withTaskhook) Run() int {
	dir, err := os.MkdirTemp("", "taskhook-e2e-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }()
		err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return w.tests.Run()
}

// build builds taskhook into dir, under the race detector when these tests
// are, and puts dir on the path.
func build(dir string) error {
	args := []string{"build", "-o", dir}
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "github.com/taskhook/taskhook")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build taskhook: %w\n%s", err, out)
	}
	return os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// atRoot is a file of the repository.
func atRoot(path ...string) string {
	return filepath.Join(append([]string{".."}, path...)...)
}

// TestScripts runs whole programs the way people do; script_test.go has the
// commands that only the scripts know.
func TestScripts(t *testing.T) {
	// The program's own file is not linked into these tests: what they say is
	// not to be cached when it changes.
	if _, err := os.Stat(atRoot("main.go")); err != nil {
		t.Fatal(err)
	}
	keys, err := filepath.Abs(atRoot("testdata", "keys"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 atRoot("testdata", "script"),
		Deadline:            time.Now().Add(4 * time.Minute),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                scriptCommands(),
		Condition:           scriptCondition,
		Setup: func(env *testscript.Env) error {
			env.Setenv("KEYS", keys)
			env.Setenv("CLIENTS", filepath.Join(filepath.Dir(keys), "clients"))
			env.Setenv("DOCUMENT", filepath.Join(filepath.Dir(keys), "reference", "taskee-portal-api.txt"))
			env.Setenv("PREVIOUS", filepath.Join(filepath.Dir(keys), "previous"))
			env.Setenv("DEV", filepath.Join(env.WorkDir, "state", "taskhook", "default"))
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			env.Setenv("NO_COLOR", "1")
			env.Values[programsKey{}] = &programs{}
			return installDevKeys(env, keys)
		},
	})
}
