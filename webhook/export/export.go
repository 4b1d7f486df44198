// Package export writes events for other programs and for people who copy
// them: JSON lines as the command line promises them, HTTP archives and curl
// commands. [Formats] lists what whole lists of events can be written as.
package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"
	"unicode/utf8"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// readyVersion is the version of the lines that follow a ready line.
const readyVersion = 2

// ReadyLine writes the line that says a listener is ready: its public URL (the
// local one without a tunnel), the webhook URL to paste, its loopback ingress,
// its target, and its routes if it has any. The error is the writer's.
func ReadyLine(w io.Writer, l webhook.Listener) error {
	return Line(w, struct {
		Kind       string       `json:"kind"`
		Version    int          `json:"version"`
		URL        string       `json:"url"`
		WebhookURL string       `json:"webhookURL"`
		Local      string       `json:"local"`
		Target     string       `json:"target"`
		Routes     []readyRoute `json:"routes,omitempty"`
	}{"ready", readyVersion, l.PublicURL(), l.WebhookURL(), l.Local, l.Target, readyRoutes(l)})
}

// readyRoute is a route of a ready line; a target of "" keeps the events.
type readyRoute struct {
	Filter string `json:"filter"`
	Target string `json:"target"`
}

func readyRoutes(l webhook.Listener) []readyRoute {
	var routes []readyRoute
	for _, r := range l.Routes {
		routes = append(routes, readyRoute{r.Filter, r.Target})
	}
	return routes
}

// EventLine writes an event as it came in. Its "answered" stands there only
// when the event was answered without an attempt, so that no attempt line
// follows. The error is the writer's.
func EventLine(w io.Writer, e webhook.Summary) error {
	return Line(w, newEventFields(e))
}

// SummaryLine writes an event with what has become of it: EventLine's fields,
// then lastStatus, attempts and state. The error is the writer's.
func SummaryLine(w io.Writer, e webhook.Summary, state webhook.State) error {
	return Line(w, struct {
		eventFields
		LastStatus int           `json:"lastStatus"`
		Attempts   int           `json:"attempts"`
		State      webhook.State `json:"state"`
	}{newEventFields(e), e.LastStatus, e.Attempts, state})
}

// AttemptLine writes an attempt and the state of its event after it. The error
// is the writer's.
func AttemptLine(w io.Writer, a webhook.Attempt, state webhook.State) error {
	return Line(w, struct {
		Kind    string     `json:"kind"`
		EventID webhook.ID `json:"eventId"`
		attemptFields
		State webhook.State `json:"state"`
	}{"attempt", a.EventID, newAttemptFields(a), state})
}

// EventObject writes everything that is stored of an event and of all its
// attempts on one line, with its state at a time. Bodies are base64; a response
// body longer than what is stored says bodyCapped. The error is the writer's.
func EventObject(w io.Writer, r webhook.Record, now time.Time) error {
	line := shownEvent{
		eventFields: newEventFields(r.Summary),
		LastStatus:  r.LastStatus,
		State:       r.State(now),
		SentAt:      utc(r.SentAt),
		Method:      text(r.Method), Path: text(r.Path), RawQuery: text(r.RawQuery), Host: text(r.Host), RemoteAddr: r.RemoteAddr,
		exact: exact{exactly(r.Path), exactly(r.RawQuery), exactly(r.Host), exactHeader(r.Header), exactHeader(r.Trailer), exactly(r.Head)},
		Next:  r.Verdict.Next, Answer: r.Answer,
		Header: readable(r.Header), Body: nonNilBody(r.Body), NoBody: r.NoBody,
		Trailer: readable(r.Trailer), Notes: r.Notes, Head: text(r.Head), Count: r.Count,
		Attempts: make([]shownAttempt, len(r.History)),
	}
	for i, a := range r.History {
		line.Attempts[i] = newShownAttempt(a)
	}
	return Line(w, line)
}

