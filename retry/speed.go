package retry

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Speed is how many times faster than the real platform a simulation runs:
// at 600 its ten minutes are one second. The zero value is [Instant].
type Speed float64

// Instant waits for nothing.
const Instant Speed = 0

// The speeds that are allowed beside Instant.
const (
	slowest Speed = 0.1
	fastest Speed = 1e6
)

// ErrSpeed is returned when a text or a number is no speed.
var ErrSpeed = errors.New(`not a speed: write "1x", "600x" or "instant"`)

// ParseSpeed reads "instant", or a number from 0.1 to 1000000 with or without
// an "x" behind it. Any other text, zero and negative numbers among them, is
// an [ErrSpeed].
func ParseSpeed(s string) (Speed, error) {
	lower := strings.ToLower(s)
	if lower == "instant" {
		return Instant, nil
	}
	digits := strings.TrimSuffix(lower, "x")
	// strconv reads more than people mean: hexadecimal, exponents, "inf".
	if strings.Trim(digits, "-+.0123456789") != "" {
		return 0, fmt.Errorf("%.40q is %w", s, ErrSpeed)
	}
	x, err := strconv.ParseFloat(digits, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || x <= 0 {
		return 0, fmt.Errorf("%.40q is %w", s, ErrSpeed)
	}
	if err := Speed(x).Validate(); err != nil {
		return 0, err
	}
	return Speed(x), nil
}

// Validate returns an [ErrSpeed] for a number that [ParseSpeed] would not read.
func (s Speed) Validate() error {
	if s == Instant || s >= slowest && s <= fastest {
		return nil
	}
	return fmt.Errorf("%.40s is outside of %s to %s and so %w", s, slowest, fastest, ErrSpeed)
}

// String writes the speed as ParseSpeed reads it.
func (s Speed) String() string {
	if s == Instant {
		return "instant"
	}
	return strconv.FormatFloat(float64(s), 'f', -1, 64) + "x"
}

// MarshalText writes the speed as String does.
func (s Speed) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the speed as ParseSpeed does.
func (s *Speed) UnmarshalText(text []byte) error {
	parsed, err := ParseSpeed(string(text))
	if err == nil {
		*s = parsed
	}
	return err
}

// Wait returns how long a gap of the virtual clock really takes.
func (s Speed) Wait(gap time.Duration) time.Duration {
	if s <= 0 {
		return 0
	}
	d := float64(gap) / float64(s)
	if d >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(d)
}
