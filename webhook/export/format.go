package export

import (
	"io"
	"iter"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// Format is a way to write many events. A new one is an entry of [Formats] and
// the [Writer] that it makes: the command line and the screen offer what is
// there.
type Format struct {
	Name        string // the value of events export --format
	Title       string // what people call it
	Description string // what one export holds, in a few words
	Ext         string // the ending of a file's name, with its dot
	// New returns a writer to w. It writes nothing before the first event or
	// Close.
	New func(w io.Writer, o Options) Writer
}

// Formats returns every format in the order in which people are offered them.
func Formats() []Format {
	return []Format{
		{"jsonl", "JSON lines", "one event per line, with headers, body and attempts", ".jsonl", newLineWriter},
		{"har", "HAR 1.2", "HTTP Archive, one entry for each attempt, for other tools", ".har", newHARWriter},
	}
}

// Writer writes many events, one after the other, and retains none of them. It
// is not safe for concurrent use.
type Writer interface {
	// Event writes one event, of which all parts were read. The error is that of
	// what is written to.
	Event(r webhook.Record) error
	// Close writes what has to follow the last event. It must be called once,
	// also when there was no event, and closes nothing but the format.
	Close() error
}

// Query selects what a Writer writes: the events of a query in order of arrival,
// with all their parts.
func Query(q webhook.Query) webhook.Query {
	q.Order, q.Parts = webhook.OrderArrival, webhook.Parts{Payload: true, Attempts: true}
	return q
}

// Copy writes the events of a read and returns how many. After each chunk it
// calls after, which may stop it by returning false. It does not close w.
func Copy(w Writer, read iter.Seq2[webhook.Chunk, error], after func(webhook.Chunk) bool) (int, error) {
	written := 0
	for chunk, err := range read {
		if err != nil {
			return written, err
		}
		for _, r := range chunk.Records {
			if err := w.Event(r); err != nil {
				return written, err
			}
			written++
		}
		if !after(chunk) {
			break
		}
	}
	return written, nil
}

// Options are the choices of [Format.New]. The zero value works.
type Options struct {
	Version string    // of Taskhook, for formats that name their creator
	Now     time.Time // decides the states of events; zero: the time of each write
}

func (o *Options) now() time.Time {
	if o.Now.IsZero() {
		return time.Now()
	}
	return o.Now
}

// lineWriter writes JSON lines.
type lineWriter struct {
	w    io.Writer
	opts Options
}

func newLineWriter(w io.Writer, o Options) Writer { return &lineWriter{w, o} }

// Event implements [Writer].
func (l *lineWriter) Event(r webhook.Record) error { return EventObject(l.w, r, l.opts.now()) }

// Close implements [Writer].
func (l *lineWriter) Close() error { return nil }
