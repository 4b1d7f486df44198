// Package jsjson treats JSON as JavaScript does: it writes what
// JSON.stringify(JSON.parse(body)) would, shows where two texts part, and
// finds or edits one value while every other byte stays as it is.
//
// Apps on the platform often check a signature over the JSON they have parsed
// and written again, not over the bytes that arrived, so the exact spelling
// matters: the order of keys, of 1.0 and 1e3, of escapes and of characters
// that were cut in half.
//
// Nothing here keeps state: all functions may be called from many goroutines.
// None recurses, so no nesting in a body can exhaust the stack.
package jsjson
