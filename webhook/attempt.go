package webhook

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Trigger says why an attempt was made.
type Trigger string

// The triggers of an attempt.
const (
	TriggerReceived   Trigger = "received"
	TriggerResend     Trigger = "resend"
	TriggerSimulation Trigger = "simulation"
	// TriggerLate is of no new send: it records the app's answer to a received
	// event that came after the sender had been told something else.
	TriggerLate Trigger = "late"
)

// Attempt is one try at the app. Attempts are only ever appended.
//
// A 500 is an answer and stands in StatusCode; Error is for transport alone.
type Attempt struct {
	EventID  ID     `json:"eventId"`
	Seq      uint64 `json:"seq"`      // over all attempts of a store, from 1; the store assigns it
	Delivery int    `json:"delivery"` // from 1; the store assigns it when it is 0
	Number   int    `json:"number"`   // within the delivery, from 1
	// Resend numbers the resends of an event from 1; the store assigns it, 0 in
	// any other attempt.
	Resend int `json:"resend,omitempty"`
	// Sends is how many sends a simulation makes at most; 0: unknown.
	Sends      int           `json:"sends,omitempty"`
	Trigger    Trigger       `json:"trigger"`
	Target     string        `json:"target"` // the URL that was asked
	StartedAt  time.Time     `json:"startedAt"`
	Duration   time.Duration `json:"duration"`
	StatusCode int           `json:"statusCode,omitempty"` // 0: no response
	Header     http.Header   `json:"header,omitempty"`     // of the app's response
	Body       []byte        `json:"body,omitempty"`       // of the app's response, at most its first 256 KiB
	BodySize   int64         `json:"bodySize,omitempty"`   // the response body's true length in bytes
	Error      string        `json:"error,omitempty"`
	// Simulated says that Taskhook wrote StatusCode, not the app: a simulation
	// or a fault did. AppStatus is then what the app itself answered, 0 if it
	// was not called or gave nothing; Header and Body are always the app's.
	Simulated bool `json:"simulated,omitempty"`
	AppStatus int  `json:"appStatus,omitempty"`
	// VirtualTime is when a send of a simulation would arrive, and RetryAt
	// when the next one would: zero where the policy stops. In an attempt of
	// the platform RetryAt is in the event's Answer.
	VirtualTime time.Time `json:"virtualTime,omitzero"`
	RetryAt     time.Time `json:"retryAt,omitzero"`
	// Policy is the name of the policy that a simulation follows.
	Policy string `json:"policy,omitempty"`
	// Fault is what a rule did to this attempt: "429 by rule 2".
	Fault string `json:"fault,omitempty"`
	// Sent is what was really sent; nil: the event's own bytes and headers.
	Sent *Request `json:"sent,omitempty"`
	// Signed are the signature headers that were sent in place of those which the
	// event came with; one without a value was left out. nil: those it came with.
	Signed http.Header `json:"signed,omitempty"`
	// Answered is the status the waiting sender was told because of this
	// attempt, or before a late answer came; 0 when no sender waited.
	Answered int `json:"answered,omitempty"`
	// Slow, Unsuccessful and Hint are what Taskhook noticed: an answer slower
	// than the platform likes, a 2xx whose JSON says "success":false, and one
	// thing to do about a failure.
	Slow         bool   `json:"slow,omitempty"`
	Unsuccessful bool   `json:"unsuccessful,omitempty"`
	Hint         string `json:"hint,omitempty"`
	// Trailer has the trailers of the app's response.
	Trailer http.Header `json:"trailer,omitempty"`
	// Notes are what a person should know about how it was sent or answered,
	// each a sentence without a period.
	Notes []string `json:"notes,omitempty"`
	// Host is the Host header that was sent, "" for the target's own.
	Host string `json:"host,omitempty"`
	// Unforwarded says that no header told the app what was received where.
	Unforwarded bool `json:"unforwarded,omitempty"`
	// Waited is how long the app's connections were refused before one stood or
	// the wait was over. It lies before StartedAt.
	Waited time.Duration `json:"waited,omitempty"`
}

