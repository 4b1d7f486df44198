package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

// taskhook is a build of the program.
type taskhook struct {
	bin, dir string // dir holds what its processes write
	app      string // address of the app it forwards to
	addrFlag string // the flag that names the address to listen on
}

// verifyOff are the flags of a listener that checks no signature.
var verifyOff = []string{"--verify", "off"}

// verifyOn are the flags of a listener that trusts the key of the load.
func (l *load) verifyOn() []string { return []string{"--public-key", l.publicKey} }

// build builds the module in source, whatever its path is. What the program
// writes goes to a directory of this name.
func (r *rig) build(ctx context.Context, source, name string) (*taskhook, error) {
	t := &taskhook{dir: filepath.Join(r.dir, name), app: r.app}
	t.bin = filepath.Join(t.dir, "taskhook")
	if err := os.Mkdir(t.dir, 0o700); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", t.bin, ".")
	cmd.Dir, cmd.Stderr = source, os.Stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	help, err := t.command(ctx, "listen", "--help").Output()
	if err != nil {
		return nil, fmt.Errorf("taskhook listen --help: %w", err)
	}
	t.addrFlag, err = addressFlag(string(help))
	return t, err
}

// knownAddressFlags finds, at the beginning of a line of help, the flag that
// names the address to listen on; revisions before --addr called it --listen.
var knownAddressFlags = regexp.MustCompile(`(?m)^\s*(?:-\w,?\s+)?(--addr|--listen)\b`)

func addressFlag(help string) (string, error) {
	m := knownAddressFlags.FindStringSubmatch(help)
	if m == nil {
		return "", errors.New("taskhook listen --help names no flag for the address")
	}
	return m[1], nil
}

func (t *taskhook) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, t.bin, args...)
	cmd.Env = environ(t.dir)
	return cmd
}

// listen starts a listener with its files in data.
func (t *taskhook) listen(ctx context.Context, data string, flags ...string) (*process, error) {
	return start(ctx, t.dir, t.bin, append([]string{
		"listen", t.app, "--tunnel", "none", t.addrFlag, "127.0.0.1:0",
		"--output", "json", "--data-dir", data, "--max-connections", "64",
	}, flags...)...)
}

// subject is a listener with some flags.
func (t *taskhook) subject(name string, flags ...string) subject {
	return subject{name, func(ctx context.Context, data string) (*process, error) {
		return t.listen(ctx, data, flags...)
	}}
}
