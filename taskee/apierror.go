package taskee

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ErrTooLarge is returned for an answer of more than 16 MiB.
var ErrTooLarge = errors.New("the answer is larger than 16 MiB")

// ErrNotAPI is returned for an answer of 2xx that is not what the document
// describes: it is not JSON, or lacks what was asked for. It is wrapped with
// what is wrong.
var ErrNotAPI = errors.New("not an answer of the API")

// ErrBadID is returned for an ID that is empty or would change the path of the
// request. Nothing is sent.
var ErrBadID = errors.New("invalid ID")

// ErrCursor is returned when the API answers a page with the cursor of the page
// before it: to continue would never end.
var ErrCursor = errors.New("the API returned the same cursor again")

// APIError is an answer that is not 2xx.
type APIError struct {
	Method string
	Path   string // without the query
	Status int    // 300 to 599
	// Message is what the API says: one sentence as a rule, one for each invalid
	// field of a 422. Empty if the answer has none that can be read.
	Message []string
	// RequestID is what the platform's support knows the request by; "" if the
	// answer has none.
	RequestID string
	// RetryAfter is how long to wait before the next request; 0 if the API does
	// not say.
	RetryAfter time.Duration
	// Daily reports whether the daily limit is used up, not the short one.
	Daily bool
	// Tries is how often the request was sent, from 1.
	Tries int
	// ContactID is the contact that a create would duplicate, and MatchingField
	// the field with the same value: "email" or "phone". The document has
	// neither; the family's API has them in the field meta. Otherwise "".
	ContactID, MatchingField string
}

// Error says what was asked and what the API answered.
func (e *APIError) Error() string {
	text := strings.Join(e.Message, "; ")
	if text == "" {
		text = http.StatusText(e.Status)
	}
	s := fmt.Sprintf("%s %s: %d %s", e.Method, e.Path, e.Status, text)
	if e.Tries > 1 {
		s += fmt.Sprintf(" (after %d tries)", e.Tries)
	}
	if e.RequestID != "" {
		s += " (request " + e.RequestID + ")"
	}
	return s
}

// apiFailure is the shape of an error in the document, under "Responses", with
// what the family's API adds. The message is a string or a list.
type apiFailure struct {
	Message json.RawMessage `json:"message"`
	Error   json.RawMessage `json:"error"`
	TraceID string          `json:"traceId"`
	Meta    struct {
		ContactID     string `json:"contactId"`
		MatchingField string `json:"matchingField"`
	} `json:"meta"`
}

// Bounds of what is read of a failure: a proxy may answer anything.
const (
	maxMessages    = 100
	maxMessageSize = 1000 // bytes
)

// apiError reads an answer that is not 2xx.
func (c *Client) apiError(r request, a answer, tries int) *APIError {
	e := &APIError{
		Method: r.method, Path: r.path, Status: a.status, Tries: tries,
		RetryAfter: retryAfter(a.header, a.at), Daily: dailyUsedUp(a),
	}
	var f apiFailure
	// If a field has another type, the others are read all the same; if the body
	// is not JSON, the status has to do.
	_ = json.Unmarshal(a.body, &f)
	if e.Message = messages(f.Message); e.Message == nil {
		e.Message = messages(f.Error)
	}
	for i, m := range e.Message {
		e.Message[i] = c.short(m, maxMessageSize)
	}
	e.RequestID = c.short(cmp.Or(a.header.Get("X-Request-Id"), f.TraceID), maxName)
	e.ContactID, e.MatchingField = c.short(f.Meta.ContactID, maxName), c.short(f.Meta.MatchingField, maxName)
	return e
}

// messages reads a message that is one string or a list of them.
func messages(raw json.RawMessage) []string {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		if one == "" {
			return nil
		}
		return []string{one}
	}
	var list []any
	_ = json.Unmarshal(raw, &list)
	var all []string
	for _, m := range list[:min(len(list), maxMessages)] {
		if s, ok := m.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

// short bounds a text from outside, in bytes, and removes the token from it.
func (c *Client) short(s string, size int) string {
	if s = c.token.redact(s); len(s) <= size {
		return s
	}
	return strings.ToValidUTF8(s[:size], "") + "…"
}
