package fault

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// word is one word of rules.
type word struct {
	name    string
	form    string // what may follow the colon, "" if none may
	meaning string
	example string
	acts    bool // it does something by itself
	set     func(r *Rule, value string) error
}

// bare reports whether the word stands without a value.
func (w word) bare() bool { return w.form == "" }

// words is the table of a rule's own words, in the order people read them.
var words = [...]word{
	{"status", "429", "answer with this status; your app is not called", "status:429", true, setStatus},
	{"with", "TEXT", "body of that answer, in quotes if it has spaces", `with:'{"error":"rate limit"}'`, false,
		func(r *Rule, v string) error { r.with = v; return nil }},
	{"retry-after", "SECONDS", "header Retry-After of that answer; the platform ignores it", "retry-after:120", false, setRetryAfter},
	{"delay", "2s | 1s..5s", "wait before your app is called", "delay:1s..5s", true,
		func(r *Rule, v string) (err error) { r.delay, err = parseSpan(v); return err }},
	{"delay-after", "2s | 1s..5s", "hold your app's answer back", "delay-after:2s", true,
		func(r *Rule, v string) (err error) { r.delayAfter, err = parseSpan(v); return err }},
	{"hang", "", "let the sender wait until the time limit; your app is not called", "hang", true,
		func(r *Rule, _ string) error { r.hang = true; return nil }},
	{"drop", "before | middle", "call your app and cut the sender's connection before its answer, or in the middle", "drop:middle", true, setDrop},
	{"duplicate", "N", "deliver it N times in all", "duplicate:3", true,
		func(r *Rule, v string) (err error) { r.copies, err = parseCount(v, 2, maxCopies); return err }},
	{"spacing", "5s", "so far apart; without it all at once", "duplicate:3 spacing:5s", false,
		func(r *Rule, v string) (err error) { r.spacing, err = parseDelay(v); return err }},
	{"signature", "strip | corrupt", "spoil the signature that your app gets", "signature:corrupt", true, setSignature},
	{"rate", "30%", "act on this share of the events, drawn from a seed", "rate:30%", false,
		func(r *Rule, v string) (err error) { r.rate, err = parseRate(v); return err }},
	{"seed", "N", "draw from this seed instead of 1: the same events get the same faults", "seed:7", false, setSeed},
	{"every", "N", "act on every Nth of the events", "every:3", false,
		func(r *Rule, v string) (err error) { r.every, err = parseCount(v, 1, maxCount); return err }},
	{"times", "N", "end after N events", "times:5", false,
		func(r *Rule, v string) (err error) { r.times, err = parseCount(v, 1, maxCount); return err }},
	{"for", "10m", "end after this time", "for:10m", false, setLasts},
}

func wordNamed(name string) (word, bool) {
	for _, w := range words {
		if w.name == name {
			return w, true
		}
	}
	return word{}, false
}

func setStatus(r *Rule, v string) error {
	n, err := strconv.Atoi(v)
	if err != nil || n < 200 || n > 599 {
		return fmt.Errorf("%.40q is no status from 200 to 599", v)
	}
	r.status = n
	return nil
}

func setRetryAfter(r *Rule, v string) error {
	if v == "" || len(v) > 40 || strings.ContainsFunc(v, func(c rune) bool { return c < ' ' || c > '~' }) {
		return errors.New("that is no value of a header")
	}
	r.retryAfter = v
	return nil
}

func setDrop(r *Rule, v string) error {
	switch r.drop = Drop(v); r.drop {
	case DropBefore, DropMiddle:
		return nil
	}
	return fmt.Errorf("%.40q is neither before nor middle", v)
}

func setSignature(r *Rule, v string) error {
	switch r.signature = Signature(v); r.signature {
	case SignatureStrip, SignatureCorrupt:
		return nil
	}
	return fmt.Errorf("%.40q is neither strip nor corrupt", v)
}

func setSeed(r *Rule, v string) error {
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil || n == 0 {
		return fmt.Errorf("%.40q is no whole number above zero", v)
	}
	r.seed = n
	return nil
}

func setLasts(r *Rule, v string) error {
	d, err := time.ParseDuration(v)
	if err != nil || d <= 0 || d > maxLasting {
		return fmt.Errorf("%.40q is no duration above zero, of at most 720h", v)
	}
	r.lasts = d
	return nil
}

// Term is a row of the reference of a rule's own words.
type Term struct {
	Syntax  string // how it is written
	Meaning string // what it does
	Example string // a rule's part that uses it
}

// Reference returns a rule's own words as a table, in the order people read
// it. Everything else in a rule is its filter.
func Reference() []Term {
	terms := make([]Term, len(words))
	for i, w := range words {
		syntax := w.name
		if !w.bare() {
			syntax += ":" + w.form
		}
		terms[i] = Term{syntax, w.meaning, w.example}
	}
	return terms
}
