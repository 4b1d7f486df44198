package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
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

// verifyOn are the flags of a listener that trusts the key of a load.
func verifyOn(l *load) []string { return []string{"--public-key", l.publicKey} }

func newTaskhook(ctx context.Context, bin, dir, app string) (*taskhook, error) {
	cmd := exec.CommandContext(ctx, bin, "listen", "--help")
	cmd.Env = environ(dir)
	help, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("taskhook listen --help: %w", err)
	}
	addrFlag, err := addressFlag(string(help))
	if err != nil {
		return nil, err
	}
	return &taskhook{bin: bin, dir: dir, app: app, addrFlag: addrFlag}, nil
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
