package jsjson

import (
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
