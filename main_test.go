package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary stand in for the programs of the scripts:
// taskhook itself is the real main.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"taskhook": main,
		"app":      appMain,
		"edge":     edgeMain,
		"post":     postMain,
		"sign":     signMain,
	})
}

// TestScripts runs whole programs the way people do; script_test.go has the
// commands that only the scripts know.
func TestScripts(t *testing.T) {
	keys, err := filepath.Abs(filepath.Join("testdata", "keys"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		Deadline:            time.Now().Add(4 * time.Minute),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                scriptCommands(),
		Condition:           scriptCondition,
		Setup: func(env *testscript.Env) error {
			env.Setenv("KEYS", keys)
			env.Setenv("CLIENTS", filepath.Join(filepath.Dir(keys), "clients"))
			env.Setenv("DOCUMENT", filepath.Join(filepath.Dir(keys), "reference", "taskee-portal-api.txt"))
			env.Setenv("DEV", filepath.Join(env.WorkDir, "state", "taskhook", "default"))
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			env.Setenv("NO_COLOR", "1")
			env.Values[programsKey{}] = &programs{}
			return installDevKeys(env, keys)
		},
	})
}
