package sandbox

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/taskhook/taskhook/httpwire"
)

// AdminPath is where the sandbox's own HTTP API is: everything below it.
const AdminPath = "/_sandbox/"

// LogsPath is where the page of the delivery log is.
const LogsPath = AdminPath + "logs"

// HandlerOptions tune [Sandbox.Handler].
type HandlerOptions struct {
	Secret      string // that admin requests carry as a bearer token
	AllowRemote bool   // let names other than loopback ones in
}

// Handler serves everything: the platform's API, the admin API, and the page
// of the log. Only requests to a loopback name are answered unless
// o.AllowRemote, and none that a page of another origin makes.
func (s *Sandbox) Handler(o HandlerOptions) http.Handler {
	api, admin := s.API(), s.admin(o)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A client that takes longer over its request is not waited for.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(requestTime))
		switch {
		case !o.AllowRemote && !httpwire.IsLoopback(r.Host): // another name may have been made to point here
			s.answer(w, r, http.StatusForbidden, refuse(http.StatusForbidden, "the sandbox answers to loopback names only"))
		case o.AllowRemote && strings.HasPrefix(r.URL.Path, LogsPath[:len(LogsPath)-1]) && !httpwire.IsLoopback(r.RemoteAddr):
			s.answer(w, r, http.StatusForbidden, refuse(http.StatusForbidden, "the log has payloads in it and is shown on this machine alone"))
		case foreign(r):
			s.answer(w, r, http.StatusForbidden, refuse(http.StatusForbidden, "requests of other origins are refused"))
		case strings.HasPrefix(r.URL.Path, AdminPath):
			admin.ServeHTTP(w, r)
		default:
			api.ServeHTTP(w, r)
		}
	})
}

// requestTime is how long a client may take over its request.
const requestTime = 10 * time.Second

// foreign reports whether a browser says that another site's page asks.
func foreign(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		site := r.Header.Get("Sec-Fetch-Site")
		link := r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.URL.Path == LogsPath
		return (site == "cross-site" || site == "same-site") && !link
	}
	u, err := url.Parse(origin)
	return err != nil || u.Host != r.Host
}

// admin serves what commands ask for.
func (s *Sandbox) admin(o HandlerOptions) http.Handler {
	mux := http.NewServeMux()
	open := func(pattern string, do http.HandlerFunc) { mux.HandleFunc(pattern, do) }
	secret := func(pattern string, do func(r *http.Request, body []byte) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			if o.Secret == "" || subtle.ConstantTimeCompare([]byte(given), []byte(o.Secret)) != 1 {
				s.answer(w, r, http.StatusUnauthorized, refuse(http.StatusUnauthorized, "the admin secret is missing or wrong: it is in sandbox.json"))
				return
			}
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
			if err != nil {
				s.answer(w, r, http.StatusRequestEntityTooLarge, refuse(http.StatusRequestEntityTooLarge, "the request is too large"))
				return
			}
			out, err := do(r, body)
			if err != nil {
				status := adminStatus(err)
				s.answer(w, r, status, refuse(status, "%s", err))
				return
			}
			s.answer(w, r, http.StatusOK, out)
		})
	}
	s.adminTokens(secret)
	s.adminSettings(secret)
	s.adminLog(open, secret)
	return mux
}

// adminStatus is the status of an error.
func adminStatus(err error) int {
	switch {
	case errors.Is(err, ErrNoToken), errors.Is(err, ErrNoHook), errors.Is(err, ErrNoLocation), errors.Is(err, ErrNoType):
		return http.StatusNotFound
	case errors.Is(err, ErrRestricted):
		return http.StatusForbidden
	case errors.Is(err, ErrNotRotating), errors.Is(err, ErrRotating):
		return http.StatusConflict
	}
	return http.StatusBadRequest
}

type adminHandler func(pattern string, do func(r *http.Request, body []byte) (any, error))

// read decodes an admin request; what is not known is refused.
func read(body []byte, into any) error {
	if len(body) == 0 {
		return nil
	}
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	return nil
}

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

