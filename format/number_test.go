package format

import (
	"errors"
	"math"
	"testing"
)

func TestSizesAreRead(t *testing.T) {
	tests := []struct {
		text string
		want int64
	}{
		{"0", 0}, {"10", 10}, {"10b", 10}, {"10B", 10},
		{"1k", 1024}, {"1K", 1024}, {"1KiB", 1024}, {"1 KiB", 1024}, {"1kB", 1000},
		{"5MiB", 5 << 20}, {"5m", 5 << 20}, {"2mb", 2_000_000}, {"1.5MiB", 3 << 19},
		{"2g", 2 << 30}, {"2GB", 2_000_000_000}, {"1t", 1 << 40}, {"1TiB", 1 << 40}, {"1TB", 1_000_000_000_000},
		{"0.5k", 512}, {"1.0001k", 1024},
	}
	for _, tt := range tests {
		if got, err := ParseBytes(tt.text); err != nil || got != tt.want {
			t.Errorf("ParseBytes(%q) = %d, %v; want %d", tt.text, got, err, tt.want)
		}
	}
	for _, text := range []string{"", "k", "-1", "+1", "1e3", "1.", ".5k", "1x", "1kk", "1ib", "1bk", "1kib2", "NaN", "inf", "1,000", "9999999t", "İk", " "} {
		if got, err := ParseBytes(text); !errors.Is(err, ErrBytes) {
			t.Errorf("ParseBytes(%q) = %d, %v", text, got, err)
		}
	}
}

func TestASizeIsReadAsItIsWritten(t *testing.T) {
	for _, n := range []int64{0, 1, 999, 1 << 10, 1 << 20, 5 << 20, 3 << 29, 1 << 40} {
		if got, err := ParseBytes(Bytes(n)); err != nil || got != n {
			t.Errorf("%d was written %q and read %d, %v", n, Bytes(n), got, err)
		}
	}
	for n := int64(1); n > 0 && n < math.MaxInt64/3; n = n*3/2 + 1 {
		if got := Bytes(n); len(got) > 7 {
			t.Errorf("%d is %q, longer than a column", n, got)
		}
	}
}

func TestPercentagesAreReadAsTheyAreWritten(t *testing.T) {
	tests := []struct {
		text  string
		share float64
	}{
		{"100%", 1}, {"30%", 0.3}, {"7%", 0.07}, {"12.5%", 0.125}, {"0.1%", 0.001}, {"33.33%", 0.3333},
	}
	for _, tt := range tests {
		if got, err := ParsePercent(tt.text); err != nil || got != tt.share {
			t.Errorf("ParsePercent(%q) = %v, %v; want %v", tt.text, got, err, tt.share)
		}
		if got := Percent(tt.share); got != tt.text {
			t.Errorf("Percent(%v) = %q, want %q", tt.share, got, tt.text)
		}
	}
	for _, text := range []string{"", "%", "30", "0.3", "0%", "100.1%", "-1%", "+1%", "1e1%", "NaN%", "inf%", "30 %", "30%%"} {
		if got, err := ParsePercent(text); !errors.Is(err, ErrPercent) {
			t.Errorf("ParsePercent(%q) = %v, %v", text, got, err)
		}
	}
}
