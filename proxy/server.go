package proxy

import (
	"log/slog"
	"net/http"
	"time"
)

// The limits of every ingress.
const (
	readHeaderTimeout = 10 * time.Second
	serverIdleTimeout = 2 * time.Minute
	maxHeader         = 1 << 20 // bytes; beyond them the server answers 431
)

// NewServer returns a server with the limits of an ingress: 10 s for the
// headers of a request, 1 MB of them, and no time limit on the body as a
// whole, since the handler limits the pauses within it. A nil logger logs
// nothing. The caller serves and shuts it down.
func NewServer(h http.Handler, logger *slog.Logger) *http.Server {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       serverIdleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
		// Never answer 200 for what is not stored, not even to "OPTIONS *".
		DisableGeneralOptionsHandler: true,
	}
}
