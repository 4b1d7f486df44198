package inspector

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/body"
	"github.com/taskhook/taskhook/webhook/filter"
)

// side is one of two things that are compared.
type side struct {
	name string   // of the event, where only a search tells; else ""
	head []string // status or request line, and headers; nil: the body alone
	body []byte   // as people read it
	note string   // what of the body was decoded
}

// newSide is a side with a body.
func newSide(head []string, text body.Text) side {
	return side{head: head, body: notNil(text.Bytes), note: text.Note()}
}

// comparison is one choice of what to compare.
type comparison struct {
	name string
	// sides reads both; the second is what became of the first.
	sides func(ctx context.Context) (a, b side, err error)
}

// diff is the Diff tab: one comparison of the event, by JSON path or unified.
func (r *reading) diff(b *pageBuilder) error {
	all, err := r.comparisons(b.ctx)
	if err != nil {
		return err
	}
	b.bases = len(all)
	if len(all) == 0 {
		b.add(lookDim, "There is nothing to compare this event with.")
		return nil
	}
	b.base = ((b.spec.base % len(all)) + len(all)) % len(all)
	c := all[b.base]
	one, two, err := c.sides(b.ctx)
	if err != nil {
		return err
	}
	name := c.name
	if one.name != "" {
		name += ", " + one.name + " → " + r.spec.id.String()
	}
	b.add(lookTitle, fmt.Sprintf("%d/%d %s", b.base+1, len(all), name))
	if one.head == nil && one.body == nil && two.body == nil {
		b.add(lookDim, "Nothing to compare.")
		return nil
	}
	b.compare(one, two)
	return nil
}

// comparisons lists what an event can be compared with.
func (r *reading) comparisons(ctx context.Context) ([]comparison, error) {
	record, err := webhook.ReadRecord(ctx, r.feed, r.spec.id, webhook.Parts{Attempts: true})
	if err != nil {
		return nil, err
	}
	attempts := record.History
	var all []comparison
	e := r.summary
	if e.Type != "" {
		all = append(all, comparison{"previous " + e.Type, r.withPrevious})
	}
	if e.RedeliveryOf != 0 {
		all = append(all, comparison{"previous send", func(ctx context.Context) (side, side, error) {
			return r.withEvent(ctx, e.RedeliveryOf)
		}})
	}
	for _, a := range attempts {
		if a.Sent != nil {
			name := e.ID.String() + " → what " + a.Name() + " sent"
			all = append(all, comparison{name, func(ctx context.Context) (side, side, error) { return r.withSent(ctx, a.Sent) }})
		}
	}
	for i := 1; i < len(attempts); i++ {
		one, two := attempts[i-1], attempts[i]
		name := "answers: " + one.Name() + " → " + two.Name()
		all = append(all, comparison{name, func(context.Context) (side, side, error) {
			return answerSide(one), answerSide(two), nil
		}})
	}
	return all, nil
}

// withPrevious compares with the newest earlier event of the type.
func (r *reading) withPrevious(ctx context.Context) (one, two side, err error) {
	q := webhook.Query{Filter: "type:" + filter.Quote(r.summary.Type), Cursor: r.spec.id, Limit: 1}
	for chunk, err := range r.feed.Read(ctx, q) {
		if err != nil {
			return one, two, err
		}
		if len(chunk.Records) > 0 {
			return r.withEvent(ctx, chunk.Records[0].ID)
		}
	}
	return one, two, nil
}

func (r *reading) withEvent(ctx context.Context, id webhook.ID) (one, two side, err error) {
	before, err := webhook.ReadRecord(ctx, r.feed, id, webhook.Parts{Payload: true})
	if err != nil {
		return one, two, fmt.Errorf("read %s: %w", id, err)
	}
	one = newSide(nil, body.OfEvent(&before.Event))
	one.name = id.String()
	e, err := r.event(ctx)
	return one, newSide(nil, body.OfEvent(&e)), err
}

func (r *reading) withSent(ctx context.Context, s *webhook.Request) (one, two side, err error) {
	e, err := r.event(ctx)
	own := append([]string{requestLine(e.Method, e.Path, e.RawQuery)}, headerText(e.Header)...)
	sent := append([]string{requestLine(s.Method, s.Path, s.RawQuery)}, headerText(s.Header)...)
	return newSide(own, body.OfEvent(&e)), newSide(sent, body.OfRequest(s)), err
}

func answerSide(a webhook.Attempt) side {
	status := format.Status(0) + ": " + a.Error
	if a.StatusCode != 0 {
		status = "status " + strconv.Itoa(a.StatusCode)
	}
	return newSide(append([]string{status}, headerText(a.Header)...), body.OfAnswer(&a))
}

func notNil(body []byte) []byte {
	if body == nil {
		return []byte{}
	}
	return body
}

// compare shows two sides against each other.
func (b *pageBuilder) compare(one, two side) {
	for _, note := range slices.Compact([]string{one.note, two.note}) {
		if note != "" {
			b.add(lookDim, note)
		}
	}
	if sameText(one.head, two.head) && bytes.Equal(one.body, two.body) {
		b.note = "equal"
		b.add(lookGood, signGood+" no difference: all "+format.Bytes(int64(len(one.body)))+" are the same")
		return
	}
	byPath := jsjson.Check(one.body) == nil && jsjson.Check(two.body) == nil
	before := len(b.entries)
	switch {
	case byPath && !b.spec.other:
		b.note = "by JSON path"
		b.byHead(one.head, two.head)
		b.byPath(one.body, two.body)
	default:
		b.note = "unified"
		b.unified(one, two)
	}
	if len(b.entries) == before {
		if d, differ := jsjson.FirstDifference(one.body, two.body); differ {
			b.add(lookText, "Only the spelling differs, from byte "+format.Count(d.Offset)+" on:")
			b.opposite([2]string{"before", d.A}, [2]string{"after", d.B})
		}
	}
}

func sameText(a, b []string) bool { return strings.Join(a, "\n") == strings.Join(b, "\n") }

// byHead lists the lines of the heads that only one side has.
func (b *pageBuilder) byHead(one, two []string) {
	b.only("- ", one, two)
	b.only("+ ", two, one)
}

// headMost is how much is shown of one header in a comparison by path.
const headMost = 160

// only adds the lines of a that are not in others.
func (b *pageBuilder) only(sign string, a, others []string) {
	have := map[string]int{}
	for _, l := range others {
		have[l]++
	}
	for _, l := range a {
		if have[l]--; have[l] < 0 {
			if len(l) > headMost {
				l = l[:clipped(l, 0, headMost)] + "… (" + format.Bytes(int64(len(l))) + ")"
			}
			b.add(lookSigned, sign+l)
		}
	}
}
