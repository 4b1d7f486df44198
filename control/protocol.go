package control

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"taskhook/jsjson"
	"taskhook/webhook"
)

// protocol is the version of what is said on the socket. It grows whenever an
// older program would misunderstand a newer one.
const protocol = "1"

// versionHeader carries the protocol's version in every request and response.
const versionHeader = "Taskhook-Control"

// The paths of the calls. Each is a POST with the argument as JSON, answered
// by the result as JSON; watch is answered by lines for as long as it lasts.
const (
	pathListener = "/listener"
	pathPage     = "/page"
	pathNews     = "/news"
	pathEvent    = "/event"
	pathSummary  = "/summary"
	pathAttempts = "/attempts"
	pathFind     = "/find"
	pathWatch    = "/watch"
	pathResend   = "/resend"
	pathDelete   = "/delete"
)

const (
	// maxRequest bounds an argument in bytes: edits of a body at most.
	maxRequest = 64 << 20
	// maxAnswer bounds an answer in bytes. The largest body that a listener
	// can be told to accept is 256 MiB, a third more in base64.
	maxAnswer = 512 << 20

	// readTimeout bounds how long an asking process may take over its request.
	readTimeout = 10 * time.Second
	// writeTimeout bounds how long it may take to read the answer.
	writeTimeout = 30 * time.Second
	// callTimeout bounds every call but Resend, which lasts as long as the app
	// may take, and Watch: a listener that was stopped must not hang others.
	callTimeout = 30 * time.Second
	// heartbeat is how often a watch that has nothing to say says so.
	heartbeat = 15 * time.Second
	// silence is after how long without hint or heartbeat a watch is dead.
	silence = 3 * heartbeat
)

// failure is an error on its way through the socket.
type failure struct {
	Codes   []string `json:"codes,omitempty"` // of the identities it has
	Message string   `json:"message"`
}

// identities are the errors that are still themselves on the other side.
func identities() map[string]error {
	return map[string]error{
		"not-found":  webhook.ErrNotFound,
		"pruned":     webhook.ErrPruned,
		"unverified": webhook.ErrUnverified,
		"path":       jsjson.ErrPath,
		"canceled":   context.Canceled,
		"deadline":   context.DeadlineExceeded,
	}
}

func newFailure(err error) failure {
	f := failure{Message: err.Error()}
	for code, identity := range identities() {
		if errors.Is(err, identity) {
			f.Codes = append(f.Codes, code)
		}
	}
	slices.Sort(f.Codes)
	return f
}

// err is the failure as an error again. Codes of a later version of the same
// protocol are passed over: the message stands without them.
func (f failure) err() error {
	e := &remoteError{message: f.Message}
	known := identities()
	for _, code := range f.Codes {
		if identity, ok := known[code]; ok {
			e.identities = append(e.identities, identity)
		}
	}
	return e
}

// remoteError is an error of the listener: its text, and what it is to
// errors.Is.
type remoteError struct {
	message    string
	identities []error
}

func (e *remoteError) Error() string   { return e.message }
func (e *remoteError) Unwrap() []error { return e.identities }

// statusOf is the HTTP status of an error, for people who look with curl; the
// client goes by the codes.
func statusOf(err error) int {
	switch {
	case errors.Is(err, webhook.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, webhook.ErrPruned):
		return http.StatusGone
	case errors.Is(err, webhook.ErrUnverified):
		return http.StatusConflict
	}
	return http.StatusInternalServerError
}

// wireEvent is an event on the socket. JSON strings are UTF-8, a request line
// and header values need not be: those that are not travel as bytes too.
type wireEvent struct {
	Event webhook.Event `json:"event"`
	Exact *exact        `json:"exact,omitempty"`
}

// exact has the texts of an event as bytes.
type exact struct {
	Method   []byte              `json:"method"`
	Path     []byte              `json:"path"`
	RawQuery []byte              `json:"rawQuery"`
	Host     []byte              `json:"host"`
	Header   map[string][][]byte `json:"header"`
}

func newWireEvent(e webhook.Event) wireEvent {
	if plain(e) {
		return wireEvent{Event: e}
	}
	x := &exact{
		Method: []byte(e.Method), Path: []byte(e.Path), RawQuery: []byte(e.RawQuery), Host: []byte(e.Host),
		Header: make(map[string][][]byte, len(e.Header)),
	}
	for name, values := range e.Header {
		for _, v := range values {
			x.Header[name] = append(x.Header[name], []byte(v))
		}
	}
	return wireEvent{Event: e, Exact: x}
}

// plain reports whether JSON can carry the event's texts.
func plain(e webhook.Event) bool {
	ok := utf8.ValidString(e.Method) && utf8.ValidString(e.Path) && utf8.ValidString(e.RawQuery) && utf8.ValidString(e.Host)
	for _, values := range e.Header {
		for _, v := range values {
			ok = ok && utf8.ValidString(v)
		}
	}
	return ok
}

func (w wireEvent) event() webhook.Event {
	e, x := w.Event, w.Exact
	if x == nil {
		return e
	}
	e.Method, e.Path, e.RawQuery, e.Host = string(x.Method), string(x.Path), string(x.RawQuery), string(x.Host)
	e.Header = make(http.Header, len(x.Header))
	for name, values := range x.Header {
		for _, v := range values {
			e.Header[name] = append(e.Header[name], string(v))
		}
	}
	return e
}
