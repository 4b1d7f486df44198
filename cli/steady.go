package cli

import (
	"context"
	"iter"
	"sync"

	"github.com/taskhook/taskhook/inspector"
	"github.com/taskhook/taskhook/webhook"
)

// steady is what the lines of a listener are read from. It goes on receiving
// whatever its readers meet, so that an error of the store is said, once, and
// is no end.
type steady struct {
	inspector.Feed
	app  *app
	mu   sync.Mutex
	said map[string]bool
}

// say warns of an error that was not warned of before.
func (s *steady) say(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.said[err.Error()] {
		return
	}
	if s.said == nil {
		s.said = map[string]bool{}
	}
	s.said[err.Error()] = true
	s.app.warn("what was received cannot be shown: %v", err)
}

// Updates is empty when it fails.
func (s *steady) Updates(ctx context.Context, from webhook.Position) (webhook.Updates, error) {
	n, err := s.Feed.Updates(ctx, from)
	if err != nil && ctx.Err() == nil {
		s.say(err)
		return webhook.Updates{Position: from}, nil
	}
	return n, err
}

// Read ends early when it fails.
func (s *steady) Read(ctx context.Context, q webhook.Query) iter.Seq2[webhook.Chunk, error] {
	return func(yield func(webhook.Chunk, error) bool) {
		for chunk, err := range s.Feed.Read(ctx, q) {
			if err != nil && ctx.Err() == nil {
				s.say(err)
				return
			}
			if !yield(chunk, err) {
				return
			}
		}
	}
}
