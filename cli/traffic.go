package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/proxy/fault"
	"github.com/taskhook/taskhook/webhook"
)

// trafficFlags are the flags of listen and demo that change what becomes of
// live traffic.
type trafficFlags struct {
	shield    bool
	faults    []string
	faultFile string
	rules     []fault.Rule // of both
}

func (f *trafficFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.BoolVar(&f.shield, "shield", false, "answer 429 while your app is down or takes longer than 10s (or --timeout, if that is given), so that Taskee sends the event again instead of losing it")
	fl.StringArrayVar(&f.faults, "fault", nil, "inject faults by a RULE such as 'status:429 rate:30% for type:ContactCreate' (repeatable; see taskhook faults --help)")
	fl.StringVar(&f.faultFile, "fault-file", "", "inject faults by the rules in a FILE, one a line")
	// Nothing is injected by a variable that somebody has forgotten.
	onlyOnCommandLine(fl, "fault", "fault-file")
}

func (f *trafficFlags) understand(cmd *cobra.Command) error {
	var err error
	if f.rules, err = parseRules(cmd, f.faults); err != nil || f.faultFile == "" {
		return err
	}
	more, err := readRules(cmd, f.faultFile)
	f.rules = append(f.rules, more...)
	return err
}

// trafficEvery is how often is looked for a change of rules and shield.
const trafficEvery = 500 * time.Millisecond

// watchTraffic says, as long as ctx lasts, when rules begin or end and when
// the shield goes up or down, whoever did it: nothing is injected silently.
func (s *session) watchTraffic(ctx context.Context) {
	tick := time.NewTicker(trafficEvery)
	defer tick.Stop()
	said := map[int]bool{} // the rules that were said to be on
	shield := false
	failed := failedWatch{}
	for {
		s.recountFailed(ctx, &failed)
		s.sayRules(said)
		if up := s.proxy.Shield(); up != shield {
			shield = up
			s.sayShield(ctx, up)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// failedWatch is when the failed events were last counted.
type failedWatch struct {
	failed int // as the store's counts had it
	at     time.Time
}

// recountEvery is how often the failed events are counted anew at most: it checks
// the signature of each.
const recountEvery = 3 * time.Second

// recountFailed counts what a rescue would send when the store's own count has
// changed, while the app is up. What a listener finds when it starts it offers.
func (s *session) recountFailed(ctx context.Context, w *failedWatch) {
	s.mu.Lock()
	up := s.health.Known && s.health.Up
	s.mu.Unlock()
	if !up || time.Since(w.at) < recountEvery {
		return
	}
	counts, err := s.store.Counts(ctx)
	if err != nil || counts.Failed == w.failed && !w.at.IsZero() {
		return
	}
	first := w.at.IsZero()
	w.failed, w.at = counts.Failed, time.Now()
	if first {
		s.offerResend(ctx)
		return
	}
	s.countFailed(ctx)
}

// sayRules says what has changed since the rules that were said to be on.
func (s *session) sayRules(said map[int]bool) {
	on, there := map[int]bool{}, map[int]bool{}
	for _, r := range s.proxy.Faults().Rules() {
		if there[r.ID] = true; r.Ended {
			continue
		}
		on[r.ID] = true
		if !said[r.ID] {
			said[r.ID] = true
			s.say(fmt.Sprintf("fault rule %d is on: %s", r.ID, r.Effect), false)
			if r.Warning != "" {
				s.say(fmt.Sprintf("fault rule %d: %s", r.ID, r.Warning), false)
			}
		}
	}
	for id := range said {
		if !on[id] {
			delete(said, id)
			what := "was removed"
			if there[id] {
				what = "has ended"
			}
			s.say(fmt.Sprintf("fault rule %d %s", id, what), true)
		}
	}
}

func (s *session) sayShield(ctx context.Context, up bool) {
	if !up {
		s.say("the shield is down: what your app misses fails on Taskee, and is recovered only from here", false)
		return
	}
	text := fmt.Sprintf("the shield is up: while your app is down or takes longer than %s, Taskee is answered 429 and sends again", format.Duration(s.proxy.ShieldTimeout()))
	if all, err := s.store.Retrying(ctx); err == nil && len(all) > 0 {
		text += fmt.Sprintf("; %s retrying there, the next try about %s", format.Plural(len(all), "event is", "events are"), format.ShortTime(all[0].Outcome.Answer.RetryAt.Local(), time.Now()))
	}
	s.say(text, true)
}

// offerResend says what the app has missed, once it answers again.
func (s *session) offerResend(ctx context.Context) {
	n := s.countFailed(ctx)
	if n > 0 {
		s.say(fmt.Sprintf("%d failed: taskhook rescue sends what your app has missed", n), true)
	}
}

// countFailed counts what a rescue is for, and remembers it for the screen.
func (s *session) countFailed(ctx context.Context) int {
	n, err := s.proxy.Resendable(ctx)
	if err != nil && !errors.Is(err, context.Canceled) {
		s.logger.Error("failed events cannot be counted", "error", err)
	}
	s.mu.Lock()
	s.resendable = n
	s.mu.Unlock()
	return n
}

// check says what the keys that are trusted now make of a stored event.
func (s *session) check(e webhook.Event) webhook.Verdict { return s.feed.diagnose(e).Verdict }
