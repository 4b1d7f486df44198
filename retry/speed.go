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

// Instant does not wait.
const Instant Speed = 0

// The slowest and the fastest speed besides Instant.
const (
	slowest Speed = 0.1
	fastest Speed = 1e6
)

// errSpeed is returned when a text or a number is not a speed.
var errSpeed = errors.New(`not a speed: write "1x", "600x" or "instant"`)

// ParseSpeed reads "instant", or a number from 0.1 to 1000000 with or without an
// "x" after it.
func ParseSpeed(s string) (Speed, error) {
	lower := strings.ToLower(s)
	if lower == "instant" {
		return Instant, nil
	}
	digits := strings.TrimSuffix(lower, "x")
	// strconv also reads hexadecimal numbers, exponents and "inf".
	if strings.Trim(digits, "-+.0123456789") != "" {
		return 0, fmt.Errorf("%.40q is %w", s, errSpeed)
	}
	x, err := strconv.ParseFloat(digits, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || x <= 0 {
		return 0, fmt.Errorf("%.40q is %w", s, errSpeed)
	}
	if err := Speed(x).validate(); err != nil {
		return 0, err
	}
	return Speed(x), nil
}

// validate returns errSpeed for a number that ParseSpeed does not read.
func (s Speed) validate() error {
	if s == Instant || s >= slowest && s <= fastest {
		return nil
	}
	return fmt.Errorf("%.40s is not between %s and %s and so %w", s, slowest, fastest, errSpeed)
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
