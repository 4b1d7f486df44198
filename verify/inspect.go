package verify

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/body"
)

// Inspect diagnoses the signatures of a request with this body: the verdict of
// [Verifier.Diagnose], and each signature that is tried, whether it counts or
// not.
func (v *Verifier) Inspect(h http.Header, body []byte) webhook.Diagnosis {
	q := &search{header: h, body: body, limit: len(body)}
	p, findings := v.examineAll(h, q)
	explanations := v.explainAll(findings, q)
	d := webhook.Diagnosis{
		Verdict:     verdict(h, p, findings, explanations),
		Restringify: restringify(h, body),
	}
	for i := range findings {
		d.Signatures = append(d.Signatures, described(&findings[i], explanations[i]))
	}
	for _, b := range p.blank {
		d.Signatures = append(d.Signatures, webhook.Signature{
			Header: b.header, Status: webhook.Unsigned,
			Reason: "it is " + b.is + " and holds no signature",
		})
	}
	return d
}

// described is a signature with its explanation, which mentions a mismatch of
// scheme and header as a verdict does.
func described(f *finding, e explanation) webhook.Signature {
	s := webhook.Signature{
		Header: f.header, Status: webhook.Invalid, Scheme: f.scheme, Size: len(f.data),
		Key: f.key, Fingerprint: f.fingerprint, Reason: e.reason, Next: e.next,
	}
	mismatch := f.mismatch()
	switch {
	case f.counts():
		s.Status = webhook.Valid
		if mismatch != "" {
			s.Reason, s.Next = mismatch, nextMismatch
		}
	case mismatch != "":
		s.Reason += "; " + mismatch
	}
	return s
}

// restringify compares a body with what JavaScript makes of it, once a framework
// has decompressed it.
func restringify(h http.Header, arrived []byte) webhook.Restringify {
	becomes, err := jsjson.Stringify(body.Read(h, arrived, false).Bytes)
	if err != nil {
		r := webhook.Restringify{Error: err.Error()}
		if syntax, ok := errors.AsType[*jsjson.SyntaxError](err); ok {
			r.Offset = syntax.Offset
		}
		return r
	}
	d, differ := jsjson.FirstDifference(arrived, becomes)
	return webhook.Restringify{Same: !differ, Offset: d.Offset, Was: readable(d.A), Becomes: readable(d.B)}
}

// readable writes bytes that are not UTF-8 as \xNN: the diagnosis is text that
// crosses sockets, and JSON would have it that they equal U+FFFD.
func readable(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		_, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[i])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
