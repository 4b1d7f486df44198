package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// The limits of every server.
const (
	readHeaderTimeout = 10 * time.Second
	serverIdleTimeout = 2 * time.Minute
	shutdownTimeout   = 2 * time.Second
	maxHeader         = 1 << 20 // bytes; beyond them the server answers 431
)

// Server serves one net.Listener from [Serve] to Close.
type Server struct {
	http *http.Server
	done chan struct{} // closed when it has ended
}

// Serve starts to serve with the limits of an ingress: 10 s for the headers of
// a request, 1 MB of them, and no time limit on the body as a whole, since the
// handler limits the pauses within it. A nil logger logs nothing. failed, unless
// it is nil, hears why the server has ended by itself, in a goroutine of its
// own. The caller owes a Close.
func Serve(ln net.Listener, h http.Handler, logger *slog.Logger, failed func(error)) *Server {
	return serve(ln, newServer(h, logger), failed)
}

// Serve receives webhooks on one ingress, with the limits of [Serve]. What is no
// readable HTTP request is stored as rejected. v and failed are as in
// [Proxy.Handler] and [Serve]. The caller owes a Close.
func (p *Proxy) Serve(ln net.Listener, source webhook.Source, v Verifier, failed func(error)) *Server {
	taps := tapListener{ln, p, source}
	srv := newServer(p.Handler(source, v), p.logger)
	srv.ConnContext, srv.ConnState = taps.inContext, taps.stateChanged
	return serve(taps, srv, failed)
}

func serve(ln net.Listener, srv *http.Server, failed func(error)) *Server {
	s := &Server{http: srv, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) && failed != nil {
			failed(fmt.Errorf("the server on %s ended: %w", ln.Addr(), err))
		}
	}()
	return s
}

// Close closes the listener, lets requests end for 2 s, cuts those that have
// not, and waits for the end of the server. It may be called again.
func (s *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
	<-s.done
}

func newServer(h http.Handler, logger *slog.Logger) *http.Server {
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
