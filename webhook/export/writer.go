package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// Format is a way to write many events.
type Format string

// The formats.
const (
	FormatCurl  Format = "curl"  // a shell script with one curl command an event
	FormatJSONL Format = "jsonl" // the contract's event object, one a line
	FormatHAR   Format = "har"   // HTTP Archive 1.2, one entry an attempt
)

// Formats lists every format in the order people are offered them.
var Formats = [...]Format{FormatCurl, FormatJSONL, FormatHAR}

// Ext is the ending of a file's name in that format, with its dot.
func (f Format) Ext() string {
	if f == FormatCurl {
		return ".sh"
	}
	return "." + string(f)
}

// Writer writes many events, one after the other, and holds none of them. It
// is not safe for concurrent use.
type Writer interface {
	// Event writes one event: e has header and body, sum what became of it,
	// attempts all of its attempts in order. The error is that of what is
	// written to.
	Event(e webhook.Event, sum webhook.Summary, attempts []webhook.Attempt) error
	// Close writes what has to follow the last event. It must be called once,
	// also when there was no event, and closes nothing but the format.
	Close() error
}

// Options are the choices of [NewWriter]. The zero value works.
type Options struct {
	Version string    // of Taskhook, for formats that name their creator
	Now     time.Time // decides the states of events; zero: the time of each write
	// Target is the URL of the app, for the commands of events that were never
	// tried; "": http://127.0.0.1:3000. One with a path gets every event there.
	Target string
	// Beside writes a body that cannot stand on a command line to a file beside
	// what is written and returns the name to find it by from there; nil: the
	// command makes the bytes itself.
	Beside func(name string, body []byte) (string, error)
}

func (o *Options) now() time.Time {
	if o.Now.IsZero() {
		return time.Now()
	}
	return o.Now
}

// NewWriter returns a writer of one format to w. It writes nothing before the
// first event or Close. The error is for a format that is none of [Formats].
func NewWriter(w io.Writer, f Format, o Options) (Writer, error) {
	switch f {
	case FormatCurl:
		return &curlWriter{w: w, opts: o}, nil
	case FormatJSONL:
		return &lineWriter{w: w, opts: o}, nil
	case FormatHAR:
		return &harWriter{w: w, opts: o}, nil
	}
	return nil, fmt.Errorf("unknown format %q: want curl, jsonl or har", f)
}

// Source is where whole events are read.
type Source interface {
	// Page returns one page of the events that a query selects.
	Page(ctx context.Context, q webhook.Query) (webhook.Page, error)
	// Event returns an event with header and body. With webhook.ErrPruned it
	// returns the event without its body.
	Event(ctx context.Context, id webhook.ID) (webhook.Event, error)
	// Attempts returns all attempts of an event in order.
	Attempts(ctx context.Context, id webhook.ID) ([]webhook.Attempt, error)
}

// batch is how many rows [Copy] reads at a time.
const batch = 200

// Copy reads events from a source and writes them in the order of ids; those
// that are no longer stored are left out. After each event, left out or
// written, step is told so and may stop the copy by returning false; nil goes
// on to the end. Copy returns how many were written; it does not close w.
func Copy(ctx context.Context, w Writer, s Source, ids []webhook.ID, step func() bool) (int, error) {
	written := 0
	for len(ids) > 0 {
		some := ids[:min(batch, len(ids))]
		ids = ids[len(some):]
		rows, err := summaries(ctx, s, some)
		if err != nil {
			return written, err
		}
		for _, id := range some {
			if sum, ok := rows[id]; ok {
				ok, err := copyEvent(ctx, w, s, sum)
				if err != nil {
					return written, fmt.Errorf("export %s: %w", id, err)
				}
				if ok {
					written++
				}
			}
			if step != nil && !step() {
				return written, nil
			}
		}
	}
	return written, nil
}

// summaries reads the rows of some events; a page may come before it is full.
func summaries(ctx context.Context, s Source, ids []webhook.ID) (map[webhook.ID]webhook.Summary, error) {
	rows := make(map[webhook.ID]webhook.Summary, len(ids))
	q := webhook.Query{IDs: ids, Limit: len(ids)}
	for {
		page, err := s.Page(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, e := range page.Events {
			rows[e.ID] = e
		}
		if q.Cursor = page.Next; q.Cursor == 0 {
			return rows, nil
		}
	}
}

// copyEvent reports whether the event was still there.
func copyEvent(ctx context.Context, w Writer, s Source, sum webhook.Summary) (bool, error) {
	e, err := s.Event(ctx, sum.ID)
	switch {
	case errors.Is(err, webhook.ErrNotFound):
		return false, nil
	case errors.Is(err, webhook.ErrPruned):
		if e.ID == 0 { // a source that returns the error alone
			e = sum.Event
		}
	case err != nil:
		return false, err
	}
	attempts, err := s.Attempts(ctx, sum.ID)
	if errors.Is(err, webhook.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, w.Event(e, sum, attempts)
}

// lineWriter writes JSON lines.
type lineWriter struct {
	w    io.Writer
	opts Options
}

func (l *lineWriter) Event(e webhook.Event, sum webhook.Summary, attempts []webhook.Attempt) error {
	return EventObject(l.w, e, sum, attempts, l.opts.now())
}

func (l *lineWriter) Close() error { return nil }
