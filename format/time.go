package format

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// Duration writes a duration in at most seven characters up to 99 days, and
// drops what is smaller: with one decimal below ten milliseconds and from one
// second to a minute, "3.1ms", "312ms", "6.2s", then in two units, of which the
// smaller one is left out when it is zero: "1m 31s", "19h 48m", "30d".
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Duration(-max(d, -math.MaxInt64))
	case d == 0:
		return "0s"
	case d < 10*time.Millisecond:
		return tenths(d, time.Millisecond) + "ms"
	case d < time.Second:
		return strconv.FormatInt(int64(d/time.Millisecond), 10) + "ms"
	case d < time.Minute:
		return tenths(d, time.Second) + "s"
	case d < time.Hour:
		return twoUnits(d, time.Minute, "m", time.Second, "s")
	case d < day:
		return twoUnits(d, time.Hour, "h", time.Minute, "m")
	}
	return twoUnits(d, day, "d", time.Hour, "h")
}

// tenths writes how often a unit fits, with a decimal unless that is zero.
func tenths(d, unit time.Duration) string {
	n := int64(d / (unit / 10))
	text := strconv.FormatInt(n/10, 10)
	if n%10 != 0 {
		text += "." + strconv.FormatInt(n%10, 10)
	}
	return text
}

func twoUnits(d, large time.Duration, largeName string, small time.Duration, smallName string) string {
	text := strconv.FormatInt(int64(d/large), 10) + largeName
	if rest := d % large / small; rest > 0 {
		text += " " + strconv.FormatInt(int64(rest), 10) + smallName
	}
	return text
}

// rough writes a duration in one unit: "45s", "9m", "5h", "3d". What is not
// over yet is at least "1s".
func rough(d time.Duration) string {
	unit, name := day, "d"
	switch {
	case d < time.Minute:
		return strconv.FormatInt(int64(max(0, d)/time.Second)+1, 10) + "s"
	case d.Round(time.Minute) < time.Hour:
		unit, name = time.Minute, "m"
	case d.Round(time.Hour) < 2*day:
		unit, name = time.Hour, "h"
	}
	return strconv.FormatInt(int64(d.Round(unit)/unit), 10) + name
}

// Until says how far away a time is, roughly: "in 9m", or "due" once it has
// come.
func Until(t, now time.Time) string {
	if !t.After(now) {
		return "due"
	}
	return "in " + rough(t.Sub(now))
}

// ErrDuration is returned by [ParseDuration].
var ErrDuration = errors.New("want a duration such as 30s, 10m, 12h or 30d")

// ParseDuration reads what [time.ParseDuration] reads and, before that, weeks
// and days: "90s", "1.5h", "30d", "1w2d". Nothing is negative. Spaces may stand
// between the units.
func ParseDuration(s string) (time.Duration, error) {
	rest := strings.ReplaceAll(s, " ", "")
	var long time.Duration
	found := rest != ""
	for _, unit := range [...]struct {
		name   string
		length time.Duration
	}{{"w", 7 * day}, {"d", day}} {
		number, after, has := strings.Cut(rest, unit.name)
		if !has {
			continue
		}
		n, err := decimal(number)
		if err != nil || n > 36500 {
			return 0, ErrDuration
		}
		long += time.Duration(n * float64(unit.length))
		rest = after
	}
	if rest == "" && found {
		return long, nil
	}
	d, err := time.ParseDuration(rest)
	if err != nil || rest[0] < '0' || rest[0] > '9' || d > math.MaxInt64-long {
		return 0, ErrDuration
	}
	return long + d, nil
}

// Clock writes a time of day, as in a stream of lines: "14:33:28".
func Clock(t time.Time) string { return t.Format(time.TimeOnly) }

// ClockMillis is [Clock] with milliseconds, to tell things apart that happened
// within a second: "14:33:28.123".
func ClockMillis(t time.Time) string { return t.Format("15:04:05.000") }

// ShortTime writes a time in a sentence: "14:33" today, "Jan 28 14:33" this
// year, else "Jan 28 2025 14:33". Now is seen in the time zone of t.
func ShortTime(t, now time.Time) string {
	now = now.In(t.Location())
	switch {
	case t.Year() != now.Year():
		return t.Format("Jan 2 2006 15:04")
	case t.YearDay() != now.YearDay():
		return t.Format("Jan 2 15:04")
	}
	return t.Format("15:04")
}

// DateTime writes a time in a table or among details, always in nineteen
// characters: "2026-11-28 14:33:28".
func DateTime(t time.Time) string { return t.Format(time.DateTime) }
