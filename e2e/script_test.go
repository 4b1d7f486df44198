package e2e

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience bounds every wait of a script; nothing waits that long unless it
// is broken.
const patience = 30 * time.Second

// programs are what a script has started and not yet stopped.
type programs struct {
	mu     sync.Mutex
	byName map[string]*program
}

type programsKey struct{}

// program is one that runs beside the script.
type program struct {
	cmd      *exec.Cmd
	out, err lockedBuffer
	done     chan struct{} // closed when it has ended
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// scriptCommands are the commands that go beyond those of testscript:
//
//	start NAME PROGRAM ARG…   runs a program beside the script
//	ready NAME                waits for its ready line; sets NAME_local, NAME_url, NAME_target
//	saw NAME REGEXP [COUNT]   waits until its output has that many matching lines
//	hasnot NAME REGEXP        fails when its output has a match now
//	signal NAME SIGNAL        sends a signal: int, term, hup or kill
//	end NAME SIGNAL CODE      the same (or none), and waits for the end with that exit code
//	capture NAME              sets a variable to the last command's output
//	await CODE PROGRAM ARG…   runs a program until it exits with the code
//	eventually FILE           waits until a file exists
//	damage FILE OFFSET        flips the bits of one byte (a negative offset: from the end)
//	cut FILE SIZE             truncates a file
//	newer FILE                has a store say that a newer version wrote it
func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"start": start, "ready": ready, "saw": saw, "hasnot": hasNot, "signal": signalTo, "end": end,
		"capture": capture, "await": await, "eventually": eventually, "damage": damage, "cut": cutFile, "newer": newer,
	}
}

// scriptCondition knows [root], for what needs a file system of its own, and
// [clients], for what needs node and the packages that `make clients` installs.
func scriptCondition(cond string) (bool, error) {
	switch cond {
	case "root":
		return runtime.GOOS == "linux" && os.Geteuid() == 0, nil
	case "clients":
		_, err := exec.LookPath("node")
		_, missing := os.Stat(atRoot("testdata", "clients", "node_modules"))
		return err == nil && missing == nil, nil
	}
	return false, fmt.Errorf("unknown condition %q", cond)
}

func usage(ts *testscript.TestScript, neg, ok bool, text string) {
	if neg || !ok {
		ts.Fatalf("usage: %s", text)
	}
}

func start(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) >= 2, "start NAME PROGRAM ARG…")
	path, err := exec.LookPath(args[1])
	if found := lookPath(ts, args[1]); found != "" {
		path, err = found, nil
	}
	ts.Check(err)
	p := &program{cmd: exec.Command(path, args[2:]...), done: make(chan struct{})}
	p.cmd.Dir = ts.MkAbs(".")
	p.cmd.Env = environment(ts)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	ts.Check(p.cmd.Start())
	go func() { _ = p.cmd.Wait(); close(p.done) }()
	all := ts.Value(programsKey{}).(*programs)
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.byName == nil {
		all.byName = map[string]*program{}
	}
	all.byName[args[0]] = p
	name := args[0]
	ts.Defer(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
		ts.Logf("[%s stdout]\n%s[%s stderr]\n%s", name, p.out.String(), name, p.err.String())
	})
}

// lookPath finds a program on the script's own path, where the test binary
// stands under its names.
func lookPath(ts *testscript.TestScript, name string) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		for _, file := range []string{name, name + ".exe"} {
			path := filepath.Join(dir, file)
			if fi, err := os.Stat(path); err == nil && !fi.IsDir() {
				return path
			}
		}
	}
	return ""
}

