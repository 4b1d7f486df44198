package filter

import (
	"strings"
	"time"

	"github.com/taskhook/taskhook/format"
)

// moment returns a point in time as it was written, seen from the present and
// in its zone.
type moment func(now time.Time) time.Time

// parseMoment reads 10m, today, yesterday, 14:05, 2026-11-25 or
// 2026-11-25T14:05, both with seconds and the latter with a zone if wanted.
func parseMoment(s string) (m moment, ok bool) {
	word := strings.ToLower(s)
	if ago, err := format.ParseDuration(word); err == nil {
		return func(now time.Time) time.Time { return now.Add(-ago) }, true
	}
	switch word {
	case "now":
		return func(now time.Time) time.Time { return now }, true
	case "today":
		return func(now time.Time) time.Time { return wall(now, time.Time{}, now.Location()) }, true
	case "yesterday":
		return func(now time.Time) time.Time { return wall(now.AddDate(0, 0, -1), time.Time{}, now.Location()) }, true
	}
	if clock, ok := parseAny(s, "15:04", "15:04:05"); ok {
		return func(now time.Time) time.Time {
			if t := wall(now, clock, now.Location()); !t.After(now) {
				return t
			}
			return wall(now.AddDate(0, 0, -1), clock, now.Location())
		}, true
	}
	s = strings.ToUpper(s)
	if local, ok := parseAny(s, "2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05"); ok {
		return func(now time.Time) time.Time { return wall(local, local, now.Location()) }, true
	}
	if zoned, ok := parseAny(s, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z07:00"); ok {
		return func(time.Time) time.Time { return zoned }, true
	}
	return nil, false
}

// wall is a time of day on a date, in a zone.
func wall(date, clock time.Time, zone *time.Location) time.Time {
	return time.Date(date.Year(), date.Month(), date.Day(), clock.Hour(), clock.Minute(), clock.Second(), clock.Nanosecond(), zone)
}

// parseAny reads a time in one of several layouts.
func parseAny(s string, layouts ...string) (t time.Time, ok bool) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return t, false
}

// parseTime reads since: and before:.
func parseTime(p *parser, f field, w word) (*node, *SyntaxError) {
	s := strings.Replace(strings.TrimSpace(w.text), " ", "T", 1)
	m, ok := parseMoment(s)
	if !ok {
		return nil, w.wrong("write 10m, 2d, today, 14:05, 2026-11-25 or 2026-11-25T14:05", "%s is not a time", show(w.text))
	}
	i := len(p.moments)
	p.moments = append(p.moments, m)
	if s = strings.ToLower(s); strings.Contains(s, "-") { // T and Z of a date
		s = strings.ToUpper(s)
	}
	return newTerm(f, s, func(c *candidate) bool {
		return c.row.ReceivedAt.Before(c.times[i]) == (f.name == "before")
	}), nil
}
