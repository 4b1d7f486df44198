package inspector

import (
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// signature is the Signature tab: each signature header, and what a receiver
// that verifies JSON.stringify of the body would find.
func (r *reading) signature(b *pageBuilder) error {
	d, err := r.feed.Diagnose(b.ctx, r.spec.id)
	if err != nil {
		return err
	}
	e, err := r.event(b.ctx)
	if err != nil {
		return err
	}
	b.verdict(d.Verdict)
	switch was := r.summary.Verdict; {
	case was.Status == webhook.Unchecked:
		b.add(lookWarn, "It was not checked when it came.")
	case was.Status != "" && (was.Status != d.Verdict.Status || was.Key != d.Verdict.Key):
		b.add(lookWarn, "When it came it was "+format.VerdictStatus(was.Status)+": the keys that are trusted, or the check, have changed since.")
	}
	for _, s := range d.Signatures {
		b.blank()
		b.oneSignature(s)
	}
	if len(d.Signatures) == 0 {
		b.blank()
		b.add(lookDim, "There is no signature header.")
	}
	if age := d.Verdict.Age; age != 0 {
		b.blank()
		b.add(lookText, sentBefore(age))
	}
	if len(e.Body) > 0 {
		b.blank()
		b.restringify(d.Restringify, d.Verdict.Status, e.Body)
	}
	return nil
}

func (b *pageBuilder) verdict(v webhook.Verdict) {
	sign, md := verdictSign(v)
	b.add(moodLook(md), sign+" "+format.Verdict(v))
	if v.Reason != "" {
		b.add(lookText, v.Reason)
	}
	if v.Next != "" {
		b.add(lookWarn, "next: "+v.Next)
	}
}

func (b *pageBuilder) oneSignature(s webhook.Signature) {
	b.add(lookTitle, s.Header)
	sign, md := verdictSign(webhook.Verdict{Status: s.Status})
	b.add(moodLook(md), sign+" "+format.VerdictStatus(s.Status))
	scheme := s.Scheme
	if scheme == "" {
		scheme = "none that is known"
	}
	if s.Size > 0 {
		scheme += ", " + strconv.Itoa(s.Size) + " bytes"
	}
	b.add(lookField, "scheme: "+scheme)
	if s.Key != "" {
		b.add(lookField, "key: "+s.Key)
	}
	if s.Fingerprint != "" {
		b.add(lookField, "fingerprint: "+s.Fingerprint)
	}
	if s.Reason != "" {
		b.add(lookText, s.Reason)
	}
	if s.Next != "" {
		b.add(lookWarn, "next: "+s.Next)
	}
}

// sentBefore says how old an event was when it came; clocks may disagree.
func sentBefore(age time.Duration) string {
	if age < 0 {
		return "By its timestamp it was sent " + format.Duration(-age) + " after it arrived: the clocks disagree."
	}
	return "By its timestamp it was sent " + format.Duration(age) + " before it arrived."
}

// restringify says whether JSON.stringify(JSON.parse(body)) would verify, and
// where it parts from the body if not.
func (b *pageBuilder) restringify(r webhook.Restringify, status webhook.VerdictStatus, body []byte) {
	b.add(lookTitle, "JSON.stringify(JSON.parse(body))")
	b.add(lookDim, "is what the official SDK and the guide's app verify, not the bytes.")
	switch {
	case r.Error != "":
		b.add(lookBad, signBad+" JSON.parse would throw: "+r.Error)
		return
	case r.Same && status == webhook.Valid:
		b.add(lookGood, signGood+" the same text: the signature fits it, too")
		return
	case r.Same:
		b.add(lookDim, signGood+" the same text: it makes no difference here")
		return
	}
	b.add(lookBad, signBad+" another text: a signature of the bytes does not fit it")
	b.add(lookText, "They part at byte "+format.Count(r.Offset)+":")
	lead := lead(body, r.Offset, r.Was)
	b.opposite([2]string{"as received", lead + r.Was}, [2]string{"JSON.stringify", lead + r.Becomes})
}

// leadBytes is how much is shown before the place where two texts part.
const leadBytes = 12

// lead is what stands before the place where two texts part. An excerpt may
// begin some bytes before that place, with a whole character.
func lead(body []byte, offset int, was string) string {
	offset = max(0, min(offset, len(body)))
	for back := range 4 {
		if at := offset - back; at >= 0 && was != "" && strings.HasPrefix(string(body[at:min(len(body), at+len(was))]), was) {
			offset = at
			break
		}
	}
	from := max(0, offset-leadBytes)
	for from < offset && body[from]&0xc0 == 0x80 {
		from++
	}
	return string(body[from:offset])
}

// columnsFrom is the width from which two texts stand side by side.
const columnsFrom = 76

// opposite shows two named short texts against each other, with a sign under
// each character that differs.
func (b *pageBuilder) opposite(left, right [2]string) {
	l, r := safe(pictured([]byte(left[1]))), safe(pictured([]byte(right[1])))
	marksL, marksR := differing(l, r)
	if len(left[1]) >= excerptFull && len(right[1]) >= excerptFull {
		marksL, marksR = untilCut(marksL, l), untilCut(marksR, r)
	}
	if b.spec.width < columnsFrom {
		b.add(lookDim, left[0])
		b.marked(l, marksL)
		b.add(lookDim, right[0])
		b.marked(r, marksR)
		return
	}
	half := (b.spec.width - 3) / 2
	b.add(lookDim, fit(left[0], half)+" │ "+right[0])
	b.add(lookPlain, fit(l, half)+" │ "+r)
	b.add(lookBad, fit(marksL, half)+" │ "+marksR)
}

// excerptFull is the length from which an excerpt is taken for one that goes on.
const excerptFull = 20

// untilCut leaves out the signs at the end of a text that was cut there: they
// stand under what the other text was cut before.
func untilCut(signs, text string) string {
	if ansi.StringWidth(signs) < ansi.StringWidth(text) {
		return signs
	}
	rest := strings.TrimRight(signs, "^")
	if strings.TrimSpace(rest) == "" {
		return signs // it is all there is
	}
	return strings.TrimRight(rest, " ")
}

// marked adds a text with its signs, both cut to the width.
func (b *pageBuilder) marked(text, signs string) {
	text, _ = cut(text, b.spec.width)
	signs, _ = cut(signs, b.spec.width)
	b.add(lookPlain, text)
	b.add(lookBad, signs)
}

// differing puts a sign under each character of two short texts that the
// longest common subsequence leaves out.
func differing(a, b string) (signsA, signsB string) {
	x, y := clusters(a), clusters(b)
	common := make([][]uint16, len(x)+1)
	for i := range common {
		common[i] = make([]uint16, len(y)+1)
	}
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var sx, sy strings.Builder
	i, j := 0, 0
	for i < len(x) || j < len(y) {
		switch {
		case i < len(x) && j < len(y) && x[i] == y[j]:
			sx.WriteString(spaces(ansi.StringWidth(x[i])))
			sy.WriteString(spaces(ansi.StringWidth(y[j])))
			i, j = i+1, j+1
		case j == len(y) || i < len(x) && common[i+1][j] >= common[i][j+1]:
			sx.WriteString(strings.Repeat("^", ansi.StringWidth(x[i])))
			i++
		default:
			sy.WriteString(strings.Repeat("^", ansi.StringWidth(y[j])))
			j++
		}
	}
	return strings.TrimRight(sx.String(), " "), strings.TrimRight(sy.String(), " ")
}

// differingMost bounds the characters that are compared one by one.
const differingMost = 120

func clusters(s string) []string {
	var all []string
	for s != "" && len(all) < differingMost {
		c, _ := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		if c == "" {
			break
		}
		all = append(all, c)
		s = s[len(c):]
	}
	return all
}

func moodLook(md mood) look {
	switch md {
	case moodGood:
		return lookGood
	case moodWarn:
		return lookWarn
	case moodBad:
		return lookBad
	case moodDim:
		return lookDim
	}
	return lookText
}
