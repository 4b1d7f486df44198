package fault

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The limits of what a rule can say.
const (
	maxDelay   = 10 * time.Minute
	maxCopies  = 100
	maxCount   = 1_000_000_000
	maxLasting = 30 * 24 * time.Hour
)

// span is a range of durations, both ends included.
type span struct{ min, max time.Duration }

// fixed reports whether there is nothing to draw.
func (s span) fixed() bool { return s.min == s.max }

func (s span) String() string {
	if s.fixed() {
		return s.min.String()
	}
	return s.min.String() + " to " + s.max.String()
}

func parseSpan(s string) (span, error) {
	from, to, isRange := strings.Cut(s, "..")
	if !isRange {
		to = from
	}
	shortest, err := parseDelay(from)
	if err != nil {
		return span{}, err
	}
	longest, err := parseDelay(to)
	switch {
	case err != nil:
		return span{}, err
	case longest < shortest:
		return span{}, fmt.Errorf("%.40s is more than %.40s", from, to)
	}
	return span{shortest, longest}, nil
}

func parseDelay(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%.40q is no duration", s)
	case d <= 0:
		return 0, fmt.Errorf("%.40s must be more than zero", s)
	case d > maxDelay:
		return 0, fmt.Errorf("%.40s is more than %s", s, maxDelay)
	}
	return d, nil
}

func parseLasting(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > maxLasting {
		return 0, fmt.Errorf("%.40q is no duration above zero, of at most 720h", s)
	}
	return d, nil
}

// parseCount reads a whole number from least to most.
func parseCount(s string, least, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%.40q is no whole number from %d to %d", s, least, most)
	}
	return n, nil
}

// parseRate reads a share such as 30% or 0.3. A bare 1 could be either.
func parseRate(s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	x, err := strconv.ParseFloat(number, 64)
	switch {
	case err == nil && x == 1 && !percent:
		return 0, fmt.Errorf("%.40q can be read as 1%% and as 100%%", s)
	case percent:
		x /= 100
	}
	if err != nil || !(x > 0 && x <= 1) {
		return 0, fmt.Errorf("%.40q is no share above 0%% and up to 100%%", s)
	}
	return x, nil
}

func parseSeed(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%.40q is no whole number above zero", s)
	}
	return n, nil
}

func parseStatus(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < http.StatusOK || n > 599 {
		return 0, fmt.Errorf("%.40q is no status from 200 to 599", s)
	}
	return n, nil
}

// parseWith refuses an empty body: the answer would have Taskhook's own.
func parseWith(s string) (string, error) {
	if s == "" {
		return "", errors.New("there is no text")
	}
	return s, nil
}

func parseRetryAfter(s string) (string, error) {
	if s == "" || len(s) > 40 || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' }) {
		return "", errors.New("that is no value of a header")
	}
	return s, nil
}

func parseDrop(s string) (Drop, error) {
	switch d := Drop(strings.ToLower(s)); d {
	case DropBefore, DropMiddle:
		return d, nil
	}
	return "", fmt.Errorf("%.40q is neither before nor middle", s)
}

func parseSignature(s string) (Signature, error) {
	switch g := Signature(strings.ToLower(s)); g {
	case SignatureStrip, SignatureCorrupt:
		return g, nil
	}
	return "", fmt.Errorf("%.40q is neither strip nor corrupt", s)
}
