package fault

import "strings"

// Effect is a row of the reference of effects.
type Effect struct {
	Syntax  string // how it is written: "rate:30%"
	Meaning string // what it does
	Example string // a rule that uses it
}

// Effects returns all effects in the order in which people read them.
func Effects() []Effect {
	all := make([]Effect, len(effects))
	for i, e := range effects {
		all[i] = Effect{e.syntax(), e.meaning, e.example}
	}
	return all
}

// effect is one word that says what a rule does, how often, or for how long.
type effect struct {
	name    string
	value   string // what follows the colon, "": no value
	meaning string
	example string
	acts    bool // a rule does something with this effect alone
	set     func(r *Rule, value string) error
}

func (e effect) syntax() string {
	if e.value == "" {
		return e.name
	}
	return e.name + ":" + e.value
}

// effects are all effects. One that acts also needs a field of Rule, which
// table.go hands on to Action and proxy/faulty.go acts on; words for it before
// it is done (Rule.Description), for its cost (Rule.Warning), and once it is
// done (Action.String); and a line of check.go if it excludes another.
var effects = [...]effect{
	{name: "status", value: "429", acts: true, meaning: "answer with this status; your app is not called", example: "status:429",
		set: func(r *Rule, v string) (err error) { r.status, err = parseStatus(v); return err }},
	{name: "delay", value: "2s | 1s..5s", acts: true, meaning: "wait before your app is called", example: "delay:1s..5s",
		set: func(r *Rule, v string) (err error) { r.delay, err = parseDelayRange(v); return err }},
	{name: "delay-after", value: "2s | 1s..5s", acts: true, meaning: "delay your app's answer", example: "delay-after:2s",
		set: func(r *Rule, v string) (err error) { r.delayAfter, err = parseDelayRange(v); return err }},
	{name: "hang", acts: true, meaning: "do not answer before the time limit; your app is not called", example: "hang",
		set: func(r *Rule, _ string) error { r.hang = true; return nil }},
	{name: "drop", value: "before | middle", acts: true, example: "drop:middle",
		meaning: "call your app, then drop the connection before or during the answer",
		set:     func(r *Rule, v string) (err error) { r.drop, err = parseDrop(v); return err }},
	{name: "duplicate", value: "N", acts: true, meaning: "deliver the event N times, all at once", example: "duplicate:3",
		set: func(r *Rule, v string) (err error) { r.copies, err = parseCount(v, 2, maxCopies); return err }},
	{name: "spacing", value: "5s", meaning: "wait this long between two deliveries of duplicate", example: "duplicate:3 spacing:5s",
		set: func(r *Rule, v string) (err error) { r.spacing, err = parseDelay(v); return err }},
	{name: "signature", value: "strip | corrupt", acts: true, meaning: "remove or corrupt the signature that your app gets", example: "signature:corrupt",
		set: func(r *Rule, v string) (err error) { r.signature, err = parseSignature(v); return err }},
	{name: "rate", value: "30%", meaning: "act on this share of the events, at random", example: "status:429 rate:30%",
		set: func(r *Rule, v string) (err error) { r.rate, err = parseRate(v); return err }},
	{name: "seed", value: "N", meaning: "seed of what is random, by default 1: the same events get the same faults", example: "status:429 rate:30% seed:7",
		set: func(r *Rule, v string) (err error) { r.seed, err = parseSeed(v); return err }},
	{name: "every", value: "N", meaning: "act on every Nth event", example: "status:429 every:3",
		set: func(r *Rule, v string) (err error) { r.every, err = parseCount(v, 1, maxCount); return err }},
	{name: "times", value: "N", meaning: "end after N events", example: "status:503 times:5",
		set: func(r *Rule, v string) (err error) { r.times, err = parseCount(v, 1, maxCount); return err }},
	{name: "expires", value: "10m", meaning: "end after this time", example: "delay:2s expires:10m",
		set: func(r *Rule, v string) (err error) { r.lifetime, err = parseLifetime(v); return err }},
}

// effectNamed returns the effect with a name, in any case.
func effectNamed(name string) (effect, bool) {
	for _, e := range effects {
		if strings.EqualFold(e.name, name) {
			return e, true
		}
	}
	return effect{}, false
}

func effectNames() []string {
	names := make([]string, len(effects))
	for i, e := range effects {
		names[i] = e.name
	}
	return names
}
