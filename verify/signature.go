package verify

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/taskhook/taskhook/taskee"
)

// maxSignatures is how many different signatures of one event are tried. The
// platform sends two, one in each header; anybody else could send hundreds.
const maxSignatures = 2

// maxText is how long the text of a signature may be, in bytes: more than the
// hexadecimal of the largest RSA signature needs.
const maxText = 4096

// signature is one value of a signature header.
type signature struct {
	header   string // as people write it
	expected string // the scheme that belongs into this header
	data     []byte // decoded; nil if it cannot be
	flaw     flaw   // what is wrong with its text
}

// flaw is what is wrong with the text of a signature; the zero value is
// nothing. A flawed text may still be decodable: a lenient app accepts it, a
// strict one does not.
type flaw struct{ is, next string }

// present is what the signature headers of a request hold.
type present struct {
	signatures []signature
	repeated   []repetition
	blank      []blank
	untried    bool // there are different signatures beyond maxSignatures
}

// blank is a header that was sent without a signature in it.
type blank struct {
	header string
	is     string // "empty" or the value that says that there is none
}

// repetition is a header that was sent more than once.
type repetition struct {
	header string
	values int  // how many
	differ bool // whether they are not all the same
}

// header is one of the headers that carry a signature.
type header struct{ key, name, scheme string }

// signatureHeaders lists them as the platform's SDK looks at them, the newer
// one first, and names them as its documents do.
func signatureHeaders() [2]header {
	return [2]header{
		{taskee.HeaderEd25519, strings.Replace(taskee.HeaderEd25519, "Ghl", "GHL", 1), taskee.SchemeEd25519},
		{taskee.HeaderRSA, strings.ToLower(taskee.HeaderRSA), taskee.SchemeRSA},
	}
}

// read collects the signatures of a request. Each header's first value comes
// before any header's second.
func read(h http.Header, fits func(size int) bool) present {
	var p present
	var second []signature
	for _, head := range signatureHeaders() {
		texts, n := values(h[head.key])
		if n > 1 {
			p.repeated = append(p.repeated, repetition{head.name, n, len(texts) > 1})
		}
		if len(texts) == 0 {
			if is := blankAs(h[head.key]); is != "" {
				p.blank = append(p.blank, blank{head.name, is})
			}
			continue
		}
		for i, text := range texts {
			s := signature{header: head.name, expected: head.scheme}
			s.data, s.flaw = decode(text, fits)
			if i == 0 {
				p.signatures = append(p.signatures, s)
			} else {
				second = append(second, s)
			}
		}
	}
	tried := min(len(second), maxSignatures-len(p.signatures))
	p.signatures = append(p.signatures, second[:tried]...)
	p.untried = tried < len(second)
	return p
}

// values returns the different signatures among the values of a header, at
// most one more than are tried, and counts them all. A proxy may have joined
// several by commas, which base64 does not know.
func values(lines []string) (texts []string, n int) {
	for _, line := range lines {
		for text := range strings.SplitSeq(line, ",") {
			text = strings.TrimSpace(text)
			if text == "" || strings.EqualFold(text, taskee.Absent) {
				continue
			}
			n++
			if len(texts) <= maxSignatures && !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
		}
	}
	return texts, n
}

// blankAs says what a header without a signature holds, "" if it was not sent.
func blankAs(lines []string) string {
	switch {
	case len(lines) == 0:
		return ""
	case strings.TrimSpace(strings.Join(lines, "")) == "":
		return "empty"
	}
	return taskee.Absent
}

// decode reads the text of a signature: standard base64 with padding, as the
// platform writes it. White space within is ignored, as by every decoder of
// wrapped base64. Any other encoding that leads to a size which fits is decoded
// too, and named as a flaw.
func decode(text string, fits func(size int) bool) ([]byte, flaw) {
	if len(text) > maxText {
		return nil, flaw{
			is:   fmt.Sprintf("is %d characters long, and no signature is", len(text)),
			next: "send the base64 of the signature alone",
		}
	}
	if data, err := hex.DecodeString(text); err == nil && fits(len(data)) {
		return data, flaw{is: "is hexadecimal, not base64", next: "write the signature as base64 (openssl base64 -A)"}
	}
	unwrapped := strings.Join(strings.Fields(text), "")
	plain, err := strict.DecodeString(unwrapped)
	if err == nil && fits(len(plain)) {
		return plain, flaw{}
	}
	for _, s := range encodings {
		undone := s.undo(text)
		if undone == text && !s.lenient {
			continue
		}
		undone = strings.TrimRight(strings.Join(strings.Fields(undone), ""), "=")
		if data, err := loose.DecodeString(undone); err == nil && fits(len(data)) {
			return data, s.flaw
		}
	}
	if err == nil {
		return plain, flaw{}
	}
	return nil, notBase64(text)
}

var (
	strict = base64.StdEncoding.Strict()
	loose  = base64.RawStdEncoding
)

// encoding is a variant of base64 that strict decoders reject.
type encoding struct {
	undo    func(string) string
	lenient bool // tried on unchanged text too
	flaw    flaw
}

const plainBase64 = "encode the signature as standard base64 with padding and send nothing else in the header"

// encodings are tried in order; each undoes one thing.
var encodings = [...]encoding{
	{
		undo: func(s string) string { return strings.Trim(s, `"'`) },
		flaw: flaw{is: "stands in quotation marks", next: "send it without them"},
	},
	{
		undo: strings.NewReplacer("-", "+", "_", "/").Replace,
		flaw: flaw{is: "is url-safe base64 (with - and _ in place of + and /)", next: "encode the signature as standard base64 (in Node: toString('base64'))"},
	},
	{
		undo: func(s string) string {
			if u, err := url.PathUnescape(s); err == nil {
				return u
			}
			return s
		},
		flaw: flaw{is: "is percent-encoded", next: "send the base64 as it is, without URL encoding"},
	},
	{
		undo: strings.NewReplacer(" ", "+").Replace,
		flaw: flaw{is: "has spaces in place of +, as form decoding leaves them", next: "send the base64 as it is, without URL encoding"},
	},
	{
		undo: func(s string) string {
			if i := strings.IndexAny(s, "=:"); i > 0 && i < 16 {
				return s[i+1:]
			}
			return s
		},
		flaw: flaw{is: "begins with a name in front of the base64", next: plainBase64},
	},
	{
		undo:    func(s string) string { return s },
		lenient: true,
		flaw:    flaw{is: "is base64 with its padding (=) missing or wrong", next: "encode the signature as standard base64 with padding"},
	},
}

// notBase64 names the first character that is not allowed in base64.
func notBase64(text string) flaw {
	const quotable = 24
	if len(text) <= quotable {
		return flaw{is: fmt.Sprintf("is %q, which is not base64", text), next: plainBase64}
	}
	for i, c := range text {
		if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n", c) {
			return flaw{is: fmt.Sprintf("is not base64: character %d is %q", i+1, c), next: plainBase64}
		}
	}
	return flaw{is: fmt.Sprintf("is not base64: %d characters with the padding they have cannot be decoded", len(text)), next: plainBase64}
}
