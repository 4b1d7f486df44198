package filter

import (
	"strings"
	"time"
)

// moment is a point in time as it was written: it may hang on the present and
// on the time zone.
type moment struct {
	ago   time.Duration // before the present, where nothing else is set
	clock bool          // the last time that wall showed this time of day
	day   bool          // wall holds a date, in the time zone of the present
	days  int           // midnight that many days back, where midnight is set
	// midnight says that days counts.
	midnight bool
	zoned    bool // wall is a point in time as it is
	wall     time.Time
}

// at returns the point in time, seen from the present.
func (m moment) at(now time.Time) time.Time {
	w := m.wall
	switch {
	case m.zoned:
		return w
	case m.day:
		return time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), w.Nanosecond(), now.Location())
	case m.midnight:
		return time.Date(now.Year(), now.Month(), now.Day()-m.days, 0, 0, 0, 0, now.Location())
	case m.clock:
		on := func(day int) time.Time {
			return time.Date(now.Year(), now.Month(), day, w.Hour(), w.Minute(), w.Second(), w.Nanosecond(), now.Location())
		}
		if t := on(now.Day()); !t.After(now) {
			return t
		}
		return on(now.Day() - 1)
	}
	return now.Add(-m.ago)
}

// parseMoment reads 10m, today, yesterday, 14:05, 2026-11-25 or
// 2026-11-25T14:05, both with seconds and the latter with a zone if wanted.
func parseMoment(s string) (moment, bool) {
	if d, ok := duration(strings.ToLower(s)); ok {
		return moment{ago: d}, true
	}
	switch strings.ToLower(s) {
	case "now":
		return moment{}, true
	case "today":
		return moment{midnight: true}, true
	case "yesterday":
		return moment{midnight: true, days: 1}, true
	}
	for _, layout := range [...]string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return moment{clock: true, wall: t}, true
		}
	}
	s = strings.ToUpper(s)
	for _, layout := range [...]string{"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return moment{day: true, wall: t}, true
		}
	}
	for _, layout := range [...]string{"2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return moment{zoned: true, wall: t}, true
		}
	}
	return moment{}, false
}

// parseTime reads since: and before:.
func parseTime(p *parser, f field, w word) (*term, *SyntaxError) {
	s := strings.Replace(strings.TrimSpace(w.text), " ", "T", 1)
	m, ok := parseMoment(s)
	if !ok {
		return nil, w.wrong("write 10m, 2d, today, 14:05, 2026-11-25 or 2026-11-25T14:05", "%s is no time", show(w.text))
	}
	i := len(p.moments)
	p.moments = append(p.moments, m)
	if s = strings.ToLower(s); strings.Contains(s, "-") { // T and Z of a date
		s = strings.ToUpper(s)
	}
	t := &term{text: f.name + ":" + s}
	if f.name == "since" {
		t.within = &span{last: everything.last, since: []int{i}}
		t.test = func(c *candidate) Result { return result(!c.row.ReceivedAt.Before(c.times[i])) }
	} else {
		t.within = &span{last: everything.last, before: []int{i}}
		t.test = func(c *candidate) Result { return result(c.row.ReceivedAt.Before(c.times[i])) }
	}
	return t, nil
}
