package cli

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/retry"
)

// The usage of a flag names its placeholder in backquotes. A choice needs none:
// its words are the placeholder.

// parsed is the value of a flag that parse reads. The error of parse says what
// is wanted.
type parsed[T any] struct {
	to    *T
	text  string
	parse func(string) (T, error)
}

func (p *parsed[T]) String() string { return p.text }
func (p *parsed[T]) Type() string   { return "value" }
func (p *parsed[T]) Set(text string) error {
	value, err := p.parse(text)
	if err != nil {
		return err
	}
	*p.to, p.text = value, text
	return nil
}

// addParsed adds a flag that parse reads. text is how its default is written,
// "" for none.
func addParsed[T any](f *pflag.FlagSet, to *T, name, text, usage string, parse func(string) (T, error)) {
	f.Var(&parsed[T]{to, text, parse}, name, usage)
}

// addNumber adds a flag for a whole number. Its default is what to points to,
// and need not be in the range.
func addNumber(f *pflag.FlagSet, to *int, name string, least, most int, usage string) {
	wanted := fmt.Errorf("want a whole number from %d to %d", least, most)
	if most == math.MaxInt {
		wanted = fmt.Errorf("want a whole number, %d or more", least)
	}
	addParsed(f, to, name, strconv.Itoa(*to), usage, func(text string) (int, error) {
		n, err := strconv.Atoi(text)
		if err != nil || n < least || n > most {
			return 0, wanted
		}
		return n, nil
	})
}

// addSeed adds --seed.
func addSeed(f *pflag.FlagSet, to *uint64, usage string) {
	addParsed(f, to, "seed", strconv.FormatUint(*to, 10), usage, func(text string) (uint64, error) {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return 0, errors.New("want a whole number such as 5")
		}
		return n, nil
	})
}

// addDuration adds a flag such as 90s, 12h or 30d. Its default is what to
// points to.
func addDuration(f *pflag.FlagSet, to *time.Duration, name, usage string) {
	addParsed(f, to, name, format.Duration(*to), usage, parseLimit)
}

// addLimit adds a flag such as 90s that limits what has no limit without it.
func addLimit(f *pflag.FlagSet, to *time.Duration, name, usage string) {
	addParsed(f, to, name, "", usage, parseLimit)
}

func parseLimit(text string) (time.Duration, error) {
	d, err := format.ParseDuration(text)
	if err != nil || d == 0 {
		return 0, format.ErrDuration
	}
	return d, nil
}

// addSize adds a flag such as 5MiB; a bare number counts bytes. Its default is
// what to points to.
func addSize(f *pflag.FlagSet, to *int64, name string, most int64, usage string) {
	addParsed(f, to, name, format.Bytes(*to), usage, func(text string) (int64, error) {
		n, err := format.ParseBytes(text)
		if err == nil && (n < 1 || n > most) {
			return 0, fmt.Errorf("want a size from 1 B to %s", format.Bytes(most))
		}
		return n, err
	})
}

// addSpeed adds --speed.
func addSpeed(f *pflag.FlagSet, to *retry.Speed, usage string) {
	addParsed(f, to, "speed", to.String(), usage, func(text string) (retry.Speed, error) {
		speed, err := retry.ParseSpeed(text)
		if err != nil {
			return 0, errors.New("want 1x, 600x or instant")
		}
		return speed, nil
	})
}

// addRate adds --rate, such as 5/s or 100/m; a bare number counts a second. to
// gets the time between two events.
func addRate(f *pflag.FlagSet, to *time.Duration, usage string) {
	addParsed(f, to, "rate", "", usage, func(text string) (time.Duration, error) {
		number, unit, _ := strings.Cut(text, "/")
		per, known := map[string]time.Duration{"": time.Second, "s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || !known || strings.HasSuffix(text, "/") || !(n > 0 && n <= 1e6) || float64(per)/n > float64(24*time.Hour) {
			return 0, errors.New("want a rate such as 5/s, 100/m or 0.5/s")
		}
		return time.Duration(float64(per) / n), nil
	})
}

// choice is a flag value out of a few words, "" until one is chosen.
type choice struct {
	value string
	words []string
}

// oneOf is a choice with the first word as its default.
func oneOf[S ~string](words ...S) choice {
	c := anyOf(words...)
	c.value = c.words[0]
	return c
}

// anyOf is a choice without a default.
func anyOf[S ~string](words ...S) choice {
	var c choice
	for _, word := range words {
		c.words = append(c.words, string(word))
	}
	return c
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return strings.Join(c.words, "|") }
func (c *choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("want one of %s", strings.Join(c.words, ", "))
	}
	c.value = s
	return nil
}
