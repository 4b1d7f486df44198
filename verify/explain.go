package verify

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/body"
)

// explanation is why a signature does not make its event valid.
type explanation struct {
	weight int // how much it says: of two bad signatures the heavier is reported
	key    string
	reason string
	next   string
}

// The weights of explanations.
const (
	weightText     = iota // the text of the header is wrong
	weightUnknown         // another key made it
	weightKind            // of a kind that is not checked here
	weightEncoding        // it fits, but for its encoding
	weightSigner          // a known key made it
	weightBody            // the body was altered
)

const compareKeys = "compare the sender's key with those of `taskhook keys`; trust another with --public-key FILE"

// explain finds out why a signature does not fit.
func (v *Verifier) explain(f *finding, q *search) explanation {
	switch {
	case f.data == nil:
		return explanation{weightText, "", f.header + " " + f.flaw.is, f.flaw.next}
	case f.flaw.is != "" && f.fits:
		return explanation{
			weightEncoding, f.key,
			fmt.Sprintf("%s %s: decoded as such it fits the key %s, but the platform sends standard base64 and strict readers refuse this", f.header, f.flaw.is, f.key),
			f.flaw.next,
		}
	}
	e := v.explainBytes(f, q)
	if f.flaw.is != "" {
		e.reason = fmt.Sprintf("%s %s; decoded as such: %s", f.header, f.flaw.is, e.reason)
		e.next = f.flaw.next
	}
	return e
}

func (v *Verifier) explainBytes(f *finding, q *search) explanation {
	switch f.scheme {
	case taskee.SchemeRSA:
		return v.explainRSA(f, q)
	case taskee.SchemeEd25519:
		return v.explainEd25519(f, q)
	}
	return v.explainSize(f)
}

// explainUnknown explains a signature that none of the keys made.
func (v *Verifier) explainUnknown(f *finding, reason, next string) explanation {
	if f.uncheckable {
		return explanation{
			weightKind, "",
			fmt.Sprintf("%s holds an %s, and no trusted key (%s) can check one", f.header, schemeWords(f.scheme, len(f.data)), v.trusted.names("")),
			"trust the sender's key with --public-key FILE",
		}
	}
	return explanation{weightUnknown, "", reason, next}
}

// explainSize explains a signature of a size that no signature has.
func (v *Verifier) explainSize(f *finding) explanation {
	n := len(f.data)
	reason := fmt.Sprintf("%s has the wrong length: %d bytes once decoded, where an RSA signature has %s and an Ed25519 signature %d",
		f.header, n, v.rsaSizes(), ed25519.SignatureSize)
	switch {
	case n == 128 || n == 256 || n == 384 || n == 768 || n == 1024:
		reason += fmt.Sprintf("; it may be by an RSA key of %d bits, which is not trusted here", n*8)
	case n == 20 || n == 32:
		reason += "; it may be an HMAC, which the platform does not use"
	case n >= 68 && n <= 72 && f.data[0] == 0x30:
		reason += "; it may be an ECDSA signature, which the platform does not use"
	case n < ed25519.SignatureSize || n > ed25519.SignatureSize && n < platformRSASize:
		reason += "; it may have been cut short"
	}
	return explanation{weightText, "", reason, "send the whole signature: 684 characters of base64 for RSA-4096, 88 for Ed25519"}
}

// explainRSA explains an RSA signature. Once it is opened with the key that
// made it, each altered body costs one hash.
func (v *Verifier) explainRSA(f *finding, q *search) explanation {
	if f.key == "" && len(v.known.rsa.all) > 0 && q.affords(costRSA(len(f.data))*len(v.known.rsa.all)) {
		v.known.open(f)
		f.known = f.key != ""
	}
	if f.key == "" {
		if f.pss != nil && isPSS(f, q) {
			return explanation{
				weightKind, "",
				f.header + " holds an RSA signature with PSS padding, where the platform uses PKCS#1 v1.5",
				"sign with PKCS#1 v1.5 padding, the default of openssl dgst -sha256 -sign",
			}
		}
		return v.explainUnknown(f, fmt.Sprintf(
			"the RSA signature in %s was made by none of the trusted keys (%s): another key made it, or the signature itself was damaged",
			f.header, v.trusted.names(taskee.SchemeRSA)), compareKeys)
	}
	if f.opened.kind != "" {
		return explanation{
			weightKind, f.key,
			fmt.Sprintf("the key %s made the signature in %s, but over %s, where the platform signs the SHA-256 of the body", f.key, f.header, f.opened.kind),
			"sign the exact body with SHA-256: openssl dgst -sha256 -sign PRIVATE.pem FILE",
		}
	}
	if f.known && f.opened.digest == q.sha256() {
		return signedByKnownKey(f)
	}
	a, was := q.undo(0, func(b []byte) bool { return sha256.Sum256(b) == f.opened.digest })
	if a != nil {
		return altered(f, a, was, q)
	}
	return explanation{
		weightBody, f.key,
		fmt.Sprintf("the key %s made the signature in %s over other bytes than the %d that arrived: the body was changed on its way, or the signature belongs to another event%s",
			f.key, f.header, len(q.body), q.remark()),
		q.orDiagnose(passThrough),
	}
}

// isPSS reports whether a signature would fit with the other padding.
func isPSS(f *finding, q *search) bool {
	digest := q.sha256()
	return q.affords(4*costRSA(len(f.data))) && rsa.VerifyPSS(f.pss, crypto.SHA256, digest[:], f.data, nil) == nil
}

