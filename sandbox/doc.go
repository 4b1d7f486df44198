// Package sandbox is Taskee on one's own machine: it serves the Contacts API
// with private integration tokens, turns what happens in it into signed
// webhooks, retries them by the platform's rules, and keeps a delivery log.
//
// The platform's document is the authority for every path, parameter, body and
// status; what it leaves open is said where it is decided. State is kept in
// one file. Time is the sandbox's own and can be moved: the overlap of rotated
// tokens, their age, and pending retries follow.
package sandbox
