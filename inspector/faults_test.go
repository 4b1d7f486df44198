package inspector

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func TestRulesAreAddedAndTakenAwayOnTheScreen(t *testing.T) {
	feed := many(2)
	d := simulating(t, feed, 80, 24)
	d.press("F")
	d.sees("No fault rules.")
	d.press("enter")
	d.typed("status:99")
	d.press("enter")
	d.sees(`✗ status: "99" is not a status from 200 to 599`)
	d.press("backspace") // the cursor is behind what is wrong
	d.press("backspace")
	d.typed("429 times:2 type:Contact*")
	d.press("enter")
	d.sees(`is not an effect; a filter comes after "for": write it as:`)
	for range len("type:Contact*") {
		d.press("backspace")
	}
	d.typed("for type:Contact*")
	d.sees("! answer 429 without calling your app, for type:Contact*; a 429 spends real")
	d.press("enter")
	d.sees("  #  fired/seen left   ends    rule")
	d.sees("▸ 1  0/0        2      –       status:429 times:2 for type:Contact*")
	d.sees("! answer 429 without calling your app, for type:Contact*; a 429 spends real")
	d.sees("FAULTS 1 rule")
	d.press("a")
	d.typed("delay:1s")
	d.press("enter")
	d.sees("▸ 2  0/0        –      –       delay:1s")
	d.sees("FAULTS 2 rules")
	d.press("up", "d")
	d.misses("times:2")
	d.press("c")
	d.sees("Remove 1 rule? y/n")
	d.press("n")
	d.sees("delay:1s")
	d.press("c", "y")
	d.sees("No fault rules.")
	if len(feed.listener.Faults) != 0 {
		t.Errorf("rules %+v", feed.listener.Faults)
	}
	d.misses("FAULTS")
	d.press("a", "up")
	d.sees("rule: delay:1s") // what was written before is not written again
}

func TestTheRulesAreReadAnewWhileTheyAreShown(t *testing.T) {
	feed := many(2)
	feed.listener.Faults = []webhook.FaultRule{
		{ID: 3, Text: "status:503 times:5", Effect: "answer 503", Matched: 9, Fired: 3, Limit: 5},
		{ID: 4, Text: "hang expires:10m", Effect: "hang", Ends: noon.Add(10 * time.Minute)},
		{ID: 5, Text: "drop:before\x1b[2J times:1", Effect: "drop\x1b[2J", Limit: 1, Fired: 1, Matched: 1, Ended: true},
	}
	d := simulating(t, feed, 80, 24)
	d.press("F")
	d.sees("▸ 3  3/9        2      –       status:503 times:5")
	d.sees("  4  0/0        –      in 10m  hang expires:10m")
	d.sees("  5  1/1        done   ended   drop:before")
	d.sees("FAULTS 2 rules")
	feed.mu.Lock()
	feed.listener.Faults = slices.Clone(feed.listener.Faults)
	feed.listener.Faults[0].Fired, feed.listener.Faults[0].Matched = 4, 12
	feed.mu.Unlock()
	d.ticks(3)
	d.sees("▸ 3  4/12       1      –       status:503 times:5")
	d.press("down", "down", "down")
	if v := d.m.View().Content; strings.Contains(v, "\x1b[2J") {
		t.Errorf("%q acts", v)
	}
	d.sees("! drop")
}

func TestRulesThatCannotBeChangedSayWhy(t *testing.T) {
	feed := many(2)
	d := simulating(t, feed, 80, 24)
	feed.platform.faultsErr = errors.New("the listener is gone")
	d.press("F", "a")
	d.typed("hang")
	d.press("enter")
	d.sees("the rules were not changed: the listener is gone")
}

func TestTheCostOfARuleIsSaidEvenWhenTheTableIsLeft(t *testing.T) {
	d := simulating(t, many(2), 80, 24)
	d.press("F", "a")
	d.typed("hang")
	d.slow = true
	d.press("enter", "esc")
	d.catchUp()
	d.sees("rule 1: do not answer before the time limit")
	d.sees("a timeout is final")
}

func TestTheShieldIsAnnouncedWhileItIsUp(t *testing.T) {
	feed := many(2)
	feed.listener.NextRetry = noon.Add(10 * time.Minute)
	feed.add(webhook.Summary{Event: webhook.Event{Type: "NoteCreate", ReceivedAt: noon}, Outcome: webhook.Outcome{
		Answer: webhook.Answer{Status: 429, By: webhook.ByTaskhook, RetryAt: noon.Add(10 * time.Minute), Shielded: true},
	}})
	d := simulating(t, feed, 80, 24)
	d.press("H")
	d.sees("shield up: while the app is down or too slow")
	d.sees("SHIELD · 1 retrying, next retry about 14:45")
	d.ticks(4)
	d.sees("SHIELD · 1 retrying, next retry about 14:45")
	d.press("H")
	d.sees("shield down: what the app misses fails on Taskee")
	d.ticks(4)
	d.misses("SHIELD")
	feed.platform.shieldErr = errors.New("the listener is gone")
	d.press("H")
	d.sees("the shield was not changed: the listener is gone")
	d.misses("SHIELD")
}

func TestWithoutAListenerThereIsNothingToDisturb(t *testing.T) {
	d := drive(t, many(2), 80, 24, Options{})
	d.press("F", "H")
	d.misses("No fault rules")
	d.misses("shield up")
}

func TestNoNoticeIsForgottenForAnother(t *testing.T) {
	feed := many(5)
	feed.listener.Faults = []webhook.FaultRule{{ID: 1, Text: "hang"}, {ID: 2, Text: "drop:before"}}
	feed.listener.Shield, feed.listener.Resendable, feed.listener.NextRetry = true, 12, noon.Add(10*time.Minute)
	feed.listener.Degraded = "the disk is full"
	for i := range 3 {
		feed.answer(webhook.ID(i+1), webhook.Answer{Status: 429, By: webhook.ByApp, RetryAt: noon.Add(time.Hour)})
	}
	for _, size := range [][2]int{{40, 10}, {40, 12}, {80, 24}, {120, 40}} {
		for _, noColor := range []bool{false, true} {
			d := drive(t, feed, size[0], size[1], Options{NoColor: noColor})
			d.fits()
			d.press("t")
			d.fits()
			d.press("esc", "i")
			d.fits()
			if size[1] > 10 && !strings.Contains(d.screen(), "FAULTS 2") {
				t.Errorf("%v: the rules are not announced:\n%s", size, d.screen())
			}
			if size[1] > 20 {
				d.sees("FAULTS 2 rules · SHIELD · 3 retrying, next retry about 14:45")
				d.sees("12 failed: ctrl+r to resend")
			}
		}
	}
}

func TestFaultViews(t *testing.T) {
	for _, size := range [][2]int{{40, 12}, {80, 24}, {120, 40}} {
		d := simulating(t, many(5), size[0], size[1])
		d.press("F", "a")
		d.typed("status:429 rate:30% for type:Contact*")
		d.golden("faults-add")
		d.press("enter", "a")
		d.typed("hang times:3")
		d.press("enter", "up")
		d.golden("faults")
	}
}