// explainEd25519 explains an Ed25519 signature. It cannot be opened: each
// altered body costs a check with each key.
func (v *Verifier) explainEd25519(f *finding, q *search) explanation {
	if n := len(v.known.ed25519.all); n > 0 && q.affords(n*costEd25519) {
		f.known = v.known.checkEd25519(f, q.body)
	}
	if f.known {
		return signedByKnownKey(f)
	}
	keys := len(v.trusted.ed25519.all) + len(v.known.ed25519.all)
	a, was := q.undo(keys*costEd25519, func(b []byte) bool {
		if v.trusted.checkEd25519(f, b) {
			return true
		}
		f.known = v.known.checkEd25519(f, b)
		return f.known
	})
	if a != nil {
		return altered(f, a, was, q)
	}
	return v.explainUnknown(f, fmt.Sprintf(
		"the Ed25519 signature in %s fits none of the trusted keys (%s): another key made it, or the body was changed on its way%s",
		f.header, v.trusted.names(taskee.SchemeEd25519), q.remark()), q.orDiagnose(compareKeys))
}

// signedByKnownKey explains a good signature by a key that is not trusted here.
func signedByKnownKey(f *finding) explanation {
	if f.key == DevKey {
		return explanation{
			weightSigner, f.key,
			"signed by the local development key, which is trusted on the loopback address only and not through the tunnel",
			"send it to the local address that taskhook listen prints (taskhook trigger does); only the platform signs for the public URL",
		}
	}
	return explanation{
		weightSigner, f.key,
		fmt.Sprintf("signed by the key %s, which is known but not trusted here", f.key),
		"trust it with --public-key FILE",
	}
}

// altered explains a body that the signature fits once an alteration is
// undone.
func altered(f *finding, a *alteration, was []byte, q *search) explanation {
	happened := a.happened
	if a.json && !strings.Contains(happened, ":") && bytes.Equal(was, formatted()(q.body)) {
		happened += ": white space was added"
	}
	reason := fmt.Sprintf("%s (the signature in %s, by the key %s, fits %s)", happened, f.header, f.key, a.fits)
	if a.json {
		d, _ := jsjson.FirstDifference(was, q.body)
		reason += fmt.Sprintf("; first difference at byte %d: signed %q, arrived %q", d.Offset+1, d.A, d.B)
	}
	if f.known {
		reason += "; the key " + f.key + " is not trusted here either"
	}
	return explanation{weightBody, f.key, reason, a.next}
}

// undo looks for an alteration that explains a signature, and returns it with
// the body as it was signed. each is what one check costs, in microseconds.
func (q *search) undo(each int, fits func([]byte) bool) (*alteration, []byte) {
	if len(q.body) > q.limit {
		return nil, nil
	}
	if a, was := q.undoCompression(each, fits); a != nil {
		return a, was
	}
	kib := 1 + len(q.body)/1024
	for i := range alterations {
		a := &alterations[i]
		if !q.affords(each + kib*(a.cost+costPerKiB)) {
			return nil, nil
		}
		was := a.undo(q.body)
		if was != nil && !bytes.Equal(was, q.body) && fits(was) {
			return a, was
		}
	}
	return nil, nil
}

// undoCompression looks whether a signature fits what the headers say was
// compressed.
func (q *search) undoCompression(each int, fits func([]byte) bool) (*alteration, []byte) {
	if len(body.Codings(q.header)) == 0 || !q.affords(each+body.Size(len(q.body))/1024*costPerKiB) {
		return nil, nil
	}
	text := body.Read(q.header, q.body, false)
	if !text.Decoded() || text.Partial || !fits(text.Bytes) {
		return nil, nil
	}
	return &compression, text.Bytes
}

// remark adds to what is said of a body that nothing explains: why the search
// ended early, or what is odd about the body.
func (q *search) remark() string {
	switch {
	case len(q.body) > q.limit:
		return fmt.Sprintf("; a body of %d bytes is not searched for the reason on arrival", len(q.body))
	case q.exhausted:
		return "; so many bad signatures arrive that this one was not searched for the reason"
	}
	if c := clue(q.header, q.body); c != "" {
		return "; " + c
	}
	return ""
}

// orDiagnose replaces a step by the full search where that was not done.
func (q *search) orDiagnose(next string) string {
	if q.exhausted || len(q.body) > q.limit {
		return "save the body with taskhook events show ID --raw and run taskhook verify on it, which searches in full"
	}
	return next
}

// explainAll explains each signature that does not count.
func (v *Verifier) explainAll(findings []finding, q *search) []explanation {
	all := make([]explanation, len(findings))
	for i := range findings {
		if !findings[i].counts() {
			all[i] = v.explain(&findings[i], q)
		}
	}
	return all
}

// invalid makes the verdict on an event without a signature that counts, from
// the explanation of each.
func invalid(findings []finding, explanations []explanation, p present) webhook.Verdict {
	reported := 0
	for i, e := range explanations {
		if e.weight > explanations[reported].weight {
			reported = i
		}
	}
	f, best := &findings[reported], explanations[reported]
	remarks := []string{best.reason}
	if mismatch := f.mismatch(); mismatch != "" {
		remarks = append(remarks, mismatch)
	}
	for i := range findings {
		if i != reported && findings[i].header != f.header {
			remarks = append(remarks, findings[i].header+" does not help: it "+findings[i].summary())
		}
	}
	remarks = append(remarks, p.remarks()...)
	return webhook.Verdict{
		Status: webhook.Invalid, Scheme: f.scheme, Header: f.header, Key: best.key,
		Reason: strings.Join(remarks, "; "), Next: best.next,
	}
}