func (s *Sandbox) adminTokens(handle adminHandler) {
	handle("GET /_sandbox/tokens", func(*http.Request, []byte) (any, error) { return s.Tokens() })
	handle("POST /_sandbox/tokens", func(r *http.Request, body []byte) (any, error) {
		var in TokenRequest
		if err := read(body, &in); err != nil {
			return nil, err
		}
		want := Token{Scopes: in.Scopes, LocationID: in.LocationID}
		if in.Name != nil {
			want.Name = *in.Name
		}
		if in.Description != nil {
			want.Description = *in.Description
		}
		t, text, err := s.CreateToken(r.Context(), want)
		return NewToken{t, text}, err
	})
	handle("PUT /_sandbox/tokens/{id}", func(r *http.Request, body []byte) (any, error) {
		var in TokenRequest
		if err := read(body, &in); err != nil {
			return nil, err
		}
		return s.EditToken(r.Context(), r.PathValue("id"), in.Name, in.Description, in.Scopes)
	})
	handle("POST /_sandbox/tokens/{id}/rotate", func(r *http.Request, body []byte) (any, error) {
		var in struct {
			Now bool `json:"now"`
		}
		if err := read(body, &in); err != nil {
			return nil, err
		}
		t, text, err := s.RotateToken(r.Context(), r.PathValue("id"), in.Now)
		return NewToken{t, text}, err
	})
	handle("POST /_sandbox/tokens/{id}/cancel-rotation", func(r *http.Request, _ []byte) (any, error) {
		return s.CancelRotation(r.Context(), r.PathValue("id"))
	})
	handle("POST /_sandbox/tokens/{id}/expire-now", func(r *http.Request, _ []byte) (any, error) {
		return s.ExpireOld(r.Context(), r.PathValue("id"))
	})
	handle("DELETE /_sandbox/tokens/{id}", func(r *http.Request, _ []byte) (any, error) {
		return struct{}{}, s.DeleteToken(r.Context(), r.PathValue("id"))
	})
}

// ClockState is the sandbox's time.
type ClockState struct {
	Now    time.Time     `json:"now"`
	Offset time.Duration `json:"offset"`
}

// Settings are the switches of a sandbox; absent ones stay as they are.
type Settings struct {
	OwnIntegrations        *bool       `json:"ownIntegrations,omitempty"`
	SubAccountIntegrations *bool       `json:"subAccountIntegrations,omitempty"`
	RateLimit              *bool       `json:"rateLimit,omitempty"`
	LocationID             string      `json:"locationId,omitempty"` // whose duplicates are set; "": the first
	Duplicates             *Duplicates `json:"duplicates,omitempty"`
}

func (s *Sandbox) adminSettings(handle adminHandler) {
	handle("GET /_sandbox/clock", func(*http.Request, []byte) (any, error) { return ClockState{s.Now(), s.clock.Offset()}, nil })
	handle("POST /_sandbox/clock", func(r *http.Request, body []byte) (any, error) {
		var in struct {
			Advance time.Duration `json:"advance"`
		}
		if err := read(body, &in); err != nil {
			return nil, err
		}
		now, err := s.MoveClock(r.Context(), in.Advance)
		return ClockState{now, s.clock.Offset()}, err
	})
	handle("GET /_sandbox/app", func(*http.Request, []byte) (any, error) { return s.App() })
	handle("PUT /_sandbox/app", func(r *http.Request, body []byte) (any, error) {
		return s.SetApp(r.Context(), func(a *App) error {
			id, version := a.ID, a.VersionID
			next := App{}
			if err := read(body, &next); err != nil {
				return err
			}
			if err := next.validate(); err != nil {
				return err
			}
			next.ID, next.VersionID = id, version
			*a = next
			return nil
		})
	})
	handle("PUT /_sandbox/settings", func(r *http.Request, body []byte) (any, error) {
		var in Settings
		if err := read(body, &in); err != nil {
			return nil, err
		}
		return s.applySettings(r.Context(), in)
	})
	handle("POST /_sandbox/trigger", func(r *http.Request, body []byte) (any, error) {
		var in struct {
			Type string `json:"type"`
		}
		if err := read(body, &in); err != nil {
			return nil, err
		}
		id, err := s.Trigger(r.Context(), in.Type)
		return map[string]string{"webhookId": id}, err
	})
	s.adminFaults(handle)
}

// adminFaults are the requests that have the platform go wrong.
func (s *Sandbox) adminFaults(handle adminHandler) {
	handle("POST /_sandbox/keys/rotate", func(r *http.Request, _ []byte) (any, error) {
		if err := s.RotateKeys(r.Context()); err != nil {
			return nil, err
		}
		return s.PublicKeys()
	})
	handle("POST /_sandbox/keys/restore", func(r *http.Request, _ []byte) (any, error) {
		if err := s.RestoreKeys(r.Context()); err != nil {
			return nil, err
		}
		return s.PublicKeys()
	})
	handle("GET /_sandbox/faults", func(*http.Request, []byte) (any, error) { return s.Faults(), nil })
	handle("POST /_sandbox/faults", func(_ *http.Request, body []byte) (any, error) {
		var f Fault
		if err := read(body, &f); err != nil {
			return nil, err
		}
		if err := s.SetFault(f); err != nil {
			return nil, err
		}
		return s.Faults(), nil
	})
	handle("DELETE /_sandbox/faults", func(*http.Request, []byte) (any, error) { return map[string]int{"cleared": s.ClearFaults()}, nil })
}

