package sandbox

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// newClient returns a client that sends webhooks as the platform does: it
// follows no redirect and decompresses nothing.
func newClient(o Options) *http.Client {
	dialer := httpwire.Dialer{Connect: (&net.Dialer{Timeout: o.Timeout}).DialContext}
	t := &http.Transport{
		DisableCompression: true, MaxIdleConnsPerHost: o.Senders, IdleConnTimeout: 30 * time.Second,
		DialContext: dialer.DialContext,
	}
	return &http.Client{Transport: t, Timeout: o.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// wakeUp has Run look for due webhooks now.
func (s *Sandbox) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

const (
	pruneInterval = time.Hour
	// pollInterval is how often Run looks for due webhooks unasked: the real
	// clock may be set.
	pollInterval = 5 * time.Second
	// backOff is how long a webhook is left alone whose attempt could not be
	// made or recorded: the disk is full, say.
	backOff = 5 * time.Second
)

// Run delivers webhooks until ctx ends, and returns nil then. Attempts in
// flight are finished; what is due stays due. Only one Run may be running.
func (s *Sandbox) Run(ctx context.Context) error {
	var senders sync.WaitGroup
	defer s.client.CloseIdleConnections()
	defer senders.Wait()
	slots := make(chan struct{}, s.opts.Senders)
	var inFlight sync.Map // of numbers
	var pruned time.Time  // in the platform's time, so that a moved clock counts
	for {
		if now := s.Now(); now.Sub(pruned).Abs() > pruneInterval {
			pruned = now
			if err := s.prune(ctx); err != nil && ctx.Err() == nil {
				s.logger.Warn("old webhooks cannot be deleted", "error", err)
			}
		}
		due, next, err := s.due(&inFlight, s.opts.Senders)
		if err != nil {
			return err
		}
		for _, n := range due {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return nil
			}
			inFlight.Store(n, true)
			senders.Go(func() {
				err := s.deliver(context.WithoutCancel(ctx), n)
				<-slots
				if err != nil {
					s.logger.Error("a webhook could not be delivered", "number", n, "error", err)
					_ = retry.Sleep(ctx, backOff)
				}
				inFlight.Delete(n)
				s.wakeUp()
			})
		}
		wait := pollInterval
		if !next.IsZero() {
			wait = min(wait, max(0, next.Sub(s.Now())))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-time.After(wait):
		}
	}
}

// due returns the numbers of at most n webhooks that are due and not in
// flight, and when the one after them is due; zero: there is none.
func (s *Sandbox) due(inFlight *sync.Map, n int) (numbers []uint64, next time.Time, err error) {
	now := s.Now().UnixMilli()
	err = s.view(func(t *txn) error {
		for k := range t.each(bucketDue, nil) {
			at, number := unstamp(k[:stampSize]), numberOf(k[stampSize:])
			if _, sending := inFlight.Load(number); sending {
				continue
			}
			if at > now || len(numbers) == n {
				next = time.UnixMilli(at)
				return nil
			}
			numbers = append(numbers, number)
		}
		return nil
	})
	return numbers, next, err
}

// deliver makes one attempt to deliver a webhook and records what came of it.
// After an error the webhook is still due.
func (s *Sandbox) deliver(ctx context.Context, n uint64) error {
	var d Delivery
	var m meta
	err := s.view(func(t *txn) (err error) {
		m = t.meta()
		d, err = t.delivery(n)
		return err
	})
	switch {
	case errors.Is(err, errAbsent):
		return s.dropDue(ctx, n)
	case err != nil:
		return err
	case d.NextRetry.IsZero() || d.NextRetry.After(s.Now()):
		return nil // it was delivered meanwhile
	}
	url := m.App.url(d.Type, s.opts.Target)
	if url == "" {
		return s.change(ctx, n, func(d *Delivery) {
			d.State, d.NextRetry = StateUnsent, time.Time{}
			d.Reason = "no URL is known: name one with --webhook-url, or start a listener"
		})
	}
	header := d.Header
	if header == nil {
		if header, err = s.sign(d); err != nil {
			return err
		}
	}
	s.announce(ctx, d)
	attempt := s.post(ctx, url, d.Body, header)
	return s.change(ctx, n, func(d *Delivery) {
		d.Header = header
		d.conclude(attempt, s.opts.Speed, s.Now())
	})
}

// announce tells what a 429 to the next attempt would mean.
func (s *Sandbox) announce(ctx context.Context, d Delivery) {
	if s.opts.Announce == nil {
		return
	}
	retryIn := webhook.NoRetry
	if n := len(d.Attempts) + 1; n <= taskee.Policy().MaxRetries {
		retryIn = s.opts.Speed.Wait(d.gap(n + 1))
	}
	s.opts.Announce(ctx, d.Body, retryIn)
}

// gap is how long before the n-th attempt (from 1) the one before it was
// answered.
func (d *Delivery) gap(n int) time.Duration { return retry.Plan(taskee.Policy(), d.Seed).Gap(n) }

// dropDue removes a webhook that does not exist from those that are due.
func (s *Sandbox) dropDue(ctx context.Context, n uint64) error {
	return s.update(ctx, func(t *txn) error {
		c := t.in(bucketDue).Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			if numberOf(k[stampSize:]) == n {
				return c.Delete()
			}
		}
		return nil
	})
}

// change changes a webhook.
func (s *Sandbox) change(ctx context.Context, n uint64, do func(d *Delivery)) error {
	return s.update(ctx, func(t *txn) error {
		before, err := t.delivery(n)
		if err != nil {
			return err
		}
		after := before
		after.Attempts = slices.Clone(before.Attempts)
		do(&after)
		t.putDelivery(after, &before)
		return nil
	})
}

// conclude adds an attempt and decides what follows from it: only a 429 brings
// the webhook back, six times at most.
func (d *Delivery) conclude(a Attempt, speed retry.Speed, now time.Time) {
	d.Attempts = append(d.Attempts, a)
	policy := taskee.Policy()
	d.NextRetry = time.Time{}
	switch {
	case webhook.Delivered(a.Status):
		d.State = StateDelivered
	case policy.Retries(a.Status) && len(d.Attempts) <= policy.MaxRetries:
		d.State, d.NextRetry = StateRetrying, now.Add(speed.Wait(d.gap(len(d.Attempts)+1)))
	default:
		d.State = StateFailed
	}
}

// maxAnswer bounds what is stored of a receiver's answer, in bytes.
const maxAnswer = 16 << 10

// post makes one attempt.
func (s *Sandbox) post(ctx context.Context, url string, body []byte, header http.Header) Attempt {
	a := Attempt{At: s.Now(), URL: url}
	began := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		a.Error = err.Error()
		return a
	}
	maps.Copy(req.Header, header)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Taskee-Sandbox/1")
	resp, err := s.client.Do(req)
	switch {
	case httpwire.IsTimeout(err):
		// The platform's own log has 408 for a receiver that is too slow.
		a.Status, a.Error = http.StatusRequestTimeout, "no answer within "+format.Duration(s.opts.Timeout)
	case err != nil:
		a.Error = httpwire.Reason(err)
	default:
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		a.Status, a.Answer = resp.StatusCode, string(text)
		if httpwire.IsTimeout(err) {
			a.Status, a.Error = http.StatusRequestTimeout, "no complete answer within "+format.Duration(s.opts.Timeout)
		}
	}
	a.DurationMS = float64(time.Since(began).Microseconds()) / 1000
	return a
}
