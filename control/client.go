package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// Client talks to the listener that runs on a data directory. Each call opens a
// connection of its own, so a Client outlives the listener and finds its
// successor. It is safe for concurrent use; [Dial] returns one.
type Client struct {
	dir     string
	http    http.Client
	life    context.Context // ends with Close
	end     context.CancelFunc
	watches sync.WaitGroup
}

// Dial finds the listener that runs on a data directory. It returns
// [ErrNoListener] when there is none; one that was killed may be found out
// only by the first call. The caller closes the client.
func Dial(dataDir string) (*Client, error) {
	if _, err := locate(dataDir); err != nil {
		return nil, err
	}
	c := &Client{dir: dataDir}
	c.life, c.end = context.WithCancel(context.Background())
	c.http.Transport = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			path, err := locate(c.dir)
			if err != nil {
				return nil, err
			}
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
		// A connection costs less than a call that meets one which the
		// listener is just closing.
		DisableKeepAlives:  true,
		DisableCompression: true,
	}
	return c, nil
}

// Close ends all watches and waits for them. Calls after it fail. It is safe
// to call more than once.
func (c *Client) Close() error {
	c.end()
	c.watches.Wait()
	return nil
}

// Listener implements [Backend].
func (c *Client) Listener(ctx context.Context) (webhook.Listener, error) {
	return call[webhook.Listener](ctx, c, pathListener, struct{}{})
}

// Updates implements [Backend].
func (c *Client) Updates(ctx context.Context, from webhook.Position) (webhook.Updates, error) {
	return call[webhook.Updates](ctx, c, pathUpdates, from)
}

// Find implements [Backend].
func (c *Client) Find(ctx context.Context, name string) (webhook.ID, error) {
	return call[webhook.ID](ctx, c, pathFind, name)
}

// Delete implements [Backend].
func (c *Client) Delete(ctx context.Context, ids []webhook.ID) (int, error) {
	return call[int](ctx, c, pathDelete, ids)
}

// Resend implements [Backend]. It lasts as long as the app may take; when ctx
// ends first, the listener gives the attempt up too.
func (c *Client) Resend(ctx context.Context, r webhook.Resend) (webhook.Resent, error) {
	w, err := callWithin[exactly[webhook.Resent]](ctx, c, 0, pathResend, exactly[webhook.Resend]{r})
	return w.value, err
}

// Simulate implements [Backend]. It lasts as long as the simulation; when ctx
// ends first, the listener is asked to cancel it, and says how far it came.
func (c *Client) Simulate(ctx context.Context, r retry.SimulationRequest, watch ...func(retry.Progress)) (retry.Report, error) {
	call, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	defer context.AfterFunc(ctx, func() {
		timeout := time.AfterFunc(cancelTimeout, cut)
		if c.Steer(call, retry.Steering{EventID: r.Resend.EventID, Cancel: true}) != nil {
			cut() // it has not begun, or the listener has gone
		}
		<-call.Done()
		timeout.Stop()
	})()
	report, err := follow[retry.Progress, retry.Report](call, c, 0, pathSimulate, r, func(s retry.Progress) bool {
		for _, w := range watch {
			w(s)
		}
		return true
	})
	if err != nil && ctx.Err() != nil && call.Err() != nil {
		err = ctx.Err()
	}
	return report, err
}

// Steer implements [Backend].
func (c *Client) Steer(ctx context.Context, s retry.Steering) error {
	return c.tell(ctx, pathSteer, s)
}

// ResendBatch implements [Backend]. When ctx ends first, the listener stops the
// batch.
func (c *Client) ResendBatch(ctx context.Context, r webhook.Batch, watch func(webhook.BatchItem)) (webhook.BatchReport, error) {
	return follow[webhook.BatchItem, webhook.BatchReport](ctx, c, 0, pathBatch, r, func(i webhook.BatchItem) bool {
		if watch != nil {
			watch(i)
		}
		return true
	})
}

// Salvage implements [Backend]. When ctx ends first, the listener stops it.
func (c *Client) Salvage(ctx context.Context, path string, tell func(webhook.SalvageStep)) (webhook.Salvage, error) {
	return follow[webhook.SalvageStep, webhook.Salvage](ctx, c, 0, pathSalvage, path, func(s webhook.SalvageStep) bool {
		if tell != nil {
			tell(s)
		}
		return true
	})
}

// ChangeFaults implements [Backend].
func (c *Client) ChangeFaults(ctx context.Context, change webhook.FaultChange) ([]webhook.FaultRule, error) {
	return call[[]webhook.FaultRule](ctx, c, pathFaults, change)
}

// Announce implements [Backend].
func (c *Client) Announce(ctx context.Context, n webhook.Announcement) error {
	return c.tell(ctx, pathAnnounce, n)
}

