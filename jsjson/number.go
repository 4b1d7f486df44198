package jsjson

import (
	"bytes"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// appendNumber writes a number of JSON as JavaScript does: as a float64, in
// the form of Number::toString; null for one beyond the range.
func appendNumber(dst, raw []byte) []byte {
	f, _ := strconv.ParseFloat(string(raw), 64) // out of range it is infinite, or 0
	switch {
	case math.IsInf(f, 0):
		return append(dst, "null"...)
	case f == 0:
		return append(dst, '0') // of both signs
	}
	return jsontext.AppendFloat(dst, f, 64)
}

// exactDigits is how many digits every whole number has that JavaScript keeps.
const exactDigits = 15

// rounded reports whether JavaScript writes another number for a whole one.
func rounded(raw []byte) bool {
	digits := bytes.TrimPrefix(raw, []byte("-"))
	if len(digits) <= exactDigits || bytes.ContainsAny(digits, ".eE") {
		return false
	}
	written, _, _ := bytes.Cut(appendNumber(nil, digits), []byte("e")) // 1.5e+21
	written = bytes.Replace(written, []byte("."), nil, 1)
	return !bytes.Equal(bytes.TrimRight(written, "0"), bytes.TrimRight(digits, "0"))
}
