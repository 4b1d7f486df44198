package jsjson

import (
	"math"
	"strconv"
)

// exactDigits is how many digits a whole number may have and always be exact as
// a float64.
const exactDigits = 15

// appendNumber writes a number of JSON as JavaScript does: as a float64, in
// the form of Number::toString; null for one beyond the range.
func appendNumber(dst, raw []byte) []byte {
	if isSmallInteger(raw) {
		return append(dst, raw...)
	}
	f, _ := strconv.ParseFloat(string(raw), 64) // out of range it is infinite, or 0
	switch {
	case math.IsInf(f, 0):
		return append(dst, "null"...)
	case f == 0:
		return append(dst, '0') // of both signs
	}
	return appendFloat(dst, f)
}

// isSmallInteger reports whether a number is a whole number of few digits,
// which is written as it was read.
func isSmallInteger(raw []byte) bool {
	digits := raw
	if raw[0] == '-' {
		digits = raw[1:]
		if digits[0] == '0' {
			return false // -0 is written as 0
		}
	}
	if len(digits) > exactDigits {
		return false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// appendFloat writes a finite number other than 0 with the fewest digits that
// identify it, and with an exponent where JavaScript uses one: from 1e21 and
// below 1e-6.
func appendFloat(dst []byte, f float64) []byte {
	if a := math.Abs(f); a >= 1e-6 && a < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	begin := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// Go writes at least two digits of the exponent: 1e-07.
	for i := begin; i < len(dst); i++ {
		if dst[i] == 'e' && dst[i+2] == '0' {
			return append(dst[:i+2], dst[i+3:]...)
		}
	}
	return dst
}
