package sandbox

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/taskhook/taskhook/taskee"
)

// maxBody bounds a request body in bytes.
const maxBody = 1 << 20

// apiError is an answer other than 200, in the document's shape.
type apiError struct {
	StatusCode int `json:"statusCode"`
	Message    any `json:"message"` // a text, or for 422 a list of them
	// Meta is the family's: what a duplicate is a duplicate of.
	Meta any `json:"meta,omitempty"`
}

func (e *apiError) Error() string { return fmt.Sprintf("%d: %v", e.StatusCode, e.Message) }

func refuse(status int, format string, args ...any) *apiError {
	return &apiError{StatusCode: status, Message: fmt.Sprintf(format, args...)}
}

// call is one request to the API.
type call struct {
	s     *Sandbox
	r     *http.Request
	token Token
	at    time.Time
	id    string // of the resource, "" if the path has none
	in    *input // of a POST or PUT
}

// endpoint is one endpoint of the document.
type endpoint struct {
	method string
	path   string // {id} at its end stands for an ID
	scope  string
	do     func(c *call) (any, error)
}

// endpoints are those of the document. Of paths that match, the first counts.
var endpoints = []endpoint{
	{http.MethodGet, "/contacts", taskee.ScopeContactsReadonly, (*call).listContacts},
	{http.MethodPost, "/contacts", taskee.ScopeContactsWrite, (*call).createContact},
	{http.MethodPost, "/contacts/upsert", taskee.ScopeContactsWrite, (*call).upsertContact},
	{http.MethodGet, "/contacts/business/{id}", taskee.ScopeContactsReadonly, (*call).contactsOfBusiness},
	{http.MethodGet, "/contacts/{id}", taskee.ScopeContactsReadonly, (*call).oneContact},
	{http.MethodPut, "/contacts/{id}", taskee.ScopeContactsWrite, (*call).updateContact},
	{http.MethodDelete, "/contacts/{id}", taskee.ScopeContactsWrite, (*call).removeContact},
	{http.MethodGet, "/locations/{id}", taskee.ScopeLocationsReadonly, (*call).oneLocation},
}

// match reports whether a path is the endpoint's, and which ID is in it.
func (e endpoint) match(path string) (id string, ok bool) {
	prefix, hasID := strings.CutSuffix(e.path, "{id}")
	if !hasID {
		return "", strings.TrimSuffix(path, "/") == e.path
	}
	id, ok = strings.CutPrefix(path, prefix)
	return id, ok && id != "" && !strings.Contains(id, "/")
}

// findEndpoint returns the endpoint of a request and the ID in its path, or the
// platform's answer to one that there is no endpoint for, with its header in h.
func findEndpoint(h http.Header, method, path string) (found endpoint, id string, err error) {
	var allowed []string
	for _, e := range endpoints {
		in, ok := e.match(path)
		switch {
		case !ok || found.path != "" && e.path != found.path:
		case e.method == method:
			return e, in, nil
		default:
			found, allowed = e, append(allowed, e.method)
		}
	}
	if allowed == nil {
		return found, "", refuse(http.StatusNotFound, "Cannot %s %s", method, path)
	}
	h.Set("Allow", strings.Join(allowed, ", "))
	return found, "", refuse(http.StatusMethodNotAllowed, "Method %s is not allowed", method)
}

// reply writes JSON: out, or what went wrong.
func (s *Sandbox) reply(w http.ResponseWriter, r *http.Request, out any, err error) {
	status := http.StatusOK
	if err != nil {
		refused, ok := errors.AsType[*apiError](err)
		if !ok {
			s.logger.Error("the API failed", "method", r.Method, "path", r.URL.Path, "error", err)
			refused = refuse(http.StatusInternalServerError, "Internal server error")
		}
		status, out = refused.StatusCode, refused
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(append(mustJSON(out), '\n')) // a client that has gone cannot be told
	}
	s.logger.Debug("api", "method", r.Method, "path", r.URL.Path, "status", status)
}

// serve serves the document's endpoints. It runs the platform's checks in their
// order: path, method, token, version, scope, parameters.
func (s *Sandbox) serve(h http.Header, r *http.Request) (any, error) {
	path := r.URL.Path
	if r.URL.RawPath != "" {
		path = r.URL.RawPath // an escaped slash is part of an ID, and of no valid one
	}
	e, id, err := findEndpoint(h, r.Method, path)
	if err != nil {
		return nil, err
	}
	c := &call{s: s, r: r, id: id, at: s.Now()}
	if err := c.admit(h, e.scope); err != nil {
		return nil, err
	}
	if r.Method == http.MethodPost || r.Method == http.MethodPut {
		if c.in, err = c.input(r.Method == http.MethodPost); err != nil {
			return nil, err
		}
	}
	return e.do(c)
}

