package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/taskhook/taskhook/taskee"
)

// maxBody bounds a request body in bytes.
const maxBody = 1 << 20

// familyVersion is what the family's SDK asks for unless it is told otherwise.
const familyVersion = "2023-02-21"

// apiError is an answer that is no success, in the document's shape.
type apiError struct {
	StatusCode int `json:"statusCode"`
	Message    any `json:"message"` // a text, or for 422 a list of them
	// Meta is the family's: what a duplicate is a duplicate of.
	Meta  any `json:"meta,omitempty"`
	allow []string
}

func (e *apiError) Error() string { return fmt.Sprintf("%d: %v", e.StatusCode, e.Message) }

func refuse(status int, format string, args ...any) *apiError {
	return &apiError{StatusCode: status, Message: fmt.Sprintf(format, args...)}
}

// call is one request to the API on its way.
type call struct {
	s     *Sandbox
	r     *http.Request
	token Token
	at    time.Time
	id    string // of the resource, "" if the path has none
}

// route is one path of the document.
type route struct {
	match   func(path string) (id string, ok bool)
	methods map[string]operation
}

// operation is one endpoint.
type operation struct {
	scope string
	do    func(c *call) (any, error)
}

// routes are the document's endpoints.
func routes() []route {
	exactly := func(paths ...string) func(string) (string, bool) {
		return func(path string) (string, bool) { return "", slices.Contains(paths, path) }
	}
	below := func(prefix string) func(string) (string, bool) {
		return func(path string) (string, bool) {
			id, ok := strings.CutPrefix(path, prefix)
			return id, ok && id != "" && !strings.Contains(id, "/")
		}
	}
	read, write := taskee.ScopeContactsReadonly, taskee.ScopeContactsWrite
	return []route{
		{exactly("/contacts/", "/contacts"), map[string]operation{
			http.MethodGet: {read, (*call).listContacts}, http.MethodPost: {write, (*call).createContact},
		}},
		{exactly("/contacts/upsert", "/contacts/upsert/"), map[string]operation{http.MethodPost: {write, (*call).upsertContact}}},
		{below("/contacts/business/"), map[string]operation{http.MethodGet: {read, (*call).contactsOfBusiness}}},
		{below("/contacts/"), map[string]operation{
			http.MethodGet: {read, (*call).oneContact}, http.MethodPut: {write, (*call).updateContact}, http.MethodDelete: {write, (*call).removeContact},
		}},
		{below("/locations/"), map[string]operation{http.MethodGet: {taskee.ScopeLocationsReadonly, (*call).oneLocation}}},
	}
}

// API serves the document's endpoints.
func (s *Sandbox) API() http.Handler {
	all := routes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out, err := s.serve(w.Header(), r, all)
		var refused *apiError
		switch {
		case errors.As(err, &refused):
			if len(refused.allow) > 0 {
				w.Header().Set("Allow", strings.Join(refused.allow, ", "))
			}
			s.answer(w, r, refused.StatusCode, refused)
		case err != nil:
			s.logger.Error("the API failed", "method", r.Method, "path", r.URL.Path, "error", err)
			s.answer(w, r, http.StatusInternalServerError, refuse(http.StatusInternalServerError, "Internal server error"))
		default:
			s.answer(w, r, http.StatusOK, out)
		}
	})
}

// answer writes JSON.
func (s *Sandbox) answer(w http.ResponseWriter, r *http.Request, status int, out any) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(append(mustJSON(out), '\n')) // a client that has gone is nobody to tell
	}
	s.logger.Debug("api", "method", r.Method, "path", r.URL.Path, "status", status)
}

// serve takes a request through the platform's checks in their order: path,
// method, token, version, scope, parameters.
func (s *Sandbox) serve(h http.Header, r *http.Request, all []route) (any, error) {
	path := r.URL.Path
	if r.URL.RawPath != "" {
		path = r.URL.RawPath // an escaped slash is part of an id, and of no valid one
	}
	for _, one := range all {
		id, ok := one.match(path)
		if !ok {
			continue
		}
		op, ok := one.methods[r.Method]
		if !ok {
			e := refuse(http.StatusMethodNotAllowed, "Method %s is not allowed", r.Method)
			for method := range one.methods {
				e.allow = append(e.allow, method)
			}
			slices.Sort(e.allow)
			return nil, e
		}
		c := &call{s: s, r: r, id: id, at: s.Now()}
		if err := c.admit(h, op.scope); err != nil {
			return nil, err
		}
		return op.do(c)
	}
	return nil, refuse(http.StatusNotFound, "Cannot %s %s", r.Method, path)
}

