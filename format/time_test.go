package format

import (
	"errors"
	"math"
	"testing"
	"time"
)

func TestDurationsAreRead(t *testing.T) {
	tests := []struct {
		text string
		want time.Duration
	}{
		{"0s", 0}, {"0", 0}, {"90s", 90 * time.Second}, {"1h30m", 90 * time.Minute}, {"1.5h", 90 * time.Minute},
		{"30d", 30 * day}, {"0.5d", 12 * time.Hour}, {"2w", 14 * day}, {"1w2d3h", 9*day + 3*time.Hour},
		{"19h 48m", 19*time.Hour + 48*time.Minute}, {"2d 3h", 51 * time.Hour}, {"250ms", 250 * time.Millisecond}, {"1µs", time.Microsecond},
	}
	for _, tt := range tests {
		if got, err := ParseDuration(tt.text); err != nil || got != tt.want {
			t.Errorf("ParseDuration(%q) = %s, %v; want %s", tt.text, got, err, tt.want)
		}
	}
	for _, text := range []string{"", " ", "-1h", "+1h", "1", "1x", "1d1w", "99999d", "d", "1d-1h", "3000000h", "1e3s", "NaNd"} {
		if got, err := ParseDuration(text); !errors.Is(err, ErrDuration) {
			t.Errorf("ParseDuration(%q) = %s, %v", text, got, err)
		}
	}
}

// TestADurationIsReadAsItIsWritten also holds that every duration fits into a
// column, and that longer ones are never written as shorter.
func TestADurationIsReadAsItIsWritten(t *testing.T) {
	last := time.Duration(0)
	for d := time.Duration(1); d < 99*day; d = d*101/100 + 1 {
		text := Duration(d)
		if n := len(text); n > 7 {
			t.Errorf("%s is %q, longer than a column", d, text)
		}
		got, err := ParseDuration(text)
		if err != nil {
			t.Fatalf("%s is written %q: %v", d, text, err)
		}
		if less := d - got; less < 0 || less > max(100*time.Microsecond, d/10) {
			t.Errorf("%s is written %q", d, text)
		}
		if got < last {
			t.Errorf("%s is written %q, less than before", d, text)
		}
		last = got
	}
	_ = Duration(math.MinInt64)
}
