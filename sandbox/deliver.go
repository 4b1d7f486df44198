package sandbox

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// newClient sends webhooks as the platform does: no redirect is followed and
// nothing is unpacked.
func newClient(o Options) *http.Client {
	dialer := httpwire.Dialer{Connect: (&net.Dialer{Timeout: o.Timeout}).DialContext}
	t := &http.Transport{
		DisableCompression: true, MaxIdleConnsPerHost: o.Senders, IdleConnTimeout: 30 * time.Second,
		DialContext: dialer.DialContext,
	}
	return &http.Client{Transport: t, Timeout: o.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// alarm says that something may have become due.
func (s *Sandbox) alarm() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// pruneEvery is how often old webhooks are forgotten.
const pruneEvery = time.Hour

// idleLook is how often is looked for due webhooks when nothing says that
// there are any: the real clock may be set.
const idleLook = 5 * time.Second

// Run delivers webhooks until ctx ends, and returns nil then. What is on its
// way is finished; what is due stays due. Only one Run may be at work.
func (s *Sandbox) Run(ctx context.Context) error {
	var senders sync.WaitGroup
	defer s.client.CloseIdleConnections()
	defer senders.Wait()
	free := make(chan struct{}, s.opts.Senders)
	busy := sync.Map{}    // the numbers of what is on its way
	pruned := time.Time{} // in the platform's time, so that a moved clock counts
	for {
		if now := s.Now(); now.Sub(pruned).Abs() > pruneEvery {
			pruned = now
			if err := s.prune(ctx); err != nil && ctx.Err() == nil {
				s.logger.Warn("old webhooks cannot be forgotten", "error", err)
			}
		}
		due, next, err := s.due(&busy, s.opts.Senders)
		if err != nil {
			return err
		}
		for _, n := range due {
			select {
			case free <- struct{}{}:
			case <-ctx.Done():
				return nil
			}
			busy.Store(n, true)
			senders.Go(func() {
				defer func() { <-free; s.alarm() }()
				if err := s.deliver(context.WithoutCancel(ctx), n); err != nil {
					s.logger.Error("a webhook could not be worked on", "number", n, "error", err)
					s.holdBack(ctx, &busy, n)
					return
				}
				busy.Delete(n)
			})
		}
		wait := idleLook
		if !next.IsZero() {
			wait = min(wait, max(0, next.Sub(s.Now())))
		}
		if len(due) == s.opts.Senders {
			wait = 0
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// due returns webhooks that are to be sent now and not on their way, at most
// so many, and when the next one after them is.
func (s *Sandbox) due(busy *sync.Map, most int) (numbers []uint64, next time.Time, err error) {
	now := ms(s.Now())
	err = s.view(func(t *txn) error {
		for k := range t.each(bucketDue, nil) {
			at, n := unstamp(k[:8]), numberOf(k[8:])
			if _, sending := busy.Load(n); sending {
				continue
			}
			if at > now || len(numbers) == most {
				next = time.UnixMilli(at)
				return nil
			}
			numbers = append(numbers, n)
		}
		return nil
	})
	return numbers, next, err
}

// backOff is how long a webhook is left alone that could not be worked on: the
// disk is full, say.
const backOff = 5 * time.Second

// holdBack leaves a webhook alone for a while, or until ctx ends.
func (s *Sandbox) holdBack(ctx context.Context, busy *sync.Map, n uint64) {
	context.AfterFunc(ctx, func() { busy.Delete(n) })
	time.AfterFunc(backOff, func() { busy.Delete(n); s.alarm() })
}

// deliver sends one webhook once and keeps what came of it. An error says that
// it stays due.
func (s *Sandbox) deliver(ctx context.Context, n uint64) error {
	var h Hook
	var m meta
	err := s.view(func(t *txn) (err error) {
		if m, err = t.meta(); err == nil {
			h, err = t.hook(n)
		}
		return err
	})
	switch {
	case errors.Is(err, errAbsent):
		return s.undue(ctx, n) // it was forgotten, or is damaged
	case err != nil:
		return err
	case h.State != StatePending || h.NextRetry.After(s.Now()):
		return nil // somebody was quicker
	}
	url := m.App.url(h.Type, s.opts.Target)
	if url == "" {
		return s.finish(ctx, n, func(h *Hook) {
			h.State, h.Reason, h.NextRetry = StateUnsent, "no URL is known: name one with --webhook-url, or start a listener", time.Time{}
		})
	}
	header := h.Header
	if header == nil {
		if header, err = s.sign(h); err != nil {
			return err
		}
	}
	try := s.post(ctx, url, h.Body, header)
	return s.finish(ctx, n, func(h *Hook) {
		h.Header = header // the same on every try
		h.conclude(try, s.opts.Speed, s.Now())
	})
}

// undue takes a webhook that is not there out of those that are due.
func (s *Sandbox) undue(ctx context.Context, n uint64) error {
	return s.update(ctx, func(t *txn) error {
		c := t.in(bucketDue).Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			if numberOf(k[8:]) == n {
				return c.Delete()
			}
		}
		return nil
	})
}

// finish changes a webhook.
func (s *Sandbox) finish(ctx context.Context, n uint64, do func(h *Hook)) error {
	err := s.update(ctx, func(t *txn) error {
		before, err := t.hook(n)
		if err != nil {
			return err
		}
		after := before
		after.Attempts = append([]Try{}, before.Attempts...)
		do(&after)
		return t.putHook(after, &before)
	})
	if err == nil {
		s.changes.Notify(n)
	}
	return err
}

// conclude adds an attempt and says what follows from it: only a 429 brings
// the webhook back, six times at most.
func (h *Hook) conclude(try Try, speed retry.Speed, now time.Time) {
	h.Attempts = append(h.Attempts, try)
	policy := taskee.Policy()
	h.NextRetry = time.Time{}
	switch {
	case webhook.Delivered(try.Status):
		h.State = StateDelivered
	case policy.Retries(try.Status) && len(h.Attempts) <= policy.MaxRetries:
		gap := retry.Plan(policy, h.Seed).Gap(len(h.Attempts) + 1)
		h.State, h.NextRetry = StatePending, now.Add(speed.Wait(gap))
	default:
		h.State = StateFailed
	}
}

// answerKept is how much of a receiver's answer is kept, in bytes.
const answerKept = 16 << 10

// post makes one attempt.
func (s *Sandbox) post(ctx context.Context, url string, body []byte, header http.Header) Try {
	try := Try{At: s.Now(), URL: url}
	began := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		try.Error = err.Error()
		return try
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Taskee-Sandbox/1")
	resp, err := s.client.Do(req)
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		// The platform's own log has 408 for a receiver that is too slow.
		try.Status, try.Error = http.StatusRequestTimeout, "no answer within "+s.opts.Timeout.String()
	case err != nil:
		try.Error = reason(err)
	default:
		defer func() { _ = resp.Body.Close() }()
		kept, err := io.ReadAll(io.LimitReader(resp.Body, answerKept))
		try.Status, try.Answer = resp.StatusCode, string(kept)
		if errors.As(err, &timeout) && timeout.Timeout() {
			try.Status, try.Error = http.StatusRequestTimeout, "no whole answer within "+s.opts.Timeout.String()
		}
	}
	try.DurationMS = float64(time.Since(began).Microseconds()) / 1000
	return try
}

// reason is why a connection failed, without the names of system calls.
func reason(err error) string {
	var op *net.OpError
	if !errors.As(err, &op) {
		return err.Error()
	}
	leaf := op.Err
	for next := errors.Unwrap(leaf); next != nil; next = errors.Unwrap(leaf) {
		leaf = next
	}
	return leaf.Error()
}
