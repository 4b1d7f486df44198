package jq

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// startTime is how long a worker may take to start.
	startTime = 30 * time.Second
	// silence is how long a worker may say nothing before it is ended: longer
	// than its watchdog takes, plus a second for so many bytes of bodies.
	silence       = 3 * instructionTime
	silencePerSec = 16 << 20
	// maxWords is how much of what a dying worker says is read.
	maxWords = 4 << 10
)

// process is one worker process.
type process struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	requests *bufio.Writer // to in
	out      io.ReadCloser
	words    firstWords // of its stderr
	expired  atomic.Bool
	runs     int // how often run was called

	ending sync.Once
	idle   *time.Timer // ends it when nobody needs it
}

// start starts this program as a worker. Nothing of the environment is passed
// on to where a stranger's event is worked on.
func start(program string) (*process, error) {
	p := &process{cmd: exec.Command(program, Argument)} //nolint:gosec,noctx // this program; Workers end it
	p.cmd.Args[0] = os.Args[0]
	p.cmd.Env = []string{"GOTRACEBACK=none"}
	p.cmd.Stderr = &p.words
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	p.requests = bufio.NewWriterSize(p.in, 64<<10)
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	stop := p.expireAfter(startTime)
	defer stop()
	said := make([]byte, len(hello))
	if _, err := io.ReadFull(p.out, said); err != nil || string(said) != hello {
		p.end()
		return nil, fmt.Errorf("it does not say that it is one: %q %s", said, p.words.text())
	}
	return p, nil
}

// end ends the process and waits for that.
func (p *process) end() {
	p.ending.Do(func() {
		_ = p.in.Close()
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
}

// expireAfter kills the process after a time, unless it is stopped before.
func (p *process) expireAfter(d time.Duration) (stop func()) {
	t := time.AfterFunc(d, p.expire)
	return func() { t.Stop() }
}

func (p *process) expire() {
	p.expired.Store(true)
	_ = p.cmd.Process.Kill()
}

// run decides bodies and appends the outcomes. After an error the process is of
// no more use.
func (p *process) run(ctx context.Context, expression string, bodies [][]byte, outcomes []Outcome) ([]Outcome, error) {
	p.runs++
	defer context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() })()
	limit := silence
	for _, body := range bodies {
		limit += time.Duration(len(body)) * time.Second / silencePerSec
	}
	t := time.AfterFunc(limit, p.expire)
	defer t.Stop()
	written := make(chan error, 1)
	go func() { written <- p.write(expression, bodies) }()
	answers := make([]byte, min(len(bodies), 4<<10))
	for left := len(bodies); left > 0; {
		n, err := p.out.Read(answers[:min(left, len(answers))])
		for _, a := range answers[:n] {
			o := Outcome(a)
			if o == Unknown || o > Big {
				o = Failed // it has gone mad
			}
			outcomes = append(outcomes, o)
		}
		left -= n
		if err != nil && left > 0 {
			p.end()
			return outcomes, errors.Join(err, <-written)
		}
		t.Reset(limit)
	}
	return outcomes, errors.Join(<-written, ctx.Err())
}

func (p *process) write(expression string, bodies [][]byte) error {
	if err := writeFrame(p.requests, frameExpression, []byte(expression)); err != nil {
		return err
	}
	for _, body := range bodies {
		if err := writeFrame(p.requests, frameBody, body); err != nil {
			return err
		}
	}
	return p.requests.Flush()
}

// stuck reports whether the process has ended because of one instruction of
// the first body that is not answered.
func (p *process) stuck() bool {
	return p.cmd.ProcessState.ExitCode() == exitSlow && !p.expired.Load()
}

// diedOf says what the process died of, once it has ended: of memory, unless it
// was ended because it said nothing. Nothing else is known to end one.
func (p *process) diedOf() Outcome {
	if p.expired.Load() {
		return Slow
	}
	return Big
}

// firstWords keeps the beginning of what is written.
type firstWords struct {
	mu   sync.Mutex
	kept []byte
}

func (f *firstWords) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept = append(f.kept, b[:min(len(b), maxWords-len(f.kept))]...)
	return len(b), nil
}

func (f *firstWords) text() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return string(f.kept)
}
