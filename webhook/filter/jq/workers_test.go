package jq

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain has this binary be its own worker, too.
func TestMain(m *testing.M) {
	if Asked(os.Args[1:]) {
		os.Exit(Serve(os.Stdin, os.Stdout))
	}
	goleak.VerifyTestMain(m)
}

func newWorkers(t testing.TB) *Workers {
	w := NewWorkers()
	t.Cleanup(w.Close)
	return w
}

func mustRun(t testing.TB, w *Workers, expression string, bodies ...string) []Outcome {
	t.Helper()
	all := make([][]byte, len(bodies))
	for i, b := range bodies {
		all[i] = []byte(b)
	}
	got, err := w.Run(t.Context(), expression, all)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// Expressions that are too much for some bodies.
const (
	// greedy takes 16 bytes for each of .n within one instruction.
	greedy = `.n as $n | [] | .[$n] = 1`
	// endless never ends, and can be interrupted.
	endless = `if .n == 7 then last(range(1e18)) else .n == 1 end`
	// stuck is about one instruction for hours.
	stuck = `if .n == 7 then [range(200000) | 0] as $a | $a | indices($a[0:100000]) else .n == 1 end`
)

func TestOutcomesComeInTheOrderOfTheBodies(t *testing.T) {
	w := newWorkers(t)
	for expression, want := range map[string][]Outcome{
		`any(.tags[]?; . == "vip")`: {Yes, No, No, No, No, Failed},
		`.tags[0]`:                  {Yes, No, No, No, No, Failed},
		`.tags | error`:             {Failed, Failed, Failed, No, No, Failed},
		`empty`:                     {No, No, No, No, No, No},
		`1, error`:                  {Yes, Yes, Yes, No, No, Yes},
		`no such thing`:             {Failed, Failed, Failed, No, No, Failed},
	} {
		if got := mustRun(t, w, expression, `{"tags":["vip","x"]}`, `{"tags":[]}`, `{}`, ``, `tags=vip`, `[1]`); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", expression, got, want)
		}
	}
}

func TestManyBodiesAreDecidedInOneGo(t *testing.T) {
	w := newWorkers(t)
	var bodies []string
	var want []Outcome
	for i := range 3000 {
		bodies = append(bodies, fmt.Sprintf(`{"n":%d,"fill":%q}`, i, strings.Repeat("x", i)))
		want = append(want, map[bool]Outcome{true: Yes, false: No}[i%3 == 0])
	}
	if got := mustRun(t, w, `.n % 3 == 0`, bodies...); !slices.Equal(got, want) {
		t.Error("some outcomes differ")
	}
	if got := mustRun(t, w, `.n % 3 == 0`); len(got) != 0 {
		t.Errorf("of no body: %v", got)
	}
}

// TestABodyThatIsTooMuchLeavesTheOthersAlone puts one body among many for which
// the expression takes all memory, never ends, or cannot be interrupted.
func TestABodyThatIsTooMuchLeavesTheOthersAlone(t *testing.T) {
	for _, tt := range []struct {
		name, expression, body string
		at                     int
		want                   Outcome
	}{
		{"memory, first", greedy, `{"n":400000000}`, 0, Big},
		{"memory, among others", greedy, `{"n":400000000}`, 150, Big},
		{"memory, last", greedy, `{"n":400000000}`, 199, Big},
		{"endless", endless, `{"n":7}`, 100, Slow},
		{"one instruction", stuck, `{"n":7}`, 100, Slow},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorkers(t)
			bodies := slices.Repeat([]string{`{"n":1}`}, 200)
			bodies[tt.at] = tt.body
			want := slices.Repeat([]Outcome{Yes}, 200)
			want[tt.at] = tt.want
			if got := mustRun(t, w, tt.expression, bodies...); !slices.Equal(got, want) {
				t.Errorf("%v", got)
			}
			if got := mustRun(t, w, tt.expression, tt.body, `{"n":1}`); !slices.Equal(got, []Outcome{tt.want, Yes}) {
				t.Errorf("again: %v", got)
			}
		})
	}
}

func TestAWorkerThatWasKilledIsStartedAgain(t *testing.T) {
	w := newWorkers(t)
	for range 3 {
		if got := mustRun(t, w, `.n > 0`, `{"n":1}`, `{"n":0}`); !slices.Equal(got, []Outcome{Yes, No}) {
			t.Errorf("%v", got)
		}
		p := w.takeFree(false)
		if p == nil {
			t.Fatal("no worker is left")
		}
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		w.give(p)
	}
}

