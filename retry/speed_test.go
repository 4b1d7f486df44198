package retry

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"
)

func TestParseSpeed(t *testing.T) {
	tests := []struct {
		in   string
		want Speed
		text string
	}{
		{"1x", 1, "1x"},
		{"600x", 600, "600x"},
		{"60X", 60, "60x"},
		{"600", 600, "600x"},
		{"0.5x", 0.5, "0.5x"},
		{"1000000x", 1e6, "1000000x"},
		{"instant", Instant, "instant"},
		{"Instant", Instant, "instant"},
	}
	for _, tt := range tests {
		got, err := ParseSpeed(tt.in)
		if err != nil || got != tt.want || got.String() != tt.text {
			t.Errorf("ParseSpeed(%q) = %s, %v; want %s", tt.in, got, err, tt.text)
		}
	}
	for _, in := range []string{
		"", "x", "0", "0x", "-1x", "-0", "0.0x", "1xx", "x600", "fast", " 1x", "1e3x", "0x10", "infx", "nanx", "1_000x",
		"0.01x", "1000001x", "9999999999999999999999999x", "1..5x", "1 x",
	} {
		if got, err := ParseSpeed(in); !errors.Is(err, errSpeed) {
			t.Errorf("ParseSpeed(%q) = %s, %v; want errSpeed", in, got, err)
		}
	}
}

func TestASpeedIsTextInJSON(t *testing.T) {
	type request struct{ Speed Speed }
	out, err := json.Marshal(request{600})
	if err != nil || string(out) != `{"Speed":"600x"}` {
		t.Fatalf("Marshal = %s, %v", out, err)
	}
	in := request{}
	if err := json.Unmarshal(out, &in); err != nil || in.Speed != 600 {
		t.Errorf("Unmarshal = %v, %v", in, err)
	}
	if err := json.Unmarshal([]byte(`{"Speed":"0x"}`), &in); !errors.Is(err, errSpeed) || in.Speed != 600 {
		t.Errorf("Unmarshal of speed 0 = %v, %v; want errSpeed", in, err)
	}
}

func TestASpeedDividesTheWait(t *testing.T) {
	tests := []struct {
		speed     Speed
		gap, want time.Duration
	}{
		{Instant, time.Hour, 0},
		{1, 10*time.Minute + 1, 10*time.Minute + 1},
		{600, 10 * time.Minute, time.Second},
		{0.5, time.Minute, 2 * time.Minute},
		{0.1, math.MaxInt64, math.MaxInt64},
	}
	for _, tt := range tests {
		if got := tt.speed.Wait(tt.gap); got != tt.want {
			t.Errorf("%s turns %v into %v, want %v", tt.speed, tt.gap, got, tt.want)
		}
	}
}

func FuzzParseSpeed(f *testing.F) {
	for _, s := range []string{"1x", "600x", "instant", "0", "-1x", "0.1X", "1e9", "999999999999999999999", "+5x", ".5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		s, err := ParseSpeed(in)
		if err != nil {
			if !errors.Is(err, errSpeed) || s != 0 {
				t.Fatalf("%q: %v, %v", in, s, err)
			}
			return
		}
		if s != Instant && (s < slowest || s > fastest) {
			t.Fatalf("%q gives %v", in, float64(s))
		}
		if again, err := ParseSpeed(s.String()); err != nil || again != s {
			t.Fatalf("%q is written %q, which is read as %v, %v", in, s, again, err)
		}
	})
}
