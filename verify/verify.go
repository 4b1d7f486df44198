// Package verify checks the signature of a webhook and says, in a sentence a
// person can act on, what is wrong with one that does not fit.
//
// An event is valid when any signature it carries was made over its exact
// bytes with a trusted key. The size of a signature tells its algorithm,
// whichever header it is in. A signature in another encoding than standard
// base64 is not valid, but is decoded to say whether it would be.
//
// A header that was sent more than once is read value by value, and one that
// fits makes the event valid, with a warning; of all the values of one event
// two different ones are tried.
package verify

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"net/http"
	"slices"

	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// Verifier checks signatures against a fixed set of keys. It is cheap to make;
// when keys change, make another. It is safe for concurrent use.
type Verifier struct {
	trusted, known keyring
	budget         budget
}

// New returns a Verifier. A signature by one of the trusted keys is valid. One
// by a known key is not, but is recognised by the key's name. Keys that cannot
// check anything ([Key.Scheme] is "") are ignored, and a key that is in
// both lists is trusted.
func New(trusted, known []Key) *Verifier {
	v := &Verifier{}
	v.trusted.add(trusted)
	v.known.add(slices.DeleteFunc(slices.Clone(known), func(k Key) bool {
		return slices.ContainsFunc(trusted, func(t Key) bool { return t.Fingerprint() == k.Fingerprint() })
	}))
	return v
}

// Verify checks the signature of a request with this body. The verdict is
// data: there is no error, and nothing a sender can send makes it panic.
//
// It is made for the request path: the reason of a bad signature is not
// searched for in bodies above 64 KiB, and only for some events when bad
// signatures arrive in such numbers that it would cost noticeable time. The
// status never depends on that. [Verifier.Diagnose] always searches.
func (v *Verifier) Verify(h http.Header, body []byte) webhook.Verdict {
	q := &search{header: h, body: body, budget: &v.budget, limit: requestPathLimit}
	p, findings := v.examineAll(h, q)
	var explanations []explanation
	if !slices.ContainsFunc(findings, finding.counts) {
		explanations = v.explainAll(findings, q)
	}
	return verdict(h, p, findings, explanations)
}

// Diagnose is Verify with the full search for a reason, whatever the size of
// the body: a fraction of a second for one of several megabytes.
func (v *Verifier) Diagnose(h http.Header, body []byte) webhook.Verdict {
	return v.Inspect(h, body).Verdict
}

// examineAll examines the signatures of a request.
func (v *Verifier) examineAll(h http.Header, q *search) (present, []finding) {
	p := read(h, func(size int) bool { return v.scheme(size) != "" })
	findings := make([]finding, len(p.signatures))
	for i, s := range p.signatures {
		findings[i] = v.examine(s, q)
	}
	return p, findings
}

// verdict sums up the findings. Their explanations are needed only if none of
// them counts.
func verdict(h http.Header, p present, findings []finding, explanations []explanation) webhook.Verdict {
	best := slices.IndexFunc(findings, finding.counts)
	switch {
	case len(findings) == 0:
		return unsigned(h, p)
	case best >= 0:
		return valid(findings, best, p)
	}
	return invalid(findings, explanations, p)
}

// finding is what one signature turned out to be.
type finding struct {
	signature
	signer        // that made it; zero if not known
	scheme string // by its size; "" if no signature has this size
	fits   bool   // a trusted key made it over these very bytes
	known  bool   // key is known, not trusted
	// uncheckable says that no trusted key is of the scheme and size.
	uncheckable bool
	// opened is what key signed, if the scheme is RSA and key is not "".
	opened openedSignature
	// pss is a trusted key whose signature with PSS padding it may be.
	pss *rsa.PublicKey
}

// counts reports whether the signature makes its event valid.
func (f finding) counts() bool { return f.fits && f.flaw.is == "" }

// examine does the one thing that decides: it tries the trusted keys on the
// bytes as they are.
func (v *Verifier) examine(s signature, q *search) finding {
	f := finding{signature: s, scheme: v.scheme(len(s.data))}
	switch f.scheme {
	case taskee.SchemeRSA:
		f.uncheckable = !v.trusted.hasRSA(len(s.data))
		v.trusted.open(&f)
		f.fits = f.key != "" && f.opened.kind == "" && f.opened.digest == q.sha256()
	case taskee.SchemeEd25519:
		f.uncheckable = len(v.trusted.ed25519.all) == 0
		f.fits = v.trusted.checkEd25519(&f, q.body)
	}
	return f
}

// scheme tells the scheme of a signature by its size in bytes, "" if no
// signature has it. The platform's own two sizes are known without a key.
func (v *Verifier) scheme(size int) string {
	switch {
	case size == ed25519.SignatureSize:
		return taskee.SchemeEd25519
	case size == platformRSASize, v.trusted.hasRSA(size), v.known.hasRSA(size):
		return taskee.SchemeRSA
	}
	return ""
}

// platformRSASize is the size of the platform's RSA signatures in bytes.
const platformRSASize = 512

// search is the search for a reason, with its limits.
type search struct {
	header    http.Header
	body      []byte
	budget    *budget // nil: unlimited
	limit     int     // of the body's size in bytes
	exhausted bool    // the budget ended it
	digest    [sha256.Size]byte
	hashed    bool
}

// requestPathLimit is the size in bytes above which a body is not altered in
// search of a reason while a sender waits.
const requestPathLimit = 64 << 10

func (q *search) sha256() [sha256.Size]byte {
	if !q.hashed {
		q.digest, q.hashed = sha256.Sum256(q.body), true
	}
	return q.digest
}

// affords reports whether work of a cost in microseconds may be done.
func (q *search) affords(cost int) bool {
	ok := q.budget.spend(cost)
	q.exhausted = q.exhausted || !ok
	return ok
}
