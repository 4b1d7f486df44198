package format

import (
	"math"
	"testing"
)

// TestForms shows every form in which a value is written.
func TestForms(t *testing.T) {
	tests := []struct{ name, got, want string }{
		{"no bytes", Bytes(0), "0 B"},
		{"bytes", Bytes(211), "211 B"},
		{"almost a KiB", Bytes(1000), "1 KiB"},
		{"some KiB", Bytes(1536), "1.5 KiB"},
		{"many KiB", Bytes(128 << 10), "128 KiB"},
		{"rounded", Bytes(10_300), "10 KiB"},
		{"the next unit", Bytes(1000 << 10), "1 MiB"},
		{"MiB", Bytes(5 << 20), "5 MiB"},
		{"GiB", Bytes(5 << 29), "2.5 GiB"},
		{"the most", Bytes(math.MaxInt64), "8 EiB"},
		{"an unknown size", Bytes(-1), "unknown"},

		{"a count", Count(999), "999"},
		{"thousands", Count(12345), "12,345"},
		{"millions", Count(1234567), "1,234,567"},
		{"below zero", Count(-1234), "-1,234"},
		{"none", Plural(0, "event", "events"), "0 events"},
		{"one", Plural(1, "event is", "events are"), "1 event is"},
		{"several", Plural(12345, "retry", "retries"), "12,345 retries"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}
