// Package sandbox is Taskee on one's own machine: it serves the Contacts API
// with private integration tokens, sends signed webhooks for every change,
// retries them by the platform's rules, and has a delivery log.
//
// The platform's document is the authority for every path, parameter, body and
// status; where it leaves something open, a comment says what was decided. All
// state is in one file. The sandbox has its own clock, which can be moved: the
// age of tokens, the overlap of a rotation and the time of retries follow it.
package sandbox
