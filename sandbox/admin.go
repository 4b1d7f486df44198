package sandbox

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// TokenRequest is what a token is made or edited with: fields that are absent
// stay as they are.
type TokenRequest struct {
	Name        *string  `json:"name,omitempty"`
	Description *string  `json:"description,omitempty"`
	Scopes      []string `json:"scopes,omitempty"`
	LocationID  string   `json:"locationId,omitempty"` // "": the agency's
}

// NewToken is a token with its secret, which is shown once.
type NewToken struct {
	Token
	Secret string `json:"token"`
}

// ClockState is the sandbox's time.
type ClockState struct {
	Now    time.Time     `json:"now"`
	Offset time.Duration `json:"offset"` // from the real time, in nanoseconds
}

// admin serves what commands ask for, and the page of the log.
func (s *Sandbox) admin(secret string) http.Handler {
	a := &adminMux{s: s, secret: secret}
	a.tokens()
	a.settings()
	a.faults()
	a.log()
	return a
}

// adminMux serves the admin API to requests that carry the secret.
type adminMux struct {
	http.ServeMux
	s      *Sandbox
	secret string
}

// none is the body of a request that has none.
type none struct{}

// handle registers what a request with the secret does; in is its body. What is
// returned becomes the answer.
func handle[In any](a *adminMux, pattern string, do func(r *http.Request, in In) (any, error)) {
	a.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if a.secret == "" || subtle.ConstantTimeCompare([]byte(given), []byte(a.secret)) != 1 {
			a.s.reply(w, r, nil, refuse(http.StatusUnauthorized, "the admin secret is missing or wrong: it is in sandbox.json"))
			return
		}
		var in In
		var out any
		err := decodeBody(http.MaxBytesReader(w, r.Body, maxBody), &in)
		if err == nil {
			out, err = do(r, in)
		}
		if err != nil {
			err = refuse(adminStatus(err), "%s", err)
		}
		a.s.reply(w, r, out, err)
	})
}

// decodeBody reads an admin request. Unknown fields are refused, and no body is
// an empty one.
func decodeBody(body io.Reader, into any) error {
	dec := json.NewDecoder(body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the request: %w", err)
	}
	return nil
}

// adminStatus is the status that answers an error.
func adminStatus(err error) int {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, ErrNoToken), errors.Is(err, ErrNoDelivery), errors.Is(err, ErrNoLocation), errors.Is(err, ErrNoType):
		return http.StatusNotFound
	case errors.Is(err, ErrRestricted):
		return http.StatusForbidden
	case errors.Is(err, ErrNotRotating), errors.Is(err, ErrRotating):
		return http.StatusConflict
	}
	return http.StatusBadRequest
}

func (a *adminMux) tokens() {
	s := a.s
	handle(a, "GET /_sandbox/tokens", func(*http.Request, none) (any, error) { return s.Tokens() })
	handle(a, "POST /_sandbox/tokens", func(r *http.Request, in TokenRequest) (any, error) {
		t, text, err := s.CreateToken(r.Context(), in)
		return NewToken{t, text}, err
	})
	handle(a, "PUT /_sandbox/tokens/{id}", func(r *http.Request, in TokenRequest) (any, error) {
		return s.EditToken(r.Context(), r.PathValue("id"), in)
	})
	handle(a, "DELETE /_sandbox/tokens/{id}", func(r *http.Request, _ none) (any, error) {
		return none{}, s.DeleteToken(r.Context(), r.PathValue("id"))
	})
	type rotation struct {
		Now bool `json:"now"`
	}
	handle(a, "POST /_sandbox/tokens/{id}/rotate", func(r *http.Request, in rotation) (any, error) {
		t, text, err := s.RotateToken(r.Context(), r.PathValue("id"), in.Now)
		return NewToken{t, text}, err
	})
	handle(a, "POST /_sandbox/tokens/{id}/cancel-rotation", func(r *http.Request, _ none) (any, error) {
		return s.CancelRotation(r.Context(), r.PathValue("id"))
	})
	handle(a, "POST /_sandbox/tokens/{id}/expire-now", func(r *http.Request, _ none) (any, error) {
		return s.ExpireOld(r.Context(), r.PathValue("id"))
	})
}

func (a *adminMux) settings() {
	s := a.s
	handle(a, "PUT /_sandbox/settings", func(r *http.Request, in Settings) (any, error) { return s.ChangeSettings(r.Context(), in) })
	handle(a, "GET /_sandbox/app", func(*http.Request, none) (any, error) { return s.App() })
	handle(a, "PUT /_sandbox/app", func(r *http.Request, in App) (any, error) { return s.SetApp(r.Context(), in) })
	handle(a, "GET /_sandbox/clock", func(*http.Request, none) (any, error) { return ClockState{s.Now(), s.ClockOffset()}, nil })
	type move struct {
		Advance time.Duration `json:"advance"`
	}
	handle(a, "POST /_sandbox/clock", func(r *http.Request, in move) (any, error) {
		now, err := s.MoveClock(r.Context(), in.Advance)
		return ClockState{now, s.ClockOffset()}, err
	})
	type sample struct {
		Type string `json:"type"`
	}
	handle(a, "POST /_sandbox/trigger", func(r *http.Request, in sample) (any, error) {
		id, err := s.Trigger(r.Context(), in.Type)
		return map[string]string{"webhookId": id}, err
	})
}

func (a *adminMux) faults() {
	s := a.s
	handle(a, "GET /_sandbox/faults", func(*http.Request, none) (any, error) { return s.Faults(), nil })
	handle(a, "POST /_sandbox/faults", func(_ *http.Request, f Fault) (any, error) {
		err := s.SetFault(f)
		return s.Faults(), err
	})
	handle(a, "DELETE /_sandbox/faults", func(*http.Request, none) (any, error) { return map[string]int{"cleared": s.ClearFaults()}, nil })
	for name, change := range map[string]func(context.Context) error{"rotate": s.RotateKeys, "restore": s.RestoreKeys} {
		handle(a, "POST /_sandbox/keys/"+name, func(r *http.Request, _ none) (any, error) {
			if err := change(r.Context()); err != nil {
				return nil, err
			}
			return s.PublicKeys()
		})
	}
}
