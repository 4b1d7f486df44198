// Package webhook holds the nouns that every part of Taskhook shares: the
// [Event] as received, each [Attempt] at the app, the [Verdict] on its
// signature, the [Answer] its sender got, and the [State] that follows from
// them. It imports the standard library alone.
package webhook

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

// ErrNotFound is returned when no stored event fits the given ID, name or query.
var ErrNotFound = errors.New("event not found")

// ErrPruned is returned when an event is stored but its body is not: it was
// too large to keep, or its request was rejected before the body was read.
var ErrPruned = errors.New("the body of this event was not kept")

// ErrUnverified is returned when an event that was rejected is to be sent to
// the app and that was not asked for in so many words.
var ErrUnverified = errors.New("the event was rejected")

// ErrIgnored is returned when an event is to be sent to where it would go now,
// and a route sends it to no app.
var ErrIgnored = errors.New("a route sends it to no app")

// ErrSimulating is returned when a second simulation of an event is asked for
// while the first runs.
var ErrSimulating = errors.New("a simulation of this event is running")

// ErrBatchRunning is returned when a batch is to be resent while another is:
// two would send the same events.
var ErrBatchRunning = errors.New("another batch is being resent")

// ErrNotSimulating is returned when a simulation is to be steered that does
// not run.
var ErrNotSimulating = errors.New("no simulation of this event is running")

// ID numbers an event within its store, from 1 in order of arrival; 0 is no
// event.
type ID uint64

// String writes the ID as people see it, "#42".
func (id ID) String() string { return "#" + strconv.FormatUint(uint64(id), 10) }

// Source says how an event reached Taskhook.
type Source string

// The sources of an event.
const (
	SourceTunnel  Source = "tunnel"  // through the public URL
	SourceLocal   Source = "local"   // on the loopback ingress
	SourceSandbox Source = "sandbox" // from the emulated platform
	SourceImport  Source = "import"  // read from a file
)

// Event is one webhook request as it was received. It never changes once it
// is stored; what became of it is in its [Answer] and its attempts.
type Event struct {
	ID         ID        `json:"id"`
	WebhookID  string    `json:"webhookId,omitempty"` // the platform's own name of the event, "" if the body has none
	Type       string    `json:"type,omitempty"`      // "" if the body has none
	SentAt     time.Time `json:"sentAt,omitzero"`     // the body's timestamp; zero if it has none
	ReceivedAt time.Time `json:"receivedAt"`
	Method     string    `json:"method"`
	Path       string    `json:"path"`               // as on the request line, percent-encoding kept
	RawQuery   string    `json:"rawQuery,omitempty"` // without the "?"
	Host       string    `json:"host,omitempty"`
	RemoteAddr string    `json:"remoteAddr,omitempty"`
	// Header has every value of every header as received, canonical names.
	Header http.Header `json:"header,omitempty"`
	// Body has the exact bytes; nil in lists, and when it was not kept.
	Body []byte `json:"body,omitempty"`
	// BodySize is the body's length in bytes, or what its sender declared when
	// the body was not kept (-1: not declared).
	BodySize int64   `json:"bodySize"`
	NoBody   bool    `json:"noBody,omitempty"` // the body was too large, or not complete, and is not stored
	Source   Source  `json:"source"`
	Verdict  Verdict `json:"verdict"`
	// Decision is empty for an event that was to be forwarded.
	Decision Decision `json:"decision,omitempty"`
	// RedeliveryOf is the newest earlier event with the same webhookId, 0 if
	// this is the first. Try counts from 1: the first send is 1, the first
	// redelivery 2. The store assigns both.
	RedeliveryOf ID  `json:"redeliveryOf,omitempty"`
	Try          int `json:"try,omitempty"`
	// Altered says that the earlier event with this webhookId had other bytes.
	Altered bool `json:"altered,omitempty"`
	// Duplicate says that the webhookId had been delivered before this event
	// came: by a resend of an earlier one, or because the platform
	// sent again what had been delivered.
	Duplicate bool `json:"duplicate,omitempty"`
	// PossiblyDeleted says that the event was brought back from a damaged store
	// which does not tell whether it had been deleted.
	PossiblyDeleted bool   `json:"possiblyDeleted,omitempty"`
	Answer          Answer `json:"answer,omitzero"`
	// Head is the head as it came, of a request that is not readable HTTP: a line
	// for each line, control characters as \x1b, perhaps cut. "" in lists.
	Head string `json:"head,omitempty"`
	// Count is how many requests the event stands for, when more are turned away
	// than it makes sense to keep; 0: itself.
	Count int `json:"count,omitempty"`
	// Trailer has the trailers of the request; nil in lists.
	Trailer http.Header `json:"trailer,omitempty"`
	// Notes are what a person should know about how it came or was forwarded,
	// each a sentence without a period; nil in lists.
	Notes []string `json:"notes,omitempty"`
}

