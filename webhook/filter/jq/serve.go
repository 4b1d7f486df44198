package jq

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/itchyny/gojq"
)

const (
	// timeout is what an expression gets for one event: ten thousand times what
	// an ordinary one takes, so that a busy machine leaves nothing out.
	timeout = 200 * time.Millisecond
	// maxMemory bounds what a worker takes. JSON of 5 MB takes up to a fifth of it.
	maxMemory = 512 << 20
	// maxStack bounds how deep an expression or a body may lead.
	maxStack = 64 << 20
	// flushEvery bounds how long a worker keeps answers back.
	flushEvery = 20 * time.Millisecond
)

// Asked reports whether arguments, without the program's name, ask for a worker.
func Asked(args []string) bool { return len(args) == 1 && args[0] == Argument }

// Serve makes this process a worker, bounded in memory, until in ends. It
// returns the exit code.
func Serve(in io.Reader, out io.Writer) int {
	// The parent says when to end; what a terminal or a service manager sends to
	// all its processes is the parent's to act on.
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	debug.SetMaxStack(maxStack)
	debug.SetMemoryLimit(maxMemory / 8 * 7) // collect garbage rather than die of it
	limitMemory(maxMemory)
	w := worker{out: bufio.NewWriter(out), flushed: time.Now()}
	w.watch = newWatchdog(maxMemory, func(code int) {
		w.mu.Lock() // for good
		_ = w.out.Flush()
		os.Exit(code)
	})
	if err := w.serve(in); err != nil {
		return 1
	}
	return 0
}

// worker answers one request after the other.
type worker struct {
	mu      sync.Mutex // guards out: the watchdog sends what is kept back
	out     *bufio.Writer
	kept    int // answers that are not flushed
	flushed time.Time
	watch   *watchdog

	code  *gojq.Code // nil: the expression is none
	shape shape      // what code reads
}

func (w *worker) serve(in io.Reader) error {
	if _, err := w.out.WriteString(hello); err != nil {
		return err
	}
	frames := frameReader{in: bufio.NewReaderSize(in, 64<<10), wait: w.flush}
	for {
		kind, content, err := frames.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if kind == frameExpression {
			w.compile(string(content))
			continue
		}
		if err := w.answer(w.watched(content)); err != nil {
			return err
		}
	}
}

func (w *worker) answer(o Outcome) error {
	w.kept++
	w.mu.Lock()
	err := w.out.WriteByte(byte(o))
	w.mu.Unlock()
	if err != nil {
		return err
	}
	if w.kept >= answersAtOnce || time.Since(w.flushed) > flushEvery {
		return w.flush()
	}
	return nil
}

func (w *worker) flush() error {
	w.kept, w.flushed = 0, time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Flush()
}

func (w *worker) compile(text string) {
	w.code, w.shape = nil, shape{}
	query, err := gojq.Parse(text)
	if err != nil {
		return
	}
	if w.code, err = gojq.Compile(query); err == nil {
		w.shape.add(query)
	}
}

// watched is run under the watchdog.
func (w *worker) watched(body []byte) Outcome {
	w.watch.begin()
	defer w.watch.end()
	return w.run(body)
}

// run decides one body. What goes wrong in the interpreter is a failure of the
// expression.
func (w *worker) run(body []byte) (o Outcome) {
	defer func() {
		if recover() != nil {
			o = Failed
		}
	}()
	v, ok := decode(body, &w.shape)
	switch {
	case !ok:
		return No
	case w.code == nil:
		return Failed
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	for results := w.code.RunWithContext(ctx, v); ; {
		r, more := results.Next()
		if !more {
			return No
		}
		if err, failed := r.(error); failed {
			if errors.Is(err, context.DeadlineExceeded) {
				return Slow
			}
			return Failed
		}
		if r != nil && r != false {
			return Yes
		}
	}
}
