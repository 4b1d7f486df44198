package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/taskhook/taskhook/format"
)

// byteSize is a flag value such as 5MiB; a bare number counts bytes.
type byteSize int64

func (b *byteSize) String() string { return format.Bytes(int64(*b)) }
func (b *byteSize) Type() string   { return "size" }
func (b *byteSize) Set(s string) error {
	n, err := format.ParseBytes(s)
	*b = byteSize(n)
	return err
}

// span is a flag value such as 90s, 12h or 30d.
type span time.Duration

func (d *span) String() string { return format.Duration(time.Duration(*d)) }
func (d *span) Type() string   { return "duration" }
func (d *span) Set(s string) error {
	t, err := format.ParseDuration(s)
	if err != nil || t == 0 {
		return format.ErrDuration
	}
	*d = span(t)
	return nil
}

// choice is a flag value out of a few words.
type choice struct {
	value string
	words []string
}

func oneOf(value string, others ...string) choice {
	return choice{value: value, words: append([]string{value}, others...)}
}

// addChoice adds a choice as a flag whose help names the words.
func addChoice(f *pflag.FlagSet, c *choice, name, usage string) {
	f.Var(c, name, usage+": "+strings.Join(c.words[:len(c.words)-1], ", ")+" or "+c.words[len(c.words)-1])
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return strings.Join(c.words, "|") }
func (c *choice) Set(s string) error {
	for _, w := range c.words {
		if s == w {
			c.value = s
			return nil
		}
	}
	return fmt.Errorf("want one of %s", strings.Join(c.words, ", "))
}

// rate is a flag value such as 5/s or 100/m; a bare number counts a second.
// The zero value is as fast as it goes.
type rate struct {
	text     string
	interval time.Duration // between two events
}

func (r *rate) String() string { return r.text }
func (r *rate) Type() string   { return "N/s" }
func (r *rate) Set(s string) error {
	number, unit, _ := strings.Cut(s, "/")
	per, known := map[string]time.Duration{"": time.Second, "s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !known || strings.HasSuffix(s, "/") || !(n > 0 && n <= 1e6) || float64(per)/n > float64(24*time.Hour) {
		return errors.New("want a rate such as 5/s, 100/m or 0.5/s")
	}
	r.text, r.interval = s, time.Duration(float64(per)/n)
	return nil
}
