// Package jsjson treats JSON as JavaScript does: it writes what
// JSON.stringify(JSON.parse(body)) would, shows where two texts first differ,
// and finds or edits one value while every other byte stays as it is. Its
// [Reader] is what everything here reads JSON with, token by token.
//
// Apps on the platform often check a signature over the JSON they have parsed
// and written again, not over the bytes that arrived, so the exact spelling
// matters: the order of keys, of 1.0 and 1e3, of escapes and of characters
// that were cut in half.
//
// The grammar is that of jsontext; how strings are read and how deep values nest are
// JavaScript's. No nesting in a body can exhaust the stack.
package jsjson
