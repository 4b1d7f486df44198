package retry

import (
	"testing"
	"time"
)

func TestRoughDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                 "0 s",
		12400 * time.Millisecond:          "12 s",
		59700 * time.Millisecond:          "1 min",
		89 * time.Second:                  "1 min",
		31*time.Minute + 10*time.Second:   "31 min",
		59*time.Minute + 40*time.Second:   "1 h",
		70*time.Minute + 2*time.Second:    "1 h 10 min",
		24*time.Hour - time.Second:        "1 d",
		51*time.Hour + 20*time.Minute:     "2 d 3 h",
		48 * time.Hour:                    "2 d",
		365*24*time.Hour - 31*time.Minute: "364 d 23 h",
	} {
		if got := roughly(d); got != want {
			t.Errorf("%v is said as %q, want %q", d, got, want)
		}
	}
}