// environment is the script's, as far as programs care.
func environment(ts *testscript.TestScript) []string {
	env := []string{}
	for _, name := range []string{
		"PATH", "HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "NO_COLOR", "TMPDIR", "WORK",
		"NGROK_AUTHTOKEN", "TASKHOOK_PUBLIC_URL", "TASKHOOK_VERIFY", "TASKHOOK_PROJECT", "GOCOVERDIR", "SYSTEMROOT", "TEMP", "TMP",
	} {
		if v := ts.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

func named(ts *testscript.TestScript, name string) *program {
	all := ts.Value(programsKey{}).(*programs)
	all.mu.Lock()
	defer all.mu.Unlock()
	p := all.byName[name]
	if p == nil {
		ts.Fatalf("nothing was started as %q", name)
	}
	return p
}

// wait polls until something holds; it fails the script when the program ends
// first or nothing comes of it.
func wait(ts *testscript.TestScript, p *program, what string, holds func() bool) {
	for end := time.Now().Add(patience); !holds(); {
		ended := false
		if p != nil {
			select {
			case <-p.done:
				ended = !holds()
			default:
			}
		}
		if ended || time.Now().After(end) {
			ts.Fatalf("%s: it did not come (program ended: %v)", what, ended)
		}
		time.Sleep(5 * time.Millisecond) // a poll, not a guess: it ends as soon as it holds
	}
}

func ready(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 1, "ready NAME")
	p := named(ts, args[0])
	wait(ts, p, "the ready line of "+args[0], func() bool {
		for line := range strings.Lines(p.out.String()) {
			var l map[string]any
			if json.Unmarshal([]byte(line), &l) != nil || l["kind"] != "ready" {
				continue
			}
			for _, field := range []string{"local", "url", "target", "connect", "ca"} {
				if v, ok := l[field].(string); ok {
					ts.Setenv(args[0]+"_"+field, v)
				}
			}
			return true
		}
		return false
	})
}

func saw(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 2 || len(args) == 3, "saw NAME REGEXP [COUNT]")
	p, count := named(ts, args[0]), 1
	if len(args) == 3 {
		var err error
		count, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	wait(ts, p, fmt.Sprintf("%d × %q from %s", count, args[1], args[0]), func() bool {
		return len(re.FindAllString(p.out.String()+p.err.String(), -1)) >= count
	})
}

func hasNot(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 2, "hasnot NAME REGEXP")
	p := named(ts, args[0])
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	if found := re.FindString(p.out.String() + p.err.String()); found != "" {
		ts.Fatalf("%s said %q", args[0], found)
	}
}

func signalTo(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 2, "signal NAME SIGNAL")
	p := named(ts, args[0])
	switch args[1] {
	case "int":
		ts.Check(p.cmd.Process.Signal(os.Interrupt))
	case "term":
		ts.Check(p.cmd.Process.Signal(syscall.SIGTERM))
	case "hup":
		ts.Check(p.cmd.Process.Signal(syscall.SIGHUP))
	case "kill":
		ts.Check(p.cmd.Process.Kill())
	case "none":
	default:
		ts.Fatalf("unknown signal %q", args[1])
	}
}

func end(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 3, "end NAME SIGNAL CODE")
	signalTo(ts, neg, args[:2])
	p := named(ts, args[0])
	select {
	case <-p.done:
	case <-time.After(patience):
		ts.Fatalf("%s goes on after %s", args[0], args[1])
	}
	if code := strconv.Itoa(p.cmd.ProcessState.ExitCode()); code != args[2] {
		ts.Fatalf("%s ended with exit code %s, want %s", args[0], code, args[2])
	}
}

func capture(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 1, "capture NAME")
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

func await(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) >= 2, "await CODE PROGRAM ARG…")
	wait(ts, nil, strings.Join(args, " "), func() bool {
		cmd := exec.Command(lookPath(ts, args[1]), args[2:]...)
		cmd.Dir, cmd.Env = ts.MkAbs("."), environment(ts)
		_ = cmd.Run()
		return strconv.Itoa(cmd.ProcessState.ExitCode()) == args[0]
	})
}

func eventually(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 1, "eventually FILE")
	wait(ts, nil, args[0], func() bool {
		_, err := os.Stat(ts.MkAbs(args[0]))
		return err == nil
	})
}

func damage(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 2, "damage FILE OFFSET")
	text, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	if at < 0 {
		at += len(text)
	}
	text[at] = ^text[at]
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o600))
}

// newer raises the version of a store's layout: it stands behind its name and
// a checksum of both.
func newer(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 1, "newer FILE")
	text, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	const name, version = "schema", "\x00\x00\x00\x63"
	record := append([]byte(name), "\x00\x00\x00\x00"+version...)
	binary.BigEndian.PutUint32(record[len(name):], crc32.Checksum([]byte(name+version), crc32.MakeTable(crc32.Castagnoli)))
	found := 0
	for at := 0; at+len(record) <= len(text); at++ {
		if bytes.HasPrefix(text[at:], []byte(name)) && bytes.HasPrefix(text[at+len(name)+4:], []byte(version[:3])) {
			copy(text[at:], record)
			found++
		}
	}
	if found == 0 {
		ts.Fatalf("%s has no version", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o600))
}

func cutFile(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 2, "cut FILE SIZE")
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), size))
}
