package filter

import (
	"bytes"
	"context"
	"slices"

	"github.com/taskhook/taskhook/webhook/filter/jq"
)

// verdict is what is known of the jq expressions of a filter for one event.
type verdict struct {
	outcomes []jq.Outcome   // of the expressions, by their place in the filter
	wants    *jq.Expression // the first one that has to be run to tell more; nil: none
	wantsAt  int
	// undecided: an expression has failed on this event, so that neither the
	// filter nor its contrary selects it.
	undecided bool
	tooMuch   error // ErrSlow or ErrMemory: an expression was too much; else nil
	// strict: a body that is no JSON leaves an expression open, which notJSON
	// says.
	strict, notJSON bool
}

// Pending is an event that jq decides, see [Scan.Begin].
type Pending struct {
	open   *node
	c      candidate
	result Result
}

func newPending(open *node, c *candidate) *Pending {
	p := &Pending{open: open, result: Unknown}
	p.c.body.raw, p.c.read, p.c.verdict = c.body.raw, true, c.verdict
	p.c.outcomes = slices.Clone(c.outcomes)
	p.ask()
	return p
}

// ask finds out what is to be run next.
func (p *Pending) ask() {
	p.c.wants = nil
	p.result = p.open.eval(&p.c)
}

// Keep copies what is needed of the event, so that its loader may go on.
func (p *Pending) Keep() { p.c.body.raw = bytes.Clone(p.c.body.raw) }

// Size is the length of the body in bytes.
func (p *Pending) Size() int { return len(p.c.body.raw) }

// Selected reports whether an event is selected that has been decided. The error
// is ErrSlow or ErrMemory where a jq expression was too much for it.
func (p *Pending) Selected() (bool, error) {
	return p.result == Yes && !p.c.undecided && p.c.tooMuch == nil, p.c.tooMuch
}

// Decide has jq decide events that Begin of this scan has left open. The error
// is that of the scan's JQ, or ErrNoJQ.
func (s *Scan) Decide(ctx context.Context, all []*Pending) error {
	for {
		next := slices.IndexFunc(all, (*Pending).isOpen)
		if next < 0 {
			return nil
		}
		if s.jq == nil {
			return ErrNoJQ
		}
		all = all[next:]
		if err := s.runOne(ctx, all[0].c.wants, all); err != nil {
			return err
		}
	}
}

func (p *Pending) isOpen() bool { return p.result == Unknown && p.c.tooMuch == nil }

// runOne runs one expression for all who want it.
func (s *Scan) runOne(ctx context.Context, x *jq.Expression, all []*Pending) error {
	var want []*Pending
	var bodies [][]byte
	for _, p := range all {
		if p.isOpen() && p.c.wants == x {
			want, bodies = append(want, p), append(bodies, p.c.body.raw)
		}
	}
	outcomes, err := s.jq.Run(ctx, x.String(), bodies)
	if err != nil {
		return err
	}
	for i, p := range want {
		p.c.outcomes[p.c.wantsAt] = outcomes[i]
		p.ask()
	}
	return nil
}