// Name is what people call the attempt: "received", "late answer", "resend 1" or
// "simulated 2/7".
func (a Attempt) Name() string {
	switch {
	case a.Trigger == TriggerLate:
		return "late answer"
	case a.Trigger == TriggerResend && a.Resend > 0:
		return fmt.Sprintf("resend %d", a.Resend)
	case a.Trigger == TriggerSimulation && a.Sends > 0:
		return fmt.Sprintf("simulated %d/%d", a.Number, a.Sends)
	case a.Trigger == TriggerSimulation:
		return fmt.Sprintf("simulated %d", a.Number)
	}
	return string(a.Trigger)
}

// Carries reports whether the attempt sent a body: the event's own, given here,
// or exactly the same bytes. Only such an attempt can recover the event.
func (a Attempt) Carries(body []byte) bool {
	return a.Sent == nil || bytes.Equal(a.Sent.Body, body)
}

// Uncalled reports whether Taskhook wrote the answer without calling the app.
func (a Attempt) Uncalled() bool { return a.Simulated && a.AppStatus == 0 && a.Error == "" }

// DeliveredToApp reports whether the app itself answered 2xx, whatever the
// sender was told.
func (a Attempt) DeliveredToApp() bool {
	switch {
	case a.Error != "":
		return false // its answer broke off
	case a.Simulated:
		return Delivered(a.AppStatus)
	}
	return Delivered(a.StatusCode)
}

// CutShort reports whether the first of an event's attempts is the last of a
// simulation that was cancelled: the policy would have gone on.
func CutShort(attempts []Attempt) bool {
	a := attempts[0]
	if a.Trigger != TriggerSimulation || a.RetryAt.IsZero() {
		return false
	}
	return !slices.ContainsFunc(attempts[1:], func(later Attempt) bool { return later.Delivery == a.Delivery })
}

// Sign chooses the signature headers of a resent event.
type Sign string

// The choices of Sign.
const (
	SignOriginal Sign = "original" // the headers as received
	SignDev      Sign = "dev"      // made anew with the development key
	SignNone     Sign = "none"     // removed
	SignCorrupt  Sign = "corrupt"  // well-formed and wrong
)

// Edit changes one value in a JSON body: Path leads into the payload, in dotted
// form ("email", "tags.0").
type Edit struct {
	Path string `json:"path"`
	// Value keeps the type of what it replaces: a text stays a text. Elsewhere
	// it is JSON, or a text where it is not JSON.
	Value string `json:"value,omitempty"`
	JSON  bool   `json:"json,omitempty"`  // Value is JSON, whatever it replaces
	Unset bool   `json:"unset,omitempty"` // the value is left out
}

// Resend asks for a stored event to be sent once more. The zero value of
// everything but EventID sends the original bytes, headers and signature to
// the current target.
type Resend struct {
	EventID ID     `json:"eventId"`
	To      string `json:"to,omitempty"`    // a target as on the command line; "": the current one
	NewID   bool   `json:"newId,omitempty"` // new webhookId and timestamp, in place
	Sign    Sign   `json:"sign,omitempty"`  // "": original, or dev once the body is changed
	Set     []Edit `json:"set,omitempty"`
	// Edited is sent in place of the event's own request, before NewID and Set
	// are applied; nil: that one.
	Edited *Request `json:"edited,omitempty"`
	// Unverified allows an event that was rejected.
	Unverified bool `json:"unverified,omitempty"`
	// Timeout is how long the app may take, with the wait for a connection; 0:
	// as long as it wants.
	Timeout time.Duration `json:"timeout,omitempty"`
}

// Notes of a resend to which its asker knows what to do: a flag or a key.
const (
	NoteSameID        = "this event was delivered before: with the same webhookId an idempotent app answers 200 without processing"
	NoteSameSignature = "the body is changed and the signature is not: an app that verifies signatures will reject it"
)

// Resent is the outcome of one Resend.
type Resent struct {
	Attempt Attempt  `json:"attempt"`
	State   State    `json:"state"`           // of the event, after the attempt
	Notes   []string `json:"notes,omitempty"` // what a person should know about it
}
