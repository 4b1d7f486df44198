package jq

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrClosed is returned by [Workers.Run] after Close.
var ErrClosed = errors.New("the jq workers are closed")

const (
	// maxProcesses bounds how many are at work at the same time; who comes later
	// waits.
	maxProcesses = 4
	// idleTime is after how long a process that nobody needs is ended.
	idleTime = time.Minute
)

// Workers run expressions in processes of this program, which start when they
// are needed. Its methods are safe for concurrent use. The caller owes a Close.
type Workers struct {
	places chan struct{} // full: so many are at work

	mu     sync.Mutex
	free   []*process
	closed bool
	life   context.Context // of what is at work
	close  context.CancelFunc
}

// NewWorkers returns workers. It starts nothing.
func NewWorkers() *Workers {
	w := &Workers{places: make(chan struct{}, maxProcesses)}
	w.life, w.close = context.WithCancel(context.Background())
	return w
}

// Run decides bodies by an expression that [Parse] takes: it returns one
// Outcome for each, none of them Unknown. A body that ends a worker costs the
// others nothing but time. The error is that of ctx, ErrClosed, or says why no
// worker starts.
func (w *Workers) Run(ctx context.Context, expression string, bodies [][]byte) ([]Outcome, error) {
	select {
	case w.places <- struct{}{}:
		defer func() { <-w.places }()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-w.life.Done():
		return nil, ErrClosed
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(w.life, func() { cancel(ErrClosed) })()
	r := run{workers: w, expression: expression, bodies: bodies}
	for len(r.outcomes) < len(bodies) {
		if err := r.step(ctx); err != nil {
			return nil, err
		}
	}
	return r.outcomes, nil
}

// run is one call of Run.
type run struct {
	workers    *Workers
	expression string
	bodies     [][]byte
	outcomes   []Outcome
	alone      int  // so many bodies are to be given to a worker one by one
	fresh      bool // the next body is for a worker that has done nothing yet
}

// step gives a worker all bodies that are left. Before it ends itself it sends its
// answers. When it dies otherwise, those that it kept back are lost; so the next
// bodies are given one by one, until it is known which of them it dies of: one of
// which a new worker dies alone.
func (r *run) step(ctx context.Context) error {
	p, err := r.workers.take(r.fresh)
	if err != nil {
		return err
	}
	bodies := r.bodies[len(r.outcomes):]
	if r.alone > 0 {
		bodies = bodies[:1]
	}
	before := len(r.outcomes)
	r.outcomes, err = p.run(ctx, r.expression, bodies, r.outcomes)
	if err == nil {
		r.workers.give(p)
		r.alone, r.fresh = max(0, r.alone-1), false
		return nil
	}
	p.end()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case len(r.outcomes) == before+len(bodies): // it died after the last one
	case p.stuck():
		r.outcomes = append(r.outcomes, Slow)
	case len(bodies) > 1:
		r.alone = answersAtOnce
	case p.runs > 1:
		r.fresh = true
	default:
		r.outcomes = append(r.outcomes, p.diedOf())
		r.alone, r.fresh = 0, false
	}
	return nil
}

// take returns a process, one that is new if it must be.
func (w *Workers) take(fresh bool) (*process, error) {
	if p := w.takeFree(fresh); p != nil {
		return p, nil
	}
	program, err := ownProgram()
	if err != nil {
		return nil, startError(err)
	}
	p, err := start(program)
	if err != nil {
		return nil, startError(err)
	}
	return p, nil
}

func startError(err error) error { return fmt.Errorf("start a worker for jq: %w", err) }

func (w *Workers) takeFree(fresh bool) *process {
	w.mu.Lock()
	defer w.mu.Unlock()
	if fresh || len(w.free) == 0 {
		return nil
	}
	last := len(w.free) - 1
	p := w.free[last]
	w.free = w.free[:last]
	p.idle.Stop()
	return p
}

// give takes a process back, for the next one who needs one.
func (w *Workers) give(p *process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		p.end()
		return
	}
	p.idle = time.AfterFunc(idleTime, func() { w.retire(p) })
	w.free = append(w.free, p)
}

// retire ends a process that is still free.
func (w *Workers) retire(p *process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, one := range w.free {
		if one == p {
			w.free = append(w.free[:i], w.free[i+1:]...)
			p.end()
			return
		}
	}
}

// Close ends all processes and waits for that. It may be called again.
func (w *Workers) Close() {
	w.close()
	for range maxProcesses { // what is at work ends
		w.places <- struct{}{}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for _, p := range w.free {
		p.idle.Stop()
		p.end()
	}
	w.free = nil
	for range maxProcesses {
		<-w.places
	}
}