// admit checks token, version, rate, scope and the form of the request.
func (c *call) admit(h http.Header, scope string) error {
	scheme, text, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	var m meta
	err := c.s.view(func(t *txn) (err error) {
		m = t.meta()
		c.token, err = t.workingToken(strings.TrimSpace(text), c.at)
		return err
	})
	switch {
	case err != nil && !errors.Is(err, ErrNoToken):
		return err
	case err != nil, !strings.EqualFold(scheme, "Bearer"):
		return refuse(http.StatusUnauthorized, "Invalid token")
	}
	if _, expired := c.s.faults.happens(FaultToken); expired {
		return refuse(http.StatusUnauthorized, "Invalid token")
	}
	c.s.recordUse(c.token, c.at)
	if err := c.rate(h, m.RateLimit); err != nil {
		return err
	}
	switch version := c.r.Header.Get("Version"); {
	case version == "":
		return refuse(http.StatusBadRequest, "Missing required header: Version")
	case version != taskee.APIVersion:
		return refuse(http.StatusBadRequest, "Invalid Version header %q: the accepted version is %s", version, taskee.APIVersion)
	}
	if !slices.Contains(c.token.Scopes, scope) {
		return refuse(http.StatusForbidden, "Insufficient scopes")
	}
	if f, fails := c.s.faults.happens(FaultAPI); fails {
		return refuse(f.Status, "%s", http.StatusText(f.Status))
	}
	if c.id != "" && !validID(c.id) {
		return refuse(http.StatusBadRequest, "Invalid id %.64q", c.id)
	}
	return nil
}

// input reads and checks the request's body, a contact's fields: for a new one
// with its location.
func (c *call) input(needsLocation bool) (*input, error) {
	kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	switch {
	case c.r.Header.Get("Content-Type") == "":
		return nil, refuse(http.StatusBadRequest, "Missing required header: Content-Type")
	case err != nil || kind != "application/json":
		return nil, refuse(http.StatusBadRequest, "Content-Type must be application/json")
	}
	body, err := io.ReadAll(io.LimitReader(c.r.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "The request body could not be read")
	case len(body) > maxBody:
		return nil, refuse(http.StatusRequestEntityTooLarge, "request entity too large: at most %d bytes", maxBody)
	}
	in, err := readInput(body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%s", err)
	}
	if wrong := in.check(needsLocation); len(wrong) > 0 {
		return nil, &apiError{StatusCode: http.StatusUnprocessableEntity, Message: wrong}
	}
	return in, nil
}

// reaches reports whether the token gives access to a location: an agency's
// gives access to all.
func (c *call) reaches(location string) bool {
	return c.token.LocationID == "" || c.token.LocationID == location
}

// location reads a location, and refuses one that the token does not reach or
// that does not exist.
func (c *call) location(t *txn, id string) (storedLocation, error) {
	if !c.reaches(id) {
		return storedLocation{}, refuse(http.StatusForbidden, "The token does not have access to this location.")
	}
	l, err := t.location(id)
	if errors.Is(err, ErrNoLocation) {
		return l, refuse(http.StatusBadRequest, "Location with id %s not found", id)
	}
	return l, err
}

// rate counts the request against the token's rate limits, and says what is
// left of them in the family's headers.
func (c *call) rate(h http.Header, limited bool) error {
	window, day := c.s.limits.request(c.token.ID, c.at)
	for name, n := range map[string]int{
		"X-RateLimit-Limit-Daily": rateDaily, "X-RateLimit-Daily-Remaining": max(0, day),
		"X-RateLimit-Interval-Milliseconds": int(rateWindow.Milliseconds()),
		"X-RateLimit-Max":                   rateMax, "X-RateLimit-Remaining": max(0, window),
	} {
		h.Set(name, strconv.Itoa(n))
	}
	if limited && (window < 0 || day < 0) {
		return refuse(http.StatusTooManyRequests, "Too Many Requests")
	}
	return nil
}

// oneLocation is GET /locations/{id}.
func (c *call) oneLocation() (any, error) {
	var l storedLocation
	err := c.s.view(func(t *txn) (err error) { l, err = c.location(t, c.id); return err })
	return l.Location, err
}
