package webhook

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// ErrDamaged is returned when what is stored of an event is not as it was
// written. The other events are unharmed.
var ErrDamaged = errors.New("the stored event is damaged")

// Reader is where stored events are read: a store, or a listener that has one
// open.
type Reader interface {
	// Read yields the events that q selects, in its order and in chunks that
	// are bounded in size, until there are no more or q.Limit is reached. Each
	// chunk comes from a transaction that has ended: a consumer may take its
	// time. A long search yields empty chunks too. What is stored meanwhile is
	// not selected, and what is deleted meanwhile may be missing.
	//
	// An error ends the sequence. It is a *filter.SyntaxError, filter.ErrSlow when
	// an expression is too much for all of the first events, that of ctx, or ErrNotFound for a cursor in order of duration that is gone.
	Read(ctx context.Context, q Query) iter.Seq2[Chunk, error]
}

// Chunk is a part of what a Query selects.
type Chunk struct {
	Records []Record
	// Damaged are events that cannot be read. They are left out.
	Damaged []DamagedError
	// LeftOut are events for which the filter's jq expression was too much:
	// whether it selects them is not known.
	LeftOut []LeftOut
	// Next is the Query.Cursor with which the next chunk would begin; 0: this is
	// the last.
	Next ID
	// Position is where the store stood when the first chunk was read.
	Position Position
}

// Record is an event with what a Query asks for of it.
type Record struct {
	Summary
	History []Attempt // in order, with Parts.Attempts
}

// DamagedError is the error of an event that cannot be read, or of a damaged
// part of the store.
type DamagedError struct {
	ID     ID // 0: no event in particular
	Last   ID // of several, as far as they were there: the last of them; else 0
	Reason string
}

// LeftOut is an event that a filter could not decide.
type LeftOut struct {
	ID     ID     `json:"id"`
	Reason string `json:"reason"` // in words, lower case
}

// String names the event and the reason.
func (l LeftOut) String() string { return fmt.Sprintf("%s was left out: %s", l.ID, l.Reason) }

// Error names the event and the reason.
func (d *DamagedError) Error() string {
	switch {
	case d.ID == 0:
		return "the store is damaged: " + d.Reason
	case d.Last != 0:
		return fmt.Sprintf("%s to %s: %v: %s", d.ID, d.Last, ErrDamaged, d.Reason)
	}
	return fmt.Sprintf("%s: %v: %s", d.ID, ErrDamaged, d.Reason)
}

// Is reports whether target is ErrDamaged.
func (d *DamagedError) Is(target error) bool { return target == ErrDamaged }

// ReadRecord reads one event with some of its parts. The error is ErrNotFound,
// a *DamagedError, or one of Reader.Read.
func ReadRecord(ctx context.Context, r Reader, id ID, parts Parts) (Record, error) {
	for chunk, err := range r.Read(ctx, Query{IDs: []ID{id}, Parts: parts}) {
		switch {
		case err != nil:
			return Record{}, err
		case len(chunk.Damaged) > 0:
			return Record{}, &chunk.Damaged[0]
		case len(chunk.Records) > 0:
			return chunk.Records[0], nil
		}
	}
	return Record{}, ErrNotFound
}

const (
	// defaultPage is how many events a page has.
	defaultPage = 50
	// pageTime is how long a page is looked for before it is returned as it is.
	pageTime = 250 * time.Millisecond
)

// ReadPage reads one page of a list: q.Limit summaries, or 50. A page that
// takes long is returned before it is full. The errors are those of
// Reader.Read.
func ReadPage(ctx context.Context, r Reader, q Query) (Page, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	q.Limit, q.Parts = limit+1, Parts{} // one more says whether there is another page
	var p Page
	began := time.Now()
	for chunk, err := range r.Read(ctx, q) {
		if err != nil {
			return p, err
		}
		p.Position, p.Next = chunk.Position, chunk.Next
		p.LeftOut = append(p.LeftOut, chunk.LeftOut...)
		for _, record := range chunk.Records {
			p.Events = append(p.Events, record.Summary)
		}
		if time.Since(began) > pageTime {
			break
		}
	}
	if len(p.Events) > limit {
		p.Events = p.Events[:limit]
		p.Next = p.Events[limit-1].ID
	}
	return p, nil
}