// VerdictStatus is the outcome of a signature check.
type VerdictStatus string

// The outcomes of a signature check.
const (
	Valid     VerdictStatus = "valid"
	Invalid   VerdictStatus = "invalid"
	Unsigned  VerdictStatus = "unsigned"
	Unchecked VerdictStatus = "unchecked" // verification is off, or the body was never read
	Skipped   VerdictStatus = "skipped"   // a rule lets such requests pass unchecked
)

// Verdict is what the signature check found. It is data: a forged event is
// stored like any other.
type Verdict struct {
	Status VerdictStatus `json:"status"`
	Scheme string        `json:"scheme,omitempty"` // "rsa" or "ed25519", "" if none was recognised
	Header string        `json:"header,omitempty"` // the header the signature stood in
	Key    string        `json:"key,omitempty"`    // name of the key that fits: taskee, highlevel, dev or a file's name
	// Reason is one sentence a person can act on. Empty for a plain valid
	// verdict; on a valid one it is a warning.
	Reason string `json:"reason,omitempty"`
	// Next is one thing to do about it, "" if nothing.
	Next string `json:"next,omitempty"`
	// Age is how long before its arrival the event says it was sent; 0 if the
	// body has no timestamp.
	Age time.Duration `json:"age,omitempty"`
}

// AnsweredBy says who decided the answer to the sender.
type AnsweredBy string

// Who decided an answer.
const (
	ByApp      AnsweredBy = "app"
	ByTaskhook AnsweredBy = "taskhook"
)

// Answer is what the sender of an event was told.
type Answer struct {
	Status     int        `json:"status,omitempty"` // 0: nothing yet
	By         AnsweredBy `json:"by,omitempty"`
	Reason     string     `json:"reason,omitempty"`     // why Taskhook answered itself
	SenderGone bool       `json:"senderGone,omitempty"` // the sender hung up before it could be told
	// BrokenOff says that the sender has got the status and a part of the
	// answer, no more; with Status 0, nothing at all.
	BrokenOff bool `json:"brokenOff,omitempty"`
	// Shielded says that a failure of the app was answered 429 in its place, so
	// that the platform sends the event again.
	Shielded bool      `json:"shielded,omitempty"`
	At       time.Time `json:"at,omitzero"`
	// RetryAt is when the platform is expected to send the event again; zero:
	// it will not.
	RetryAt time.Time `json:"retryAt,omitzero"`
}

// MayBeProcessed stands in the reason of a shielded answer when the app had got
// the event: nobody but the app knows.
const MayBeProcessed = "the app may have processed it all the same"

// Delivered reports whether the status is 2xx.
func Delivered(status int) bool { return status >= 200 && status < 300 }

// Request is what was really sent to the app when that was not the event's
// own request.
type Request struct {
	Method   string      `json:"method"`
	Path     string      `json:"path"`
	RawQuery string      `json:"rawQuery,omitempty"`
	Header   http.Header `json:"header,omitempty"`
	Body     []byte      `json:"body,omitempty"`
}
