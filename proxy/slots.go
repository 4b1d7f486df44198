package proxy

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"
)

// errCrowded is returned when no connection to the app became free in time.
var errCrowded = errors.New("all connections to the app were busy")

// slots bounds the connections in use towards the app. Who finds none free
// waits; a channel serves its waiting senders in the order they came.
type slots struct {
	taken  chan struct{}
	logger *slog.Logger
	warned atomic.Bool
}

func (s *slots) init(n int, logger *slog.Logger) {
	s.taken = make(chan struct{}, n)
	s.logger = logger
}

// take takes a slot or returns errCrowded at the deadline, ErrStopping once
// stopping is closed, or the error of ctx.
func (s *slots) take(ctx context.Context, deadline time.Time, stopping <-chan struct{}) error {
	select {
	case s.taken <- struct{}{}:
		s.warn()
		return nil
	default:
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case s.taken <- struct{}{}:
		return nil
	case <-timer.C:
		return errCrowded
	case <-stopping:
		return ErrStopping
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *slots) free() { <-s.taken }

// warn says once that the connections are running out.
func (s *slots) warn() {
	if len(s.taken)*5 < cap(s.taken)*4 || cap(s.taken) < 5 || !s.warned.CompareAndSwap(false, true) {
		return
	}
	s.logger.Warn("your app is slow to answer: connections to it are running out, and further events will wait",
		"in use", len(s.taken), "limit", cap(s.taken))
}
