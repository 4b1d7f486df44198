package filter

import (
	"math"
	"strconv"
	"strings"

	"github.com/taskhook/taskhook/format"
)

// interval is an inclusive range of numbers.
type interval struct{ least, most int64 }

func (i interval) has(n int64) bool { return i.least <= n && n <= i.most }

// around returns the interval that has all of both.
func (i interval) around(o interval) interval {
	return interval{min(i.least, o.least), max(i.most, o.most)}
}

// unknown is the number of what is not known, which is in no interval.
const unknown = -1

// quantity says how the numbers of a field are written.
type quantity struct {
	// unit reads one number: what it stands for may be a range itself, like 5xx.
	unit  func(s string) (l interval, ok bool)
	least int64 // what the field can be: <n does not go below it
	plain bool  // a number alone is a value, not only a bound
	none  bool  // "none" stands for 0
}

// read reads n, a..b, a.., ..b, >n, >=n, <n or <=n.
func (q quantity) read(f field, w word) (interval, string, *SyntaxError) {
	s := strings.ToLower(w.text)
	if q.none && s == "none" {
		return interval{}, s, nil
	}
	l, bad, valid := q.parse(s)
	isRange := strings.Contains(s, "..")
	switch {
	case !valid:
		return l, "", w.wrong("for example "+f.example, "%s is not a value of %q", show(bad), f.name+":")
	case !q.plain && !isRange && strings.TrimLeft(s, "<>") == s:
		return l, "", w.wrong("write "+f.name+":>"+s+" or "+f.name+":<"+s, "%q takes a range", f.name+":")
	case isRange && l.most < l.least:
		return l, "", w.wrong("write the smaller one first", "the range %s is empty", show(s))
	}
	return l, s, nil
}

// parse returns what s stands for, or with valid false what of it is no number.
func (q quantity) parse(s string) (l interval, bad string, valid bool) {
	l, bad, valid = interval{q.least, math.MaxInt64}, s, true
	number := func(text string) (n interval) {
		n, valid = q.unit(text)
		return n
	}
	from, to, isRange := strings.Cut(s, "..")
	switch {
	case strings.HasPrefix(s, ">="):
		l.least = number(s[2:]).least
	case strings.HasPrefix(s, "<="):
		l.most = number(s[2:]).most
	case strings.HasPrefix(s, ">"):
		l.least = number(s[1:]).most + 1
	case strings.HasPrefix(s, "<"):
		l.most = number(s[1:]).least - 1
	case isRange && s != "..":
		if from != "" {
			bad, l.least = from, number(from).least
		}
		if to != "" && valid {
			bad, l.most = to, number(to).most
		}
	default:
		l = number(s)
	}
	return l, bad, valid
}

// whole reads a whole number; an event's may begin with "#".
func whole(s string) (interval, bool) {
	s = strings.TrimPrefix(s, "#")
	n, err := strconv.ParseInt(s, 10, 64)
	return interval{n, n}, err == nil && digits(s) && n < math.MaxInt64
}

// status reads a status code or a class of them, like 5xx.
func status(s string) (interval, bool) {
	if len(s) == 3 && s[1:] == "xx" && '1' <= s[0] && s[0] <= '9' {
		class := int64(s[0]-'0') * 100
		return interval{class, class + 99}, true
	}
	n, ok := whole(s)
	return n, ok && len(s) == 3 && n.least >= 100
}

// size reads a number of bytes.
func size(s string) (interval, bool) {
	n, err := format.ParseBytes(s)
	return interval{n, n}, err == nil
}

// elapsed reads a duration as a number of nanoseconds.
func elapsed(s string) (interval, bool) {
	d, err := format.ParseDuration(s)
	return interval{int64(d), int64(d)}, err == nil
}
