package inspector

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// chainMost bounds the events of one history, in each direction.
const chainMost = 16

// history says how an event came before and after: all that the platform sent
// with its webhookId, and how the gaps fit the policy.
func (r *reading) history(b *pageBuilder) error {
	e := r.summary
	if e.RedeliveryOf == 0 && e.RedeliveredAs == 0 {
		return nil
	}
	all := []webhook.Summary{e}
	for first := e; first.RedeliveryOf != 0 && len(all) <= chainMost; {
		before, ok, err := r.other(b, first.RedeliveryOf)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		all, first = slices.Insert(all, 0, before), before
	}
	for last := e; last.RedeliveredAs != 0 && len(all) <= 2*chainMost; {
		after, ok, err := r.other(b, last.RedeliveredAs)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		all, last = append(all, after), after
	}
	b.add(lookTitle, "sent with this webhookId")
	for i, one := range all {
		b.historyLine(r, one, all[:i])
	}
	b.blank()
	return nil
}

// other reads another event; false: it is not there any more, or damaged.
func (r *reading) other(b *pageBuilder, id webhook.ID) (webhook.Summary, bool, error) {
	record, err := webhook.ReadRecord(b.ctx, r.feed, id, webhook.Parts{})
	if errors.Is(err, webhook.ErrNotFound) || errors.Is(err, webhook.ErrDamaged) {
		return webhook.Summary{}, false, nil
	}
	return record.Summary, err == nil, err
}

// historyLine is one send of the platform.
func (b *pageBuilder) historyLine(r *reading, e webhook.Summary, before []webhook.Summary) {
	text := e.ID.String() + " " + format.Clock(e.ReceivedAt.In(r.loc)) + " "
	switch {
	case e.RedeliveryOf == 0:
		text += "first send"
	case len(before) > 0 && !before[len(before)-1].Answer.At.IsZero():
		text += gapWords(r.policy, before[len(before)-1], e)
	default:
		text += "send " + strconv.Itoa(e.Try)
	}
	if e.Answer.Status != 0 {
		text += " → " + strconv.Itoa(e.Answer.Status)
	}
	if e.Answer.Shielded {
		text += ", shielded"
	}
	if e.Resent {
		text += " · resent from here"
	}
	if e.Simulated {
		text += " · simulated from here"
	}
	l := lookDim
	if e.ID == r.spec.id {
		text, l = "▸ "+text, lookText
	} else {
		text = "  " + text
	}
	b.add(l, text)
	if e.Altered {
		b.add(lookBad, "  "+signWarning+" the same webhookId as "+e.RedeliveryOf.String()+" with other bytes")
	}
	if e.Duplicate {
		b.add(lookWarn, "  "+signWarning+" duplicate: it was delivered before")
	}
}

// gapWords says how an event fits the policy after the one before it with the
// same webhookId, whose answer is known.
func gapWords(p retry.Policy, before, e webhook.Summary) string {
	status := before.Answer.Status
	if before.Answer.SenderGone || before.Answer.BrokenOff {
		status = retry.NoResponse
	}
	var late *time.Duration
	if at := before.Answer.RetryAt; !at.IsZero() {
		late = new(e.ReceivedAt.Sub(at))
	}
	return p.DescribeGap(before.ID.String(), status, e.Try, e.ReceivedAt.Sub(before.Answer.At), late)
}