func TestCallersAtTheSameTimeDoNotWaitForOneAnother(t *testing.T) {
	w := newWorkers(t)
	ctx, cancel := context.WithCancel(t.Context())
	var long sync.WaitGroup
	for range maxProcesses - 1 {
		long.Go(func() {
			bodies := slices.Repeat([][]byte{[]byte(`{"n":7}`)}, 1000)
			if _, err := w.Run(ctx, endless, bodies); !errors.Is(err, context.Canceled) {
				t.Errorf("a call that was given up: %v", err)
			}
		})
	}
	if got := mustRun(t, w, endless, `{"n":1}`); got[0] != Yes {
		t.Errorf("%v", got)
	}
	cancel()
	long.Wait()
}

func TestClosedWorkersRunNothing(t *testing.T) {
	w := NewWorkers()
	running := make(chan error, 1)
	go func() {
		bodies := slices.Repeat([][]byte{[]byte(`{"n":7}`)}, 10_000)
		_, err := w.Run(t.Context(), endless, bodies)
		running <- err
	}()
	w.Close()
	w.Close()
	if err := <-running; !errors.Is(err, ErrClosed) {
		t.Errorf("what was running: %v", err)
	}
	if _, err := w.Run(t.Context(), `.a`, [][]byte{[]byte(`{}`)}); !errors.Is(err, ErrClosed) {
		t.Errorf("after that: %v", err)
	}
}

// TestAWorkerEndsWithItsParent closes the pipe, as the end of the parent does.
func TestAWorkerEndsWithItsParent(t *testing.T) {
	program, err := ownProgram()
	if err != nil {
		t.Fatal(err)
	}
	p, err := start(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil || p.words.text() != "" {
		t.Errorf("it ended with %v: %s", err, p.words.text())
	}
}

func TestAProgramThatIsNoWorkerIsAnError(t *testing.T) {
	for _, program := range []string{"/nowhere/taskhook", "/bin/true"} {
		if p, err := start(program); err == nil {
			p.end()
			t.Errorf("%s is a worker", program)
		}
	}
}

func TestAWorkerSeesNothingOfTheMachine(t *testing.T) {
	t.Setenv("TASKHOOK_SECRET", "x")
	w := newWorkers(t)
	for _, expression := range []string{`env.TASKHOOK_SECRET`, `$ENV.TASKHOOK_SECRET`, `input`, `[inputs] | length > 0`} {
		if _, err := Parse(expression); err != nil {
			continue // refused, which is as good
		}
		if got := mustRun(t, w, expression, `{}`); got[0] == Yes {
			t.Errorf("%s reaches out", expression)
		}
	}
}

// TestTheWatchdogEndsWhatNoSystemBounds looks at what it does on a system without
// bounds for a process.
func TestTheWatchdogEndsWhatNoSystemBounds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		memory uint64
		since  time.Duration
		looks  int
		want   int
	}{
		{"nothing is wrong", maxMemory, time.Millisecond, 1, 0},
		{"memory", 1, time.Millisecond, 1, exitBig},
		{"time", maxMemory, instructionTime + time.Second, looksAtOne + 1, exitSlow},
		{"the machine has slept", maxMemory, time.Hour, looksAtOne, 0},
	} {
		ended := 0
		w := newWatchdog(tt.memory, func(code int) { ended = code })
		w.since.Store(time.Now().Add(-tt.since).UnixNano())
		for range tt.looks {
			w.look()
			w.timer.Stop()
			w.awake.Store(false)
		}
		if ended != tt.want {
			t.Errorf("%s: ended with %d", tt.name, ended)
		}
		w.end()
		ended = 0
		if w.look(); ended != 0 {
			t.Errorf("%s: ended with %d although the body was through", tt.name, ended)
		}
	}
}

func TestOnlyTheFirstWordsOfAWorkerAreKept(t *testing.T) {
	var words firstWords
	for range 3 {
		if n, err := words.Write(bytes.Repeat([]byte("x"), maxWords-1)); n != maxWords-1 || err != nil {
			t.Error(n, err)
		}
	}
	if len(words.text()) != maxWords {
		t.Errorf("%d bytes are kept", len(words.text()))
	}
}