// eventFields are the contract's fields of an event, in its order.
type eventFields struct {
	Kind         string                `json:"kind"`
	ID           webhook.ID            `json:"id"`
	Type         string                `json:"type"`
	WebhookID    string                `json:"webhookId"`
	ReceivedAt   time.Time             `json:"receivedAt"`
	Source       webhook.Source        `json:"source"`
	Verdict      webhook.VerdictStatus `json:"verdict"`
	Scheme       string                `json:"scheme"`
	Key          string                `json:"key"`
	Reason       string                `json:"reason"`
	RedeliveryOf webhook.ID            `json:"redeliveryOf"`
	Altered      bool                  `json:"altered,omitempty"`   // other bytes than that one
	Duplicate    bool                  `json:"duplicate,omitempty"` // it was delivered before
	BodySize     int64                 `json:"bodySize"`
	Answered     int                   `json:"answered,omitempty"`
	Decision     webhook.Decision      `json:"decision,omitempty"`

	PossiblyDeleted bool `json:"possiblyDeleted,omitempty"` // brought back from a damaged store
}

func newEventFields(e webhook.Summary) eventFields {
	f := eventFields{
		Kind: "event", ID: e.ID, Type: e.Type, WebhookID: e.WebhookID,
		ReceivedAt: utc(e.ReceivedAt), Source: e.Source,
		Verdict: e.Verdict.Status, Scheme: e.Verdict.Scheme, Key: e.Verdict.Key, Reason: e.Verdict.Reason,
		RedeliveryOf: e.RedeliveryOf, Altered: e.Altered, Duplicate: e.Duplicate, BodySize: e.BodySize,
		Decision: e.Decision, PossiblyDeleted: e.PossiblyDeleted,
	}
	if e.Decision.Rejected() || e.Attempts == 0 {
		f.Answered = e.Answer.Status
	}
	return f
}

// attemptFields are the contract's fields of an attempt, in its order.
type attemptFields struct {
	Delivery   int             `json:"delivery"`
	Number     int             `json:"number"`
	Trigger    webhook.Trigger `json:"trigger"`
	Target     string          `json:"target"`
	StartedAt  time.Time       `json:"startedAt"`
	Status     int             `json:"status"`
	DurationMS float64         `json:"durationMs"`
	WaitedMS   float64         `json:"waitedMs,omitempty"` // for the app, before startedAt
	Error      string          `json:"error"`
	Simulated  bool            `json:"simulated"`
	Answered   int             `json:"answered"`
	// Of simulations and faults alone.
	AppStatus   int       `json:"appStatus,omitempty"`
	VirtualTime time.Time `json:"virtualTime,omitzero"`
	RetryAt     time.Time `json:"retryAt,omitzero"`
	Policy      string    `json:"policy,omitempty"`
	Fault       string    `json:"fault,omitempty"`
	// Of targets that are not UTF-8: see exact.
	TargetBytes []byte `json:"targetBase64,omitempty"`
	SignedBy    string `json:"signedBy,omitempty"` // in place of who had signed it: dev
	// What a person should know about how it was sent or answered.
	Notes []string `json:"notes,omitempty"`
}

// signedBy is who signed an attempt in place of the event's own signer, "" if
// nobody did.
func signedBy(a webhook.Attempt) string {
	if a.Signed == nil {
		return ""
	}
	return string(webhook.SignDev)
}

func newAttemptFields(a webhook.Attempt) attemptFields {
	return attemptFields{
		Delivery: a.Delivery, Number: a.Number, Trigger: a.Trigger, Target: text(a.Target),
		StartedAt: utc(a.StartedAt), Status: a.StatusCode, DurationMS: milliseconds(a.Duration),
		Error: text(a.Error), Simulated: a.Simulated, Answered: a.Answered,
		AppStatus: a.AppStatus, Policy: a.Policy, Fault: a.Fault, Notes: a.Notes,
		VirtualTime: utc(a.VirtualTime), RetryAt: utc(a.RetryAt),
		TargetBytes: exactly(a.Target),
		SignedBy:    signedBy(a),
		WaitedMS:    milliseconds(a.Waited),
	}
}

type shownEvent struct {
	eventFields
	LastStatus int                 `json:"lastStatus"`
	State      webhook.State       `json:"state"`
	SentAt     time.Time           `json:"sentAt,omitzero"`
	Method     string              `json:"method"`
	Path       string              `json:"path"`
	RawQuery   string              `json:"rawQuery"`
	Host       string              `json:"host"`
	RemoteAddr string              `json:"remoteAddr"`
	Next       string              `json:"next,omitempty"`
	Answer     webhook.Answer      `json:"answer,omitzero"`
	Header     map[string][]string `json:"header"`
	Body       []byte              `json:"bodyBase64"`
	NoBody     bool                `json:"noBody,omitempty"`

	Trailer  map[string][]string `json:"trailer,omitempty"`
	Notes    []string            `json:"notes,omitempty"`
	Head     string              `json:"head,omitempty"`
	Count    int                 `json:"count,omitempty"`
	Attempts []shownAttempt      `json:"attempts"`
	exact
}

