package filter

import (
	"context"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// Row holds the cheap fields of an event: what a scan can read without
// decoding the stored event. Of the Outcome's answer the Reason is not used.
type Row struct {
	ID           webhook.ID
	Type         string
	ReceivedAt   time.Time
	BodySize     int64 // bytes; -1: not known
	Verdict      webhook.VerdictStatus
	Attempts     int
	LastStatus   int           // of the last attempt; 0: no response, or none made
	LastDuration time.Duration // of the last attempt
	Outcome      webhook.Outcome

	Duplicate    bool // its webhookId came before: RedeliveryOf is set
	Redelivered  bool // its webhookId came again: RedeliveredAs is set
	Altered      bool
	NoBody       bool
	LastError    bool
	Resent       bool
	Simulated    bool
	Faulted      bool
	Slow         bool
	Unsuccessful bool
	Marked       bool

	PossiblyDeleted bool
}

// RowOf returns the cheap fields of a summary.
func RowOf(s *webhook.Summary) Row {
	return Row{
		ID: s.ID, Type: s.Type, ReceivedAt: s.ReceivedAt, BodySize: s.BodySize,
		Verdict: s.Verdict.Status, Attempts: s.Attempts,
		LastStatus: s.LastStatus, LastDuration: s.LastDuration, Outcome: s.Outcome,
		Duplicate: s.RedeliveryOf != 0, Redelivered: s.RedeliveredAs != 0,
		Altered: s.Altered, NoBody: s.NoBody, LastError: s.LastError,
		Resent: s.Resent, Simulated: s.Simulated, Faulted: s.Faulted, Slow: s.Slow,
		Unsuccessful: s.Unsuccessful, Marked: s.Marked, PossiblyDeleted: s.PossiblyDeleted,
	}
}

// Loader reads what a Row does not hold. It is asked only when the cheap terms
// leave the match open, and at most once for each of the two. What it returns
// is not changed and not kept after the match, so that it may be reused.
type Loader interface {
	// Event returns the stored event; its Body is not looked at.
	Event() (*webhook.Event, error)
	// Body returns the event's bytes, nil if they were not kept.
	Body() ([]byte, error)
}

// InMemory is the Loader of an event that is there with its body.
func InMemory(e *webhook.Event) Loader { return inMemory{e} }

type inMemory struct{ event *webhook.Event }

func (m inMemory) Event() (*webhook.Event, error) { return m.event, nil }
func (m inMemory) Body() ([]byte, error)          { return m.event.Body, nil }

// Filter is a parsed text. It never changes and is safe for concurrent use.
// The zero value selects every event.
type Filter struct {
	root    *node // nil: everything
	moments []moment
}

// Parse reads a filter. Text without a term selects every event. An error is
// always a *SyntaxError. Times stay relative until At gives them a clock.
func Parse(text string) (*Filter, error) { return parse(parser{src: text, at: afterwards}) }

func parse(p parser) (*Filter, error) {
	root, err := p.parse()
	if err != nil {
		return nil, err
	}
	f := &Filter{root: root, moments: p.moments}
	if len(f.String()) > maxText {
		return nil, tooLong(p.src)
	}
	return f, nil
}

// String returns the canonical text, which parses to the same filter: one
// space between terms, names in lower case, quotes and parentheses only where
// they are needed. It is empty for a filter that selects everything.
func (f *Filter) String() string {
	if f.root == nil {
		return ""
	}
	return f.root.text
}

// At returns a scan that takes now as the present, in now's time zone, and has
// jq run what takes jq. With nil that is ErrNoJQ.
func (f *Filter) At(now time.Time, jq JQ) *Scan {
	s := &Scan{root: f.root, moments: f.moments, jq: jq}
	s.c.times = make([]time.Time, len(f.moments))
	s.Move(now)
	return s
}

// Move has the scan take another now as the present.
func (s *Scan) Move(now time.Time) {
	s.c.now = now
	for i, m := range s.moments {
		s.c.times[i] = m(now)
	}
}

// Result is what is known of a match at some level.
type Result int8

// The results. The zero value is No.
const (
	No Result = iota
	Yes
	Unknown // more of the event has to be read to tell
)

func result(ok bool) Result {
	if ok {
		return Yes
	}
	return No
}

// Scan matches events one after the other at one point in time. It is cheap to
// make and serves one goroutine.
type Scan struct {
	root    *node
	c       candidate
	moments []moment
	jq      JQ
}

// candidate is the event a scan is looking at, as far as it has been read.
type candidate struct {
	now   time.Time
	times []time.Time // the filter's moments at now
	row   *Row
	event *webhook.Event // nil: not read
	body  bodyText       // empty if it was not kept
	read  bool           // body has been read
	// wantsEvent: the stored event would tell more than is known.
	wantsEvent bool

	subject     subject // whom it is about
	subjectRead bool

	verdict
}

// ofAttempt is a number that the last attempt has, if there was one.
func (c *candidate) ofAttempt(n int64) int64 {
	if c.row.Attempts == 0 {
		return unknown
	}
	return n
}

// Row says what the row alone tells. It reads nothing and does not allocate.
func (s *Scan) Row(r *Row) Result {
	s.c.row, s.c.wantsEvent = r, false
	if s.root == nil {
		return Yes
	}
	return s.root.eval(&s.c)
}

// Match reports whether an event is selected, and reads no more of it than
// that takes. The error is the loader's, or one of [Pending.Selected] and
// [Scan.Decide]. It waits for jq, for some seconds at most.
func (s *Scan) Match(r *Row, load Loader) (bool, error) {
	res, p, err := s.Begin(r, load)
	if err != nil || res != Unknown {
		return res == Yes, err
	}
	if err := s.Decide(context.Background(), []*Pending{p}); err != nil {
		return false, err
	}
	return p.Selected()
}

// Begin is the part of Match that takes no jq. If the result is Unknown the
// event is pending: [Scan.Decide] decides it, with others. The error is the
// loader's.
func (s *Scan) Begin(r *Row, load Loader) (Result, *Pending, error) {
	res := s.Row(r)
	if res != Unknown {
		return res, nil, nil
	}
	defer s.forget()
	if s.c.wantsEvent {
		e, err := load.Event()
		if err != nil {
			return No, nil, err
		}
		s.c.event = e
		if res = s.root.eval(&s.c); res != Unknown {
			return res, nil, nil
		}
	}
	if err := s.readBody(load); err != nil {
		return No, nil, err
	}
	res, open := s.root.open(&s.c)
	if res != Unknown {
		return res, nil, nil
	}
	return Unknown, newPending(open, &s.c), nil
}

// forget drops what was read of the last event: it is the loader's again.
func (s *Scan) forget() {
	s.c.event, s.c.read, s.c.subjectRead = nil, false, false
	s.c.body.set(nil)
	clear(s.c.outcomes)
	s.c.wants = nil
}
