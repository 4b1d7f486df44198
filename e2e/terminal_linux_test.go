package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// jobShell is an interactive shell on a terminal, with the job control that people
// have.
type jobShell struct {
	t    *testing.T
	pid  int
	keys *os.File // the terminal's other end
	out  lockedBuffer
	seen int // of out
}

func startShell(t *testing.T, env ...string) *jobShell {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	keys, tty := openTerminal(t)
	s := &jobShell{t: t, keys: keys}
	cmd := exec.CommandContext(t.Context(), bash, "--norc", "--noprofile", "-i")
	cmd.Env = append(os.Environ(), append([]string{"PS1=$ ", "TERM=xterm-256color", "NO_COLOR=1"}, env...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = tty.Close()
	s.pid = cmd.Process.Pid
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 32<<10)
		for {
			n, err := keys.Read(buf)
			_, _ = s.out.Write(buf[:n])
			if err != nil {
				return // the last process has closed the terminal
			}
		}
	}()
	t.Cleanup(func() {
		killSession(cmd.Process.Pid)
		_ = cmd.Wait()
		_ = keys.Close()
		<-read
		if t.Failed() {
			t.Logf("%q", s.out.String())
		}
	})
	return s
}

// killSession kills what runs in a session: a shell does not take its jobs in the
// background with it.
func killSession(id int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		text, _ := os.ReadFile(file) // it may have ended
		var state string
		var parent, group, session int
		_, after, _ := strings.Cut(string(text), ") ")
		if _, err := fmt.Sscan(after, &state, &parent, &group, &session); err != nil || session != id {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	}
}

// openTerminal makes a terminal of 100 by 30.
func openTerminal(t *testing.T) (keys, tty *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skip("there are no terminals here:", err)
	}
	keys = os.NewFile(uintptr(fd), "ptmx")
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 30, Col: 100})
	}
	if err != nil {
		t.Fatal(err)
	}
	if tty, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	return keys, tty
}

// types types a text. What is seen from now on is looked at by sees.
func (s *jobShell) types(text string) {
	s.seen = len(s.out.String())
	_, _ = s.keys.WriteString(text)
}

// sees waits until what was shown since the last line was typed matches, and
// returns the match.
func (s *jobShell) sees(pattern string) []string {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) { // a poll
		if m := re.FindStringSubmatch(s.out.String()[s.seen:]); m != nil {
			return m
		}
	}
	s.t.Fatalf("%q does not come: %q", pattern, s.out.String()[s.seen:])
	return nil
}

// signals sends a signal to the shell's one child.
func (s *jobShell) signals(sig syscall.Signal) {
	s.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", s.pid))
	if err != nil {
		s.t.Skip(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err == nil {
		err = syscall.Kill(child, sig)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// altScreen is what a program says that draws on all of the terminal.
const altScreen = "\x1b[?1049h"

func (s *jobShell) drawn() bool { return strings.Contains(s.out.String()[s.seen:], altScreen) }

func (s *jobShell) stopped() bool { return strings.Contains(s.out.String()[s.seen:], "Stopped") }

// TestAListenerInTheBackgroundGoesOn types what a developer types who wants to
// start the app in the same terminal.
func TestAListenerInTheBackgroundGoesOn(t *testing.T) {
	for _, tostop := range []string{"-tostop", "tostop"} {
		t.Run(tostop, func(t *testing.T) {
			t.Parallel()
			_, target := recorder(t)
			s := startShell(t)
			s.types("stty " + tostop + "\n")
			s.types(fmt.Sprintf("taskhook listen %s --tunnel none --addr 127.0.0.1:0 --verify off --data-dir %s &\n", target, t.TempDir()))
			url := s.sees(`local +(http://127\.0\.0\.1:\d+)`)[1]
			for n := range 3 {
				if status := send(url, event(fmt.Sprint(n), 100)); status != http.StatusOK {
					t.Errorf("event %d is answered %d", n, status)
				}
			}
			s.sees(`#3 .*ContactCreate`) // plain lines
			if s.drawn() || s.stopped() {
				t.Errorf("drawn %v, stopped %v", s.drawn(), s.stopped())
			}
		})
	}
}

func TestAListenerThatIsPutIntoTheBackgroundGoesOn(t *testing.T) {
	_, target := recorder(t)
	s := startShell(t)
	s.types(fmt.Sprintf("taskhook listen %s --tunnel none --addr 127.0.0.1:0 --verify off --data-dir %s\n", target, t.TempDir()))
	url := "http://" + s.sees(`(127\.0\.0\.1:\d+)/webhooks`)[1]
	if !s.drawn() {
		t.Error("no screen opens in the foreground")
	}
	for n, stop := range []func(){
		func() { s.types("\x1a") },
		func() { s.types(""); s.signals(syscall.SIGSTOP) },
		func() { s.types(""); s.signals(syscall.SIGTSTP) },
	} {
		stop()
		s.sees(`Stopped`)
		s.types("bg\n")
		s.sees(`taskhook goes on in the background; the screen comes back with: fg`)
		if status := send(url, event(fmt.Sprint(n), 100)); status != http.StatusOK {
			t.Errorf("event %d is answered %d", n, status)
		}
		s.types("jobs\n")
		s.sees(`Running`)
		s.types("fg\n")
		s.sees(regexp.QuoteMeta(altScreen))
		s.sees(fmt.Sprintf(`#%d`, n+1))
	}
	s.types("q")
	s.sees(`this run: 3 events`)
}

func TestOtherScreensStayOutOfTheBackground(t *testing.T) {
	_, target := recorder(t)
	dir := t.TempDir()
	startListener(t, dir, target)
	s := startShell(t)
	s.types(fmt.Sprintf("taskhook attach --data-dir %s &\n", dir))
	s.sees(`plain lines: the shell runs this in the background`)
	s.types("TERM= taskhook attach --data-dir " + dir + "\n")
	s.sees(`plain lines: nothing is known of the terminal: TERM is empty`)
	s.types("\x03")
	s.types("taskhook listen 1 --output screen --tunnel none --addr 127.0.0.1:0 &\n")
	s.sees(`--output screen needs a terminal to draw on: the shell runs this in the background`)
	s.types("taskhook demo --count 1 &\nwait %3; echo over$((1+1))\n")
	s.sees(`#1 `)
	s.sees(`over2`)
	if s.stopped() || strings.Contains(s.out.String(), altScreen) {
		t.Error("a screen opened")
	}
}
