package control

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/proxy/fault"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

// failure is an error on its way through the socket.
type failure struct {
	Codes   []string `json:"codes,omitempty"` // of the identities it has
	Message string   `json:"message"`
	// Syntax says where a filter is wrong, if that is the error.
	Syntax *filter.SyntaxError `json:"syntax,omitempty"`
}

// identities are the errors that are still themselves on the other side.
func identities() map[string]error {
	return map[string]error{
		"not-found":   webhook.ErrNotFound,
		"pruned":      webhook.ErrPruned,
		"damaged":     webhook.ErrDamaged,
		"unverified":  webhook.ErrUnverified,
		"ignored":     webhook.ErrIgnored,
		"simulating":  webhook.ErrSimulating,
		"batch":       webhook.ErrBatchRunning,
		"unsimulated": webhook.ErrNotSimulating,
		"no-store":    webhook.ErrNothingFound,
		"own-store":   webhook.ErrOwnFile,
		"no-rule":     fault.ErrNoRule,
		"path":        jsjson.ErrPath,
		"slow":        filter.ErrSlow,
		"memory":      filter.ErrMemory,
		"no-jq":       filter.ErrNoJQ,
		"canceled":    context.Canceled,
		"deadline":    context.DeadlineExceeded,
	}
}

func newFailure(err error) failure {
	f := failure{Message: err.Error()}
	_ = errors.As(err, &f.Syntax)
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
	if f.Syntax != nil {
		e.identities = append(e.identities, f.Syntax)
	}
	return e
}

// remoteError is an error of the listener: its text, and what it is to
// errors.Is and errors.As.
type remoteError struct {
	message    string
	identities []error
}

func (e *remoteError) Error() string   { return e.message }
func (e *remoteError) Unwrap() []error { return e.identities }

// statusOf is the HTTP status of an error, for people who look with curl; the
// client goes by the codes.
func statusOf(err error) int {
	var syntax *filter.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return http.StatusBadRequest
	case errors.Is(err, webhook.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, webhook.ErrPruned):
		return http.StatusGone
	case errors.Is(err, webhook.ErrUnverified):
		return http.StatusConflict
	}
	return http.StatusInternalServerError
}