// ExpectRetry implements [Backend].
func (c *Client) ExpectRetry(ctx context.Context, id webhook.ID, at time.Time) error {
	return c.tell(ctx, pathExpect, expected{id, at})
}

// SetShield implements [Backend].
func (c *Client) SetShield(ctx context.Context, on bool) error {
	return c.tell(ctx, pathShield, on)
}

// SkipVerifyLike implements [Backend].
func (c *Client) SkipVerifyLike(ctx context.Context, id webhook.ID) (string, error) {
	return call[string](ctx, c, pathSkip, id)
}

// Mark implements [Backend].
func (c *Client) Mark(ctx context.Context, ids []webhook.ID, marked bool) error {
	return c.tell(ctx, pathMark, marking{ids, marked})
}

// Diagnose implements [Backend].
func (c *Client) Diagnose(ctx context.Context, id webhook.ID) (webhook.Diagnosis, error) {
	return call[webhook.Diagnosis](ctx, c, pathDiagnose, id)
}

// Log implements [Backend].
func (c *Client) Log(ctx context.Context, lines int) ([]string, error) {
	return call[[]string](ctx, c, pathLog, lines)
}

// tell makes a call that has no result.
func (c *Client) tell(ctx context.Context, path string, in any) error {
	_, err := call[struct{}](ctx, c, path, in)
	return err
}

func call[Out any](ctx context.Context, c *Client, path string, in any) (Out, error) {
	return callWithin[Out](ctx, c, callTimeout, path, in)
}

// callWithin is one call with a timeout; 0: none.
func callWithin[Out any](ctx context.Context, c *Client, timeout time.Duration, path string, in any) (out Out, err error) {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, errSilent(timeout))
		defer cancel()
	}
	body, err := c.ask(ctx, path, in)
	if err != nil {
		return out, err
	}
	defer func() { _ = body.Close() }()
	counted := &io.LimitedReader{R: body, N: maxAnswer}
	if err := json.NewDecoder(counted).Decode(&out); err != nil {
		var none Out
		return none, unreadable(ctx, err, counted.N == 0)
	}
	return out, nil
}

// errSilent is why a listener that does not answer is given up.
func errSilent(timeout time.Duration) error {
	return fmt.Errorf("the listener did not answer within %s: %w", format.Duration(timeout), context.DeadlineExceeded)
}

// unreadable says why an answer could not be read.
func unreadable(ctx context.Context, err error, tooLarge bool) error {
	var mismatch *json.UnmarshalTypeError
	switch {
	case tooLarge:
		return fmt.Errorf("the listener's answer is larger than %s", format.Bytes(maxAnswer))
	case errors.As(err, &mismatch):
		return fmt.Errorf("understand the listener's answer: %w", err)
	}
	return broken(ctx, err)
}

// ask sends one request and returns the body of the answer, which the caller
// closes. An answer that is a failure is an error.
func (c *Client) ask(ctx context.Context, path string, in any) (io.ReadCloser, error) {
	if c.life.Err() != nil {
		return nil, net.ErrClosed
	}
	text, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	// The host is never looked up: there is one listener behind the socket.
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://taskhook"+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	req.Header.Set(versionHeader, protocol)
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, broken(ctx, err)
	}
	if resp.StatusCode == http.StatusOK && resp.Header.Get(versionHeader) == protocol {
		return resp.Body, nil
	}
	defer func() { _ = resp.Body.Close() }()
	return nil, refusal(ctx, resp)
}

// refusal is the error in an answer.
func refusal(ctx context.Context, resp *http.Response) error {
	switch theirs := resp.Header.Get(versionHeader); theirs {
	case protocol:
	case "":
		return fmt.Errorf("something other than a listener answers on the control socket (status %d)", resp.StatusCode)
	default:
		return &VersionError{Listener: theirs, Client: protocol}
	}
	var f failure
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&f); err != nil {
		if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusMethodNotAllowed {
			return errors.New("the running listener does not know this request: restart it with this version of taskhook")
		}
		return broken(ctx, err)
	}
	return f.err()
}

// broken says what a failed exchange means: the caller gave up, no listener is
// running, or it ended in the middle of the exchange.
func broken(ctx context.Context, err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // "Post http://taskhook/…" means nothing to anybody
	}
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, context.DeadlineExceeded), cause != nil && errors.Is(cause, ctx.Err()):
		return cause
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrNoListener):
		return err
	case notListening(err):
		return ErrNoListener
	case isDial(err):
		return fmt.Errorf("reach the listener: %w", err)
	}
	return fmt.Errorf("the listener ended before it answered: %w", ErrNoListener)
}

func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}
