package fault

// exclusive are effects of which a rule has at most one of each pair.
var exclusive = [...][2]string{
	{"status", "hang"}, {"status", "drop"}, {"status", "delay-after"}, {"status", "signature"}, {"status", "duplicate"},
	{"hang", "drop"}, {"hang", "delay"}, {"hang", "delay-after"}, {"hang", "signature"}, {"hang", "duplicate"},
	{"drop", "delay-after"}, {"rate", "every"},
}

// check refuses effects that do not make a rule together.
func (p *parser) check() *RuleError {
	for _, pair := range exclusive {
		if err := p.checkPair(pair[0], pair[1]); err != nil {
			return err
		}
	}
	if w, has := p.at["spacing"]; has && p.rule.copies == 0 {
		return w.wrong("add duplicate:2", "spacing belongs to duplicate")
	}
	if w, has := p.at["seed"]; has && p.rule.rate == 0 && p.rule.delay.fixed() && p.rule.delayAfter.fixed() {
		return w.wrong("add rate:30%, or a range of delays such as delay:1s..5s", "there is nothing random to seed")
	}
	for _, e := range effects {
		if _, has := p.at[e.name]; has && e.acts {
			return nil
		}
	}
	_, keyword, _ := split(p.text)
	return &RuleError{
		Offset: keyword.from, Length: len(keyword.text), Message: "the rule does nothing",
		Hint: "begin with status:429, delay:2s, hang, drop:before, duplicate:2 or signature:strip",
	}
}

// checkPair refuses two effects that contradict each other.
func (p *parser) checkPair(one, other string) *RuleError {
	a, hasA := p.at[one]
	b, hasB := p.at[other]
	if !hasA || !hasB {
		return nil
	}
	later := b
	if a.from > b.from {
		later = a
	}
	return later.wrong("leave one of them out, or make two rules", "%s and %s exclude each other", one, other)
}
