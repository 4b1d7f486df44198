package verify

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// unsigned makes the verdict on an event without any signature.
func unsigned(h http.Header, p present) webhook.Verdict {
	heads := signatureHeaders()
	v := webhook.Verdict{
		Status: webhook.Unsigned,
		Next:   "have it signed (taskhook trigger signs its events), or forward unsigned events too with taskhook listen --verify warn",
	}
	if len(p.blank) > 0 {
		var words []string
		for _, b := range p.blank {
			words = append(words, b.header+" is "+b.is)
		}
		v.Reason = strings.Join(words, " and ") + ": the event was sent without a signature"
		return v
	}
	v.Reason = fmt.Sprintf("no signature: the request has neither a header %s nor %s", heads[1].name, heads[0].name)
	if other := otherSignature(h); other != "" {
		v.Reason += fmt.Sprintf("; its header %.60q is not one that the platform sends", other)
	}
	return v
}

// otherSignature returns the name of a header that seems to hold a signature.
func otherSignature(h http.Header) string {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		known := name == taskee.HeaderRSA || name == taskee.HeaderEd25519
		if !known && strings.Contains(strings.ToLower(name), "signature") {
			return name
		}
	}
	return ""
}

// valid makes the verdict on an event with a signature that counts; the
// others and their circumstances become warnings.
func valid(findings []finding, best int, p present) webhook.Verdict {
	f := &findings[best]
	v := webhook.Verdict{Status: webhook.Valid, Scheme: f.scheme, Header: f.header, Key: f.key}
	var warnings []string
	warn := func(text, next string) {
		warnings = append(warnings, text)
		if v.Next == "" {
			v.Next = next
		}
	}
	if mismatch := f.mismatch(); mismatch != "" {
		warn(mismatch, nextMismatch)
	}
	for i := range findings {
		other := &findings[i]
		if other.header != f.header && !other.counts() {
			warn(besides(f, other), "have the sender fix or leave out "+other.header)
		}
	}
	for _, r := range p.remarks() {
		warn(r, "have the sender, or the proxy in between, send each signature header once")
	}
	v.Reason = strings.Join(warnings, "; ")
	return v
}

// besides warns of a signature that does not fit beside one that does, and
// says which apps will reject the event.
func besides(f, other *finding) string {
	text := fmt.Sprintf("%s fits the key %s, but %s %s", f.header, f.key, other.header, other.summary())
	if other.uncheckable && other.flaw.is == "" {
		return text
	}
	if other.expected == taskee.SchemeEd25519 {
		return text + ": the platform's SDK checks that one alone when it is there, and will refuse this event"
	}
	return text + ": an app that checks that one, as the guide's example does, will refuse this event"
}

// summary says in a few words, as the predicate of its header, why a signature
// does not count.
func (f finding) summary() string {
	switch {
	case f.flaw.is != "":
		return f.flaw.is
	case f.scheme == "":
		return fmt.Sprintf("has the wrong length (%d bytes)", len(f.data))
	case f.uncheckable:
		return "cannot be checked, for no trusted key is of its kind"
	}
	return "does not fit"
}

// mismatch says that a signature is in the header of another scheme, ""
// if it does not.
func (f finding) mismatch() string {
	if f.scheme == "" || f.scheme == f.expected {
		return ""
	}
	return fmt.Sprintf("scheme and header do not fit: %s holds an %s, where apps expect %s", f.header, schemeWords(f.scheme, len(f.data)), schemeName(f.expected))
}

const nextMismatch = "send each signature in the header of its scheme"

// remarks says what is odd about the headers themselves.
func (p present) remarks() []string {
	var all []string
	for _, r := range p.repeated {
		text := "%s came %d times with the same value, and frameworks that join repeated headers (Node does) will not find a signature in it"
		if r.differ {
			text = "%s came with %d values that are not the same, and frameworks join them (Node does) or take the first"
		}
		all = append(all, fmt.Sprintf(text, r.header, r.values))
	}
	if p.untried {
		all = append(all, fmt.Sprintf("only %d different signatures were tried", maxSignatures))
	}
	return all
}

func schemeName(scheme string) string {
	if scheme == taskee.SchemeRSA {
		return "RSA"
	}
	return "Ed25519"
}

// schemeWords names a signature of a scheme and a size in bytes.
func schemeWords(scheme string, size int) string {
	if scheme == taskee.SchemeRSA {
		return fmt.Sprintf("RSA signature of %d bits", size*8)
	}
	return "Ed25519 signature"
}

// rsaSizes lists the sizes that an RSA signature by a trusted key has.
func (v *Verifier) rsaSizes() string {
	var sizes []int
	for _, k := range v.trusted.rsa.all {
		sizes = append(sizes, k.public.Size())
	}
	if len(sizes) == 0 {
		sizes = []int{platformRSASize}
	}
	slices.Sort(sizes)
	var words []string
	for _, n := range slices.Compact(sizes) {
		words = append(words, strconv.Itoa(n))
	}
	return strings.Join(words, " or ")
}
