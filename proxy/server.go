package proxy

import (
	"log/slog"
	"net/http"
	"time"
)

// Limits of every ingress.
const (
	readHeaderTime = 10 * time.Second
	idleTime       = 2 * time.Minute
	maxHeader      = 1 << 20 // bytes; beyond it the server answers 431
)

// NewServer returns a server with the limits of an ingress: 10 s for the
// headers of a request, 1 MB of them, and no time limit on the body as a
// whole, since the handler bounds the pauses within it. A nil logger is
// silence. The caller serves and shuts it down.
func NewServer(h http.Handler, logger *slog.Logger) *http.Server {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
		// A 200 that nobody stored is not given, even to "OPTIONS *".
		DisableGeneralOptionsHandler: true,
	}
}
