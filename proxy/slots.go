package proxy

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"
)

// errBusy is returned when no connection to the app became free in time.
var errBusy = errors.New("all connections to the app were busy")

// slots limits the connections to an app. Requests wait for a free one in the
// order in which they came, which is how a channel serves its senders.
type slots struct {
	used   chan struct{}
	logger *slog.Logger
	warned atomic.Bool
}

func (s *slots) init(n int, logger *slog.Logger) {
	s.used = make(chan struct{}, n)
	s.logger = logger
}

// acquire waits for a slot. It returns errBusy at the deadline, ErrStopping when
// stopping is closed, or the error of ctx.
func (s *slots) acquire(ctx context.Context, deadline time.Time, stopping <-chan struct{}) error {
	select {
	case s.used <- struct{}{}:
		s.warn()
		return nil
	default:
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case s.used <- struct{}{}:
		return nil
	case <-timer.C:
		return errBusy
	case <-stopping:
		return ErrStopping
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *slots) release() { <-s.used }

// warn logs once that the connections are running out.
func (s *slots) warn() {
	if len(s.used)*5 < cap(s.used)*4 || cap(s.used) < 5 || !s.warned.CompareAndSwap(false, true) {
		return
	}
	s.logger.Warn("your app answers slowly: connections to it are running out, and more events will have to wait",
		"in use", len(s.used), "capacity", cap(s.used))
}
