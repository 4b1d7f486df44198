package proxy

import (
	"context"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// skip says why a batch of failed events does not send one of them, as far as
// its summary tells.
func (b *batch) skip(ctx context.Context, sum webhook.Summary, state webhook.State) (webhook.Skip, string) {
	switch state {
	case webhook.StateRejected:
		if sum.Outcome.DeliveredLater {
			return webhook.SkipDelivered, "it was delivered by a later resend"
		}
		if !b.asked.Resend.Unverified {
			return webhook.SkipRejected, string(sum.Decision)
		}
	case webhook.StateInterrupted:
		if !b.asked.IncludeUnknown {
			return webhook.SkipUnknown, "taskhook ended before its outcome was known: your app may have processed it"
		}
	case webhook.StateFailed, webhook.StateOverdue:
		if b.proxy.late.awaits(sum.ID) && !b.asked.IncludeUnknown {
			return webhook.SkipUnknown, "your app has not answered yet, and may be working on it: its answer is awaited"
		}
	default:
		return webhook.SkipDelivered, "it is " + string(state) + " by now"
	}
	if id := b.deliveredAs(ctx, sum); id != 0 {
		return webhook.SkipDelivered, "it was delivered as " + id.String()
	}
	return "", ""
}

// maxTries bounds how far the redeliveries of an event are followed.
const maxTries = 64

// deliveredAs is another event with the same webhookId and bytes that was
// delivered to the app, before or since; 0 if there is none. A forged one does not
// count: because of it the genuine event would never be sent.
func (b *batch) deliveredAs(ctx context.Context, sum webhook.Summary) webhook.ID {
	before, after := sum, sum
	for range maxTries {
		if before.RedeliveryOf == 0 || before.Altered {
			break
		}
		var ok bool
		if before, ok = b.summary(ctx, before.RedeliveryOf); !ok {
			break
		}
		if b.delivered(before) {
			return before.ID
		}
	}
	for range maxTries {
		if after.RedeliveredAs == 0 {
			break
		}
		var ok bool
		if after, ok = b.summary(ctx, after.RedeliveredAs); !ok || after.Altered {
			break
		}
		if b.delivered(after) {
			return after.ID
		}
	}
	return 0
}

func (b *batch) summary(ctx context.Context, id webhook.ID) (webhook.Summary, bool) {
	sum, err := b.proxy.opts.Store.Summary(ctx, id)
	return sum, err == nil
}

// delivered reports whether an event that could be trusted was delivered.
func (b *batch) delivered(sum webhook.Summary) bool {
	switch sum.State(time.Now()) {
	case webhook.StateDelivered, webhook.StateRecovered:
		return sum.Verdict.Status == webhook.Valid || sum.Verdict.Status == webhook.Unchecked || b.asked.Resend.Unverified
	}
	return false
}
