// Package format writes values for people, each in one form wherever it is
// shown: sizes, counts, durations, times, and the words for states, verdicts
// and health (words.go). It makes text safe for a terminal, quotes words for a
// shell, and finds the name that was meant by a misspelled one.
package format
