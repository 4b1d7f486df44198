package fault

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/taskhook/taskhook/format"
)

// The limits of the values in a rule.
const (
	maxDelay    = 10 * time.Minute
	maxCopies   = 100
	maxCount    = 1_000_000_000
	maxLifetime = 30 * 24 * time.Hour
)

// delayRange is a range of durations, both ends included.
type delayRange struct{ min, max time.Duration }

// fixed reports whether there is only one duration to draw.
func (d delayRange) fixed() bool { return d.min == d.max }

func (d delayRange) String() string {
	if d.fixed() {
		return format.Duration(d.min)
	}
	return format.Duration(d.min) + " to " + format.Duration(d.max)
}

func parseDelayRange(s string) (delayRange, error) {
	from, to, isRange := strings.Cut(s, "..")
	if !isRange {
		to = from
	}
	shortest, err := parseDelay(from)
	if err != nil {
		return delayRange{}, err
	}
	longest, err := parseDelay(to)
	switch {
	case err != nil:
		return delayRange{}, err
	case longest < shortest:
		return delayRange{}, fmt.Errorf("%.40s is longer than %.40s", from, to)
	}
	return delayRange{shortest, longest}, nil
}

func parseDelay(s string) (time.Duration, error) { return parseDuration(s, maxDelay) }

func parseLifetime(s string) (time.Duration, error) { return parseDuration(s, maxLifetime) }

func parseDuration(s string, most time.Duration) (time.Duration, error) {
	d, err := format.ParseDuration(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%.40q is not a duration", s)
	case d <= 0:
		return 0, fmt.Errorf("%.40s is not above zero", s)
	case d > most:
		return 0, fmt.Errorf("%.40s is longer than %s", s, format.Duration(most))
	}
	return d, nil
}

// parseCount reads a whole number from least to most.
func parseCount(s string, least, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%.40q is not a whole number from %d to %d", s, least, most)
	}
	return n, nil
}

// parseRate reads a share such as 30%.
func parseRate(s string) (float64, error) {
	share, err := format.ParsePercent(s)
	if err != nil {
		return 0, fmt.Errorf("%.40q is not a percentage above 0%% and up to 100%%", s)
	}
	return share, nil
}

func parseSeed(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%.40q is not a whole number above zero", s)
	}
	return n, nil
}

func parseStatus(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < http.StatusOK || n > 599 {
		return 0, fmt.Errorf("%.40q is not a status from 200 to 599", s)
	}
	return n, nil
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