type shownAttempt struct {
	attemptFields
	Slow         bool                `json:"slow,omitempty"`
	Unsuccessful bool                `json:"unsuccessful,omitempty"`
	Hint         string              `json:"hint,omitempty"`
	Header       map[string][]string `json:"header,omitempty"`
	Trailer      map[string][]string `json:"trailer,omitempty"`
	Body         []byte              `json:"bodyBase64,omitempty"`
	BodySize     int64               `json:"bodySize"`
	BodyCapped   bool                `json:"bodyCapped,omitempty"` // bodyBase64 is only the body's beginning
	Sent         *shownRequest       `json:"sent,omitempty"`       // absent: the event's own bytes
	Signed       map[string][]string `json:"signed,omitempty"`     // in place of its own signatures
	Host         string              `json:"host,omitempty"`       // the Host header that was sent; absent: the target's own
	exact
}

type shownRequest struct {
	Method   string              `json:"method"`
	Path     string              `json:"path"`
	RawQuery string              `json:"rawQuery"`
	Header   map[string][]string `json:"header"`
	Body     []byte              `json:"bodyBase64"`
	exact
}

func newShownAttempt(a webhook.Attempt) shownAttempt {
	s := shownAttempt{
		attemptFields: newAttemptFields(a),
		Slow:          a.Slow, Unsuccessful: a.Unsuccessful, Hint: text(a.Hint),
		Header: readable(a.Header), Trailer: readable(a.Trailer), Body: a.Body, BodySize: a.BodySize,
		BodyCapped: a.BodySize > int64(len(a.Body)),
		Host:       text(a.Host),
		Signed:     a.Signed,
		exact:      exact{Header: exactHeader(a.Header), Trailer: exactHeader(a.Trailer)},
	}
	if r := a.Sent; r != nil {
		s.Sent = &shownRequest{
			text(r.Method), text(r.Path), text(r.RawQuery), readable(r.Header), nonNilBody(r.Body),
			exact{Path: exactly(r.Path), RawQuery: exactly(r.RawQuery), Header: exactHeader(r.Header)},
		}
	}
	return s
}

// nonNilBody avoids null in the JSON.
func nonNilBody(body []byte) []byte {
	if body == nil {
		return []byte{}
	}
	return body
}

// Line writes one object as JSON and a line end in one Write, so that lines of
// several writers do not mix. What would act on a terminal is escaped. The
// error is the writer's, or encoding/json's.
func Line(w io.Writer, line any) error {
	enc := json.NewEncoder(harmless{w})
	enc.SetEscapeHTML(false)
	return enc.Encode(line)
}

// harmless escapes, in JSON, what acts on a terminal and JSON leaves as it is:
// C1 control characters and bidirectional overrides. The value stays the same.
type harmless struct{ w io.Writer }

func (h harmless) Write(p []byte) (int, error) {
	// Most of a line is base64: to decode runes of it would take longer than to
	// write it.
	plain := 0
	for plain < len(p) && p[plain] < 0x7f {
		plain++
	}
	if bytes.IndexFunc(p[plain:], isDangerous) < 0 {
		return h.w.Write(p)
	}
	safe := append(make([]byte, 0, len(p)+64), p[:plain]...)
	for rest := p[plain:]; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		if isDangerous(r) {
			safe = fmt.Appendf(safe, `\u%04x`, r)
		} else {
			safe = append(safe, rest[:n]...)
		}
		rest = rest[n:]
	}
	if _, err := h.w.Write(safe); err != nil {
		return 0, err
	}
	return len(p), nil
}

// isDangerous reports whether a rune beyond JSON's own escapes is unsafe.
func isDangerous(r rune) bool { return r >= 0x7f && r != utf8.RuneError && format.Unsafe(r) }

func utc(t time.Time) time.Time { return t.Round(0).UTC() }

// milliseconds rounds to the microsecond: more digits are noise.
func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Microsecond)) / 1000
}
