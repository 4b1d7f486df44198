package fault

import "strings"

// word is one word of rules.
type word struct {
	name    string
	form    string // what may follow the colon, "" if none may
	meaning string
	example string
	hint    string // for a value that is wrong; "": to write it like the example
	acts    bool   // it does something by itself
	set     func(r *Rule, value string) error
}

// bare reports whether the word stands without a value.
func (w word) bare() bool { return w.form == "" }

// words is the table of a rule's own words, in the order people read them.
var words = [...]word{
	{name: "status", form: "429", acts: true, meaning: "answer with this status; your app is not called", example: "status:429",
		hint: "write it like status:429: in a rule it is what is answered, and selects nothing",
		set:  func(r *Rule, v string) (err error) { r.status, err = parseStatus(v); return err }},
	{name: "with", form: "TEXT", meaning: "body of that answer, in quotes if it has spaces", example: `with:'{"error":"rate limit"}'`,
		hint: "leave with: out for Taskhook's own words, or give it a text",
		set:  func(r *Rule, v string) (err error) { r.with, err = parseWith(v); return err }},
	{name: "retry-after", form: "SECONDS", meaning: "header Retry-After of that answer; the platform ignores it", example: "retry-after:120",
		set: func(r *Rule, v string) (err error) { r.retryAfter, err = parseRetryAfter(v); return err }},
	{name: "delay", form: "2s | 1s..5s", acts: true, meaning: "wait before your app is called", example: "delay:1s..5s",
		set: func(r *Rule, v string) (err error) { r.delay, err = parseSpan(v); return err }},
	{name: "delay-after", form: "2s | 1s..5s", acts: true, meaning: "hold your app's answer back", example: "delay-after:2s",
		set: func(r *Rule, v string) (err error) { r.delayAfter, err = parseSpan(v); return err }},
	{name: "hang", acts: true, meaning: "let the sender wait until the time limit; your app is not called", example: "hang",
		set: func(r *Rule, _ string) error { r.hang = true; return nil }},
	{name: "drop", form: "before | middle", acts: true, example: "drop:middle",
		meaning: "call your app and cut the sender's connection before its answer, or in the middle",
		set:     func(r *Rule, v string) (err error) { r.drop, err = parseDrop(v); return err }},
	{name: "duplicate", form: "N", acts: true, meaning: "deliver it N times in all", example: "duplicate:3",
		set: func(r *Rule, v string) (err error) { r.copies, err = parseCount(v, 2, maxCopies); return err }},
	{name: "spacing", form: "5s", meaning: "so far apart; without it all at once", example: "duplicate:3 spacing:5s",
		set: func(r *Rule, v string) (err error) { r.spacing, err = parseDelay(v); return err }},
	{name: "signature", form: "strip | corrupt", acts: true, meaning: "spoil the signature that your app gets", example: "signature:corrupt",
		set: func(r *Rule, v string) (err error) { r.signature, err = parseSignature(v); return err }},
	{name: "rate", form: "30%", meaning: "act on this share of the events, drawn from a seed", example: "rate:30%",
		set: func(r *Rule, v string) (err error) { r.rate, err = parseRate(v); return err }},
	{name: "seed", form: "N", meaning: "draw from this seed instead of 1: the same events get the same faults", example: "seed:7",
		set: func(r *Rule, v string) (err error) { r.seed, err = parseSeed(v); return err }},
	{name: "every", form: "N", meaning: "act on every Nth of the events", example: "every:3",
		set: func(r *Rule, v string) (err error) { r.every, err = parseCount(v, 1, maxCount); return err }},
	{name: "times", form: "N", meaning: "end after N events", example: "times:5",
		set: func(r *Rule, v string) (err error) { r.times, err = parseCount(v, 1, maxCount); return err }},
	{name: "for", form: "10m", meaning: "end after this time", example: "for:10m",
		set: func(r *Rule, v string) (err error) { r.lasts, err = parseLasting(v); return err }},
}

// wordNamed returns the word with a name, in any case.
func wordNamed(name string) (word, bool) {
	for i := range words {
		if strings.EqualFold(words[i].name, name) {
			return words[i], true
		}
	}
	return word{}, false
}

func wordNames() []string {
	names := make([]string, len(words))
	for i, w := range words {
		names[i] = w.name
	}
	return names
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
