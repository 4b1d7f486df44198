package listener

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// proxyChanged is called by the proxy.
func (l *Listener) proxyChanged() {
	l.trafficChanged.raise()
	l.changed()
}

// followTraffic says when fault rules begin or end and when the shield goes up
// or down, whoever did it: nothing is injected silently.
func (l *Listener) followTraffic(ctx context.Context) {
	announced := map[int]bool{}       // the rules that were said to be on
	shielded := map[*proxy.App]bool{} // the apps whose shield was said to be up
	for {
		next := l.announceRules(announced)
		l.announceShields(ctx, shielded)
		if !l.trafficChanged.wait(ctx, next) {
			return
		}
	}
}

// announceRules says what has changed since the rules that were said to be on,
// and returns when the next of them ends by itself; zero: none does.
func (l *Listener) announceRules(announced map[int]bool) (next time.Time) {
	on, there := map[int]bool{}, map[int]bool{}
	for _, r := range l.proxy.Faults().Rules() {
		if there[r.ID] = true; r.Ended {
			continue
		}
		on[r.ID] = true
		if !announced[r.ID] {
			announced[r.ID] = true
			l.announceRule(r)
		}
		if !r.Ends.IsZero() && (next.IsZero() || r.Ends.Before(next)) {
			next = r.Ends
		}
	}
	for id := range announced {
		switch {
		case on[id]:
			continue
		case there[id]:
			l.tell("fault rule %d has ended", id)
		default:
			l.tell("fault rule %d was removed", id)
		}
		delete(announced, id)
	}
	return next
}

func (l *Listener) announceRule(r webhook.FaultRule) {
	l.warn("fault rule %d is on: %s", r.ID, r.Effect)
	if r.Warning != "" {
		l.warn("fault rule %d: %s", r.ID, r.Warning)
	}
}

// announceShields says which shields have gone up or down, those of all apps in
// one sentence.
func (l *Listener) announceShields(ctx context.Context, shielded map[*proxy.App]bool) {
	apps := l.proxy.Apps()
	var changed []*proxy.App
	for _, app := range apps {
		if up := app.Shield(); up != shielded[app] {
			shielded[app] = up
			changed = append(changed, app)
		}
	}
	if len(changed) > 1 && len(changed) == len(apps) {
		l.announceShield(ctx, "one of your apps", shielded[changed[0]])
		return
	}
	for _, app := range changed {
		l.announceShield(ctx, l.name(app), shielded[app])
	}
}

func (l *Listener) announceShield(ctx context.Context, app string, up bool) {
	if !up {
		l.warn("the shield is down: Taskee does not send again what %s misses; taskhook resend --failed does", app)
		return
	}
	text := fmt.Sprintf("the shield is up: while %s is down or takes longer than %s, Taskee is answered 429 and sends again", app, format.Duration(l.proxy.ShieldTimeout()))
	if all, err := l.Retrying(ctx); err == nil && len(all) > 0 {
		text += fmt.Sprintf("; %s retrying there, the next retry about %s", format.Plural(len(all), "event is", "events are"), format.ShortTime(all[0].Outcome.Answer.RetryAt.Local(), time.Now()))
	}
	l.tell("%s", text)
}

// SkipVerifyLike lets requests with the method and the path of a stored one pass
// unchecked until the listener ends, and says so: it returns the rule.
func (l *Listener) SkipVerifyLike(ctx context.Context, id webhook.ID) (string, error) {
	rule, err := l.Stored.SkipVerifyLike(ctx, id)
	if err == nil {
		l.warn("%s passes unchecked until taskhook ends; for good: --skip-verify %s", rule, format.ShellQuote(rule))
	}
	return rule, err
}

// recountEvery is the pause after failed events were counted: each one's
// signature is checked for that.
const recountEvery = 3 * time.Second

// followFailed counts anew what a resend of all failed events would send
// whenever there are more or fewer of them, while the app is up. It offers those
// that are there at the beginning, unless a probe that found the app did.
func (l *Listener) followFailed(ctx context.Context) {
	hints := l.Store.Watch(ctx)
	for first, counted := true, 0; ; {
		if n, ok := l.failed(ctx); ok && (first || n != counted) {
			if first && !l.offered.Load() {
				l.offerResend(ctx)
			} else {
				l.countResendable(ctx)
			}
			first, counted = false, n
		}
		if _, open := <-hints; !open || retry.Sleep(ctx, recountEvery) != nil {
			return
		}
	}
}

// failed is how many failed events there are, while an app is up.
func (l *Listener) failed(ctx context.Context) (int, bool) {
	if !slices.ContainsFunc(l.proxy.Apps(), func(a *proxy.App) bool { return a.Health().Up }) {
		return 0, false
	}
	counts, err := l.Counts(ctx)
	return counts.Failed, err == nil
}

// offerResend says how many failed events can be resent.
func (l *Listener) offerResend(ctx context.Context) {
	n := l.countResendable(ctx)
	if n == 0 {
		return
	}
	l.offered.Store(true)
	them := "them"
	if n == 1 {
		them = "it"
	}
	l.tell("%d failed: taskhook resend --failed sends %s again", n, them)
}

// countResendable counts what a resend of all failed events would send, and
// remembers it.
func (l *Listener) countResendable(ctx context.Context) int {
	n, err := l.proxy.Resendable(ctx)
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, proxy.ErrStopping) {
		l.logger.Error("failed events cannot be counted", "error", err)
	}
	l.mu.Lock()
	changed := l.resendable != n
	l.resendable = n
	l.mu.Unlock()
	if changed {
		l.changed()
	}
	return n
}

// ResendBatch sends the events that a batch selects.
func (l *Listener) ResendBatch(ctx context.Context, b webhook.Batch, watch func(webhook.BatchItem)) (webhook.BatchReport, error) {
	report, err := l.Stored.ResendBatch(ctx, b, watch)
	if !b.DryRun {
		l.countResendable(l.life)
	}
	return report, err
}
