// Package format writes values as people read them, each in one form wherever
// it is shown.
package format
