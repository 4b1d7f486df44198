package filter

import (
	"cmp"
	"math"
	"strconv"
	"strings"

	"github.com/taskhook/taskhook/format"
)

// interval is an inclusive range of numbers.
type interval struct{ least, most int64 }

func (i interval) has(n int64) bool { return i.least <= n && n <= i.most }

// unit reads one number of a range: what it stands for may be a range itself,
// like 5xx. ok is false for what is none.
type unit func(s string) (l interval, ok bool)

// quantity says how the numbers of a field are written.
type quantity struct {
	unit  unit
	least int64 // what the field can be: <n does not go below it
	plain bool  // a number alone is a value, not only a bound
}

// parse reads n, a..b, a.., ..b, >n, >=n, <n or <=n.
func (q quantity) parse(f field, w word) (interval, string, *SyntaxError) {
	s := strings.ToLower(w.text)
	from, to, isRange := strings.Cut(s, "..")
	var l interval
	var bad string // what is no number
	switch {
	case strings.HasPrefix(s, "<") || strings.HasPrefix(s, ">"):
		l, bad = q.compared(s)
	case isRange:
		l, bad = q.between(from, to)
	default:
		l, bad = q.one(s)
		if bad == "" && !q.plain {
			return l, "", w.wrong("write "+f.name+":>"+s+" or "+f.name+":<"+s, "%q takes a range", f.name+":")
		}
	}
	switch {
	case bad != "" || s == "" || s == "..":
		return l, "", w.wrong("for example "+f.example, "%s is not a value of %q", show(cmp.Or(bad, s)), f.name+":")
	case isRange && l.most < l.least:
		return l, "", w.wrong("write the smaller one first", "the range %s is empty", show(s))
	}
	return l, s, nil
}

// one reads a number; bad is the text where it is none.
func (q quantity) one(s string) (l interval, bad string) {
	l, ok := q.unit(s)
	if !ok {
		return l, s
	}
	return l, ""
}

// compared reads a number after its operator.
func (q quantity) compared(s string) (l interval, bad string) {
	number := strings.TrimPrefix(s[1:], "=")
	n, bad := q.one(number)
	if bad != "" || number == "" {
		return n, s
	}
	l = interval{q.least, math.MaxInt64}
	switch s[:len(s)-len(number)] {
	case ">=":
		l.least = n.least
	case "<=":
		l.most = n.most
	case ">":
		l.least = n.most + 1
	case "<":
		l.most = n.least - 1
	}
	return l, ""
}

// between reads a range, one end of which may be open.
func (q quantity) between(from, to string) (l interval, bad string) {
	l = interval{q.least, math.MaxInt64}
	if from != "" {
		n, bad := q.one(from)
		if bad != "" {
			return n, bad
		}
		l.least = n.least
	}
	if to != "" {
		n, bad := q.one(to)
		if bad != "" {
			return n, bad
		}
		l.most = n.most
	}
	return l, ""
}

// whole reads a whole number; an event's may begin with "#".
func whole(s string) (interval, bool) {
	n, err := strconv.ParseInt(strings.TrimPrefix(s, "#"), 10, 64)
	if err != nil || !digits(strings.TrimPrefix(s, "#")) || n == math.MaxInt64 {
		return interval{}, false
	}
	return interval{n, n}, true
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
