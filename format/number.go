package format

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Count writes a number with its thousands apart: "12,345".
func Count(n int) string {
	s := strconv.Itoa(n)
	var b strings.Builder
	for i := range len(s) {
		if i > 0 && (len(s)-i)%3 == 0 && s[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Plural writes a number and what it counts: "1 event", "12,345 events".
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// byteUnits are the units of [Bytes], each 1024 times the one before.
var byteUnits = [...]string{" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"}

// Bytes writes a number of bytes in at most seven characters: "999 B",
// "1.5 KiB", "128 KiB", "2 GiB". A negative number, which stands for an
// unknown size, is "unknown".
func Bytes(n int64) string {
	if n < 0 {
		return "unknown"
	}
	v, unit := float64(n), 0
	for v >= 999.5 {
		v, unit = v/1024, unit+1
	}
	digits := 0
	if v < 9.95 {
		digits = 1
	}
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', digits, 64), ".0") + byteUnits[unit]
}

// ErrBytes is returned by [ParseBytes].
var ErrBytes = errors.New("want a size such as 512KiB or 5MiB")

// ParseBytes reads a number of bytes: a decimal number and, in either case,
// no unit or B, one that is a power of 1024 (k, KiB, m, MiB, g, GiB, t, TiB) or
// one that is a power of 1000 (kB, MB, GB, TB). A part of a byte is dropped.
func ParseBytes(s string) (int64, error) {
	s = strings.ToLower(s)
	number := strings.TrimRight(s, "bikmgt")
	unit := s[len(number):]
	factor := 1.0
	if unit != "" && unit != "b" {
		power := 1 + strings.IndexByte("kmgt", unit[0])
		switch base := unit[1:]; {
		case power > 0 && (base == "" || base == "ib"):
			factor = math.Pow(1024, float64(power))
		case power > 0 && base == "b":
			factor = math.Pow(1000, float64(power))
		default:
			return 0, ErrBytes
		}
	}
	n, err := decimal(strings.TrimRight(number, " "))
	if err != nil || n*factor > 1<<60 {
		return 0, ErrBytes
	}
	return int64(n * factor), nil
}

// Percent writes a share of one as a percentage, in at most four digits: "30%".
func Percent(share float64) string { return fmt.Sprintf("%.4g%%", share*100) }

// ErrPercent is returned by [ParsePercent].
var ErrPercent = errors.New("want a share above 0% and up to 100%, such as 30%")

// ParsePercent reads a percentage above 0% and up to 100% as a share of one.
func ParsePercent(s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	n, err := decimal(number)
	if err != nil || !percent || n == 0 || n > 100 {
		return 0, ErrPercent
	}
	return n / 100, nil
}

// decimal reads a number without sign or exponent.
func decimal(s string) (float64, error) {
	whole, part, dotted := strings.Cut(s, ".")
	if !digits(whole) || dotted && !digits(part) {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(s, 64)
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
