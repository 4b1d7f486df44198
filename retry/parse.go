package retry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// policyFields are the fields of a policy file, in the order people are told.
var policyFields = []string{
	"name", "maxRetries", "interval", "factor", "maxInterval", "jitterMin", "jitterMax", "statuses", "onError",
}

// ParsePolicy reads a policy file: one JSON object.
//
//	{
//	  "name": "backoff",              text, for people; may be left out
//	  "maxRetries": 6,                whole number, 0 to 100; required
//	  "interval": "10m",              duration; required when maxRetries is not 0
//	  "factor": 2,                    growth from retry to retry, 1 or more; left out: constant
//	  "maxInterval": "1h",            the interval grows no further; left out: no limit
//	  "jitterMin": "5s",              added to every interval, uniformly
//	  "jitterMax": "2m",              from jitterMin to jitterMax; left out: none
//	  "statuses": [429, "500..599"],  the answers that bring the event back, as numbers or text
//	  "onError": true                 no response brings it back too; left out: false
//	}
//
// Durations are text as time.ParseDuration reads it ("90s", "1h30m"). A byte
// order mark is skipped. An unknown or repeated field, null, and whatever
// [Policy.Validate] refuses is a [*PolicyError] with the position in data.
func ParsePolicy(data []byte) (Policy, error) {
	f := policyFile{text: data, at: map[string]int{}}
	if err := f.checkSyntax(); err != nil {
		return Policy{}, err
	}
	if err := f.walk(); err != nil {
		return Policy{}, err
	}
	if f.at["maxRetries"] == 0 {
		return Policy{}, f.errorAt(0, "maxRetries", "maxRetries is missing: how often is the event sent again?")
	}
	if pe := asPolicyError(f.policy.Validate()); pe != nil {
		pe.Line, pe.Column = f.position(f.at[pe.Field])
		return Policy{}, pe
	}
	if f.policy.MaxRetries > 0 && f.at["interval"] == 0 {
		return Policy{}, f.errorAt(0, "interval", `interval is missing: write "10m", or "0s" for at once`)
	}
	return f.policy, nil
}

// policyFile is a policy file while it is read.
type policyFile struct {
	text   []byte
	start  int            // offset of the opening brace
	at     map[string]int // offset of every field's value
	policy Policy
}

// errorAt returns an error at a byte offset of the file.
func (f *policyFile) errorAt(offset int, field, format string, args ...any) error {
	line, column := f.position(offset)
	return &PolicyError{Field: field, Line: line, Column: column, Message: fmt.Sprintf(format, args...)}
}

// position turns a byte offset into a line and a column, both from 1. Offset
// 0, which stands for "no such field" too, is the opening brace.
func (f *policyFile) position(offset int) (line, column int) {
	if offset == 0 {
		offset = f.start
	}
	before := f.text[:min(offset, len(f.text))]
	line = bytes.Count(before, []byte{'\n'}) + 1
	before = before[bytes.LastIndexByte(before, '\n')+1:]
	return line, utf8.RuneCount(bytes.TrimPrefix(before, []byte(byteOrderMark))) + 1
}

const byteOrderMark = "\ufeff"

// checkSyntax refuses what is not one JSON object, so that walk need not.
func (f *policyFile) checkSyntax() error {
	if bytes.HasPrefix(f.text, []byte(byteOrderMark)) {
		f.start = len(byteOrderMark)
	}
	for i := f.start; i < len(f.text); {
		r, size := utf8.DecodeRune(f.text[i:])
		if r == utf8.RuneError && size == 1 {
			return f.errorAt(i, "", "the byte %#x is not valid UTF-8", f.text[i])
		}
		i += size
	}
	body := f.text[f.start:]
	if len(bytes.TrimSpace(body)) == 0 {
		return f.errorAt(0, "", "the file is empty: a policy is a JSON object")
	}
	var all json.RawMessage
	if err := json.Unmarshal(body, &all); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			// The decoder counts the byte it stumbled over, except at the end.
			at := f.start + int(syntax.Offset)
			if at > f.start && !strings.Contains(syntax.Error(), "unexpected end") {
				at--
			}
			return f.errorAt(at, "", "not JSON: %s", syntax.Error())
		}
		return f.errorAt(0, "", "not JSON: %s", err)
	}
	f.start = f.skip(f.start)
	if f.text[f.start] != '{' {
		return f.errorAt(f.start, "", "a policy is a JSON object, found %s", kind(f.text[f.start:]))
	}
	return nil
}

// skip returns the offset of the next token at or after an offset.
func (f *policyFile) skip(offset int) int {
	for offset < len(f.text) && strings.IndexByte(" \t\r\n,:", f.text[offset]) >= 0 {
		offset++
	}
	return offset
}