// applySettings changes the switches that are given, and returns them all.
func (s *Sandbox) applySettings(ctx context.Context, in Settings) (Settings, error) {
	if in.Duplicates != nil {
		if err := in.Duplicates.validate(); err != nil {
			return in, err
		}
	}
	err := s.change(ctx, func(m *meta) error {
		for _, one := range []struct {
			in   *bool
			into *bool
		}{
			{in.OwnIntegrations, &m.OwnIntegrations}, {in.SubAccountIntegrations, &m.SubAccountIntegrations}, {in.RateLimit, &m.RateLimit},
		} {
			if one.in != nil {
				*one.into = *one.in
			}
		}
		return nil
	})
	if err != nil {
		return in, err
	}
	m, err := s.meta()
	if err != nil {
		return in, err
	}
	if in.LocationID == "" {
		in.LocationID = m.Start
	}
	if in.Duplicates != nil {
		if err := s.SetDuplicates(ctx, in.LocationID, *in.Duplicates); err != nil {
			return in, err
		}
	}
	l, err := s.Location(in.LocationID)
	return Settings{&m.OwnIntegrations, &m.SubAccountIntegrations, &m.RateLimit, in.LocationID, &l.Duplicates}, err
}

func (s *Sandbox) adminLog(open func(string, http.HandlerFunc), handle adminHandler) {
	open("GET "+LogsPath, s.page)
	open("GET "+LogsPath+"/{asset}", s.asset)
	open("GET /_sandbox/log", func(w http.ResponseWriter, r *http.Request) {
		q, err := logQuery(r.URL.Query())
		if err != nil {
			s.answer(w, r, http.StatusBadRequest, refuse(http.StatusBadRequest, "%s", err))
			return
		}
		page, err := s.Log(q)
		if err != nil {
			s.answer(w, r, http.StatusInternalServerError, refuse(http.StatusInternalServerError, "the log cannot be read"))
			return
		}
		s.answer(w, r, http.StatusOK, page)
	})
	open("GET /_sandbox/log/events", s.events)
	handle("POST /_sandbox/log/{id}/retry", func(r *http.Request, _ []byte) (any, error) { return s.RetryNow(r.Context(), r.PathValue("id")) })
}

// logQuery reads a query of the log.
func logQuery(v url.Values) (LogQuery, error) {
	q := LogQuery{WebhookID: v.Get("webhookId"), Type: v.Get("type"), State: State(v.Get("state"))}
	for _, n := range []struct {
		name string
		into func(uint64)
	}{
		{"status", func(n uint64) { q.Status = int(n) }}, {"before", func(n uint64) { q.Before = n }},
		{"after", func(n uint64) { q.After = n }}, {"limit", func(n uint64) { q.Limit = int(min(n, 1000)) }},
	} {
		text := v.Get(n.name)
		if text == "" {
			continue
		}
		value, err := strconv.ParseUint(text, 10, 63)
		if err != nil {
			return q, fmt.Errorf("%s must be a number", n.name)
		}
		n.into(value)
	}
	switch q.State {
	case "", StatePending, StateDelivered, StateFailed, StateUnsent:
		return q, nil
	}
	return q, fmt.Errorf("state must be pending, delivered, failed or unsent")
}

// beat is how often a stream of events says that it is alive.
const beat = 15 * time.Second

// events streams the numbers of webhooks that have changed, as server-sent
// events.
func (s *Sandbox) events(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Time{})
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	changed := s.WatchLog(r.Context())
	tick := time.NewTicker(beat)
	defer tick.Stop()
	text := ": ready\n\n"
	for {
		_ = rc.SetWriteDeadline(time.Now().Add(beat))
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
		if err := rc.Flush(); err != nil {
			return
		}
		select {
		case n, ok := <-changed:
			if !ok {
				return
			}
			text = fmt.Sprintf("data: %d\n\n", n)
		case <-tick.C:
			text = ": alive\n\n"
		}
	}
}