// admit checks token, version, rate, scope and the form of the request.
func (c *call) admit(h http.Header, scope string) error {
	scheme, text, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	token, ok := c.s.tokens.find(strings.TrimSpace(text), c.at)
	if !ok || !strings.EqualFold(scheme, "Bearer") || c.s.faults.tokenExpired() {
		return refuse(http.StatusUnauthorized, "Invalid token")
	}
	c.token = token
	c.s.touched(token.ID, c.at)
	if err := c.rate(h); err != nil {
		return err
	}
	switch version := c.r.Header.Get("Version"); {
	case version == "":
		return refuse(http.StatusBadRequest, "Missing required header: Version")
	case version != taskee.APIVersion:
		return refuse(http.StatusBadRequest, "Invalid Version header %q: the accepted version is %s", version, taskee.APIVersion)
	}
	if !slices.Contains(token.Scopes, scope) {
		return refuse(http.StatusForbidden, "Insufficient scopes")
	}
	if err := c.s.faults.answer(); err != nil {
		return err
	}
	if c.id != "" && !validID(c.id) {
		return refuse(http.StatusBadRequest, "Invalid id %.64q", c.id)
	}
	return nil
}

// body reads the request's JSON object.
func (c *call) body() (*input, error) {
	kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	switch {
	case c.r.Header.Get("Content-Type") == "":
		return nil, refuse(http.StatusBadRequest, "Missing required header: Content-Type")
	case err != nil || kind != "application/json":
		return nil, refuse(http.StatusBadRequest, "Content-Type must be application/json")
	}
	text, err := io.ReadAll(io.LimitReader(c.r.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "The request body could not be read")
	case len(text) > maxBody:
		return nil, refuse(http.StatusRequestEntityTooLarge, "request entity too large: at most %d bytes", maxBody)
	}
	in, err := readInput(text)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%s", err)
	}
	return in, nil
}

// invalid is the one list of everything that is wrong with a body.
func invalid(wrong []string) error {
	if len(wrong) == 0 {
		return nil
	}
	return &apiError{StatusCode: http.StatusUnprocessableEntity, Message: wrong}
}

// reaches reports whether the token may see a location: an agency's sees all.
func (c *call) reaches(location string) bool {
	return c.token.LocationID == "" || c.token.LocationID == location
}

// mine refuses a location that the token does not reach, or that is not there.
func (c *call) mine(t *txn, id string) (Location, error) {
	if !c.reaches(id) {
		return Location{}, refuse(http.StatusForbidden, "The token does not have access to this location.")
	}
	l, err := t.location(id)
	if errors.Is(err, ErrNoLocation) {
		return l, refuse(http.StatusBadRequest, "Location with id %s not found", id)
	}
	return l, err
}

// rate counts the request against the token's limit, and says so in the
// family's headers.
func (c *call) rate(h http.Header) error {
	m, err := c.s.meta()
	if err != nil {
		return err
	}
	left, ok := c.s.limits.take(c.token.ID, c.at)
	h.Set("X-RateLimit-Limit-Daily", fmt.Sprint(dailyLimit))
	h.Set("X-RateLimit-Daily-Remaining", fmt.Sprint(max(0, left.day)))
	h.Set("X-RateLimit-Interval-Milliseconds", fmt.Sprint(rateWindow.Milliseconds()))
	h.Set("X-RateLimit-Max", fmt.Sprint(rateMax))
	h.Set("X-RateLimit-Remaining", fmt.Sprint(max(0, left.window)))
	if ok || !m.RateLimit {
		return nil
	}
	return refuse(http.StatusTooManyRequests, "Too Many Requests")
}

// oneLocation is GET /locations/{id}.
func (c *call) oneLocation() (any, error) {
	var l Location
	err := c.s.view(func(t *txn) (err error) { l, err = c.mine(t, c.id); return err })
	return l, err
}

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, mustJSON(m.name)...), ':')
		b = append(b, mustJSON(m.value)...)
	}
	return append(b, '}'), nil
}

var _ json.Marshaler = object(nil)