// walk reads every field. The syntax was checked: only what the fields say
// can be wrong.
func (f *policyFile) walk() error {
	base := f.start
	dec := json.NewDecoder(bytes.NewReader(f.text[base:]))
	if _, err := dec.Token(); err != nil {
		return f.errorAt(base, "", "not JSON: %s", err)
	}
	for dec.More() {
		keyAt := f.skip(base + int(dec.InputOffset()))
		token, err := dec.Token()
		if err != nil {
			return f.errorAt(keyAt, "", "not JSON: %s", err)
		}
		name, _ := token.(string)
		if !slices.Contains(policyFields, name) {
			return f.errorAt(keyAt, name, "unknown field %q: %s", name, suggest(name))
		}
		if f.at[name] > 0 {
			return f.errorAt(keyAt, name, "%s is given twice", name)
		}
		valueAt := f.skip(base + int(dec.InputOffset()))
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return f.errorAt(valueAt, name, "%s: not JSON: %s", name, err)
		}
		f.at[name] = valueAt
		if err := f.set(name, value); err != nil {
			return err
		}
	}
	return nil
}

// set reads the value of one field into the policy.
func (f *policyFile) set(name string, value []byte) error {
	p, at, why := &f.policy, f.at[name], ""
	switch name {
	case "name":
		p.Name, why = text(value)
	case "maxRetries":
		p.MaxRetries, why = whole(value)
	case "interval":
		p.Interval, why = duration(value)
	case "factor":
		p.Factor, why = number(value)
	case "maxInterval":
		p.MaxInterval, why = duration(value)
	case "jitterMin":
		p.JitterMin, why = duration(value)
	case "jitterMax":
		p.JitterMax, why = duration(value)
	case "statuses":
		return f.setStatuses(value)
	case "onError":
		if p.OnError = string(value) == "true"; !p.OnError && string(value) != "false" {
			why = "want true or false, found " + kind(value)
		}
	}
	if why != "" {
		return f.errorAt(at, name, "%s: %s", name, why)
	}
	return nil
}

// setStatuses reads the list of statuses; an error points at the element.
func (f *policyFile) setStatuses(value []byte) error {
	base := f.at["statuses"]
	if value[0] != '[' {
		return f.errorAt(base, "statuses", `statuses: want a list such as [429, "500..599"], found %s`, kind(value))
	}
	dec := json.NewDecoder(bytes.NewReader(value))
	if _, err := dec.Token(); err != nil {
		return f.errorAt(base, "statuses", "statuses: not JSON: %s", err)
	}
	for dec.More() {
		at := f.skip(base + int(dec.InputOffset()))
		var element json.RawMessage
		if err := dec.Decode(&element); err != nil {
			return f.errorAt(at, "statuses", "statuses: not JSON: %s", err)
		}
		r, why := statusRange(element)
		if why == "" {
			why = badRange(r)
		}
		if why != "" {
			return f.errorAt(at, "statuses", "statuses: %s", why)
		}
		f.policy.Statuses = append(f.policy.Statuses, r)
	}
	return nil
}

// The readers of values return what is wrong in words, "" if nothing.

func text(value []byte) (s, why string) {
	if value[0] != '"' || json.Unmarshal(value, &s) != nil {
		return "", "want text, found " + kind(value)
	}
	return s, ""
}

func whole(value []byte) (n int, why string) {
	n, err := strconv.Atoi(string(value))
	if err != nil {
		return 0, "want a whole number, found " + kind(value)
	}
	return n, ""
}

func number(value []byte) (x float64, why string) {
	x, err := strconv.ParseFloat(string(value), 64)
	if err != nil {
		return 0, "want a number, found " + kind(value)
	}
	return x, ""
}

func duration(value []byte) (d time.Duration, why string) {
	s, why := text(value)
	if why != "" {
		return 0, `want a duration as text such as "10m", found ` + kind(value)
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Sprintf(`%q is not a duration: write "90s", "10m" or "1h30m"`, s)
	}
	return d, ""
}

func statusRange(value []byte) (r Range, why string) {
	s := string(value)
	if value[0] == '"' {
		if s, why = text(value); why != "" {
			return r, why
		}
	}
	low, high, two := strings.Cut(s, "..")
	if !two {
		high = low
	}
	var err1, err2 error
	r.Min, err1 = strconv.Atoi(low)
	r.Max, err2 = strconv.Atoi(high)
	if err1 != nil || err2 != nil {
		return r, `want a status such as 429 or "500..599", found ` + kind(value)
	}
	return r, ""
}

// kind names a JSON value for people: short ones as they stand.
func kind(value []byte) string {
	switch value[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case 'n':
		return "null (leave the field out instead)"
	}
	if utf8.RuneCount(value) > 40 {
		if value[0] == '"' {
			return "a long text"
		}
		return "a long number"
	}
	return string(value)
}

// suggest names the field that an unknown one was probably meant to be, or
// all fields when none is near.
func suggest(name string) string {
	nearest, least := "", 4
	for _, field := range policyFields {
		if d := distance(strings.ToLower(name), strings.ToLower(field)); d < least && d < len(field)/2+1 {
			nearest, least = field, d
		}
	}
	if nearest == "" {
		return "the fields are " + strings.Join(policyFields, ", ")
	}
	return fmt.Sprintf("did you mean %q?", nearest)
}

// distance is how many characters must be added, removed or replaced to turn
// a into b, at most the longer one's length; long texts are never near.
func distance(a, b string) int {
	if len(a) > 2*maxName {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
