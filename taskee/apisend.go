package taskee

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/taskhook/taskhook/retry"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 16 << 20

// request is one call of the API, the same at every try.
type request struct {
	method string
	path   string     // escaped, from the base URL on
	query  url.Values // nil for none
	body   []byte     // JSON; nil for none
	err    error      // why it cannot be sent
}

// requestFor is a request with an ID at the end of its path.
func requestFor(method, path, id string) request {
	r := request{method: method, path: path + url.PathEscape(id)}
	if slices.Contains([]string{"", ".", ".."}, strings.TrimSpace(id)) {
		r.err = fmt.Errorf("%w %q", ErrBadID, id)
	}
	return r
}

// answer is what came back for one try.
type answer struct {
	status int
	header http.Header
	body   []byte
	at     time.Time // when it was complete
}

// call sends a request, retries it as far as that makes sense, and decodes the
// answer. Errors other than the request's own name the method and path.
func (c *Client) call(ctx context.Context, r request, into any) error {
	if r.err != nil {
		return r.err
	}
	a, err := c.answer(ctx, r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return fmt.Errorf("%s %s: %w: %w", r.method, r.path, ErrNotAPI, err)
	}
	return nil
}

// answer returns the answer of 2xx to a request.
func (c *Client) answer(ctx context.Context, r request) (answer, error) {
	left := c.maxWait
	// If the rate limit asks for a longer wait than is allowed, the request is
	// sent all the same: the API's own answer says more than ours could.
	if d := c.pace.wait(time.Now()); d > 0 && affordable(ctx, d, left) {
		if err := c.wait(ctx, r, Wait{For: d}); err != nil {
			return answer{}, err
		}
		left -= d
	}
	for try := 1; ; try++ {
		a, err := c.try(ctx, r)
		if err != nil {
			return answer{}, c.transportError(r, err)
		}
		c.pace.record(a)
		if a.status >= 200 && a.status < 300 {
			return a, nil
		}
		failure := c.apiError(r, a, try)
		if try > maxRetries || !r.retryable(failure) {
			return answer{}, failure
		}
		next := max(backoff(a, try), c.pace.wait(a.at))
		if !affordable(ctx, next, left) {
			return answer{}, failure
		}
		if err := c.wait(ctx, r, Wait{For: next, Status: a.status, Try: try}); err != nil {
			return answer{}, err
		}
		left -= next
	}
}

// retryable reports whether a failed request may be sent again. One that was
// answered 429 was not executed. The others may have been, so only those that
// read are retried, and only after temporary failures.
func (r request) retryable(e *APIError) bool {
	switch e.Status {
	case http.StatusTooManyRequests:
		return !e.Daily
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return r.method == http.MethodGet
	}
	return false
}

// affordable reports whether a wait fits into the time that is left.
func affordable(ctx context.Context, wait, left time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return wait <= left && (!ok || time.Until(deadline) > wait)
}

// wait waits before a try.
func (c *Client) wait(ctx context.Context, r request, w Wait) error {
	c.onWait(w)
	err := retry.Sleep(ctx, w.For)
	switch {
	case err == nil:
		return nil
	case w.Status == 0:
		return fmt.Errorf("%s %s: wait for the rate limit: %w", r.method, r.path, err)
	}
	return fmt.Errorf("%s %s: wait to retry after %d: %w", r.method, r.path, w.Status, err)
}

// try sends a request once.
func (c *Client) try(ctx context.Context, r request) (answer, error) {
	req, err := c.newRequest(ctx, r)
	if err != nil {
		return answer{}, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return answer{}, fmt.Errorf("read the answer: %w", err)
	}
	if len(body) > maxAnswer {
		return answer{}, ErrTooLarge
	}
	return answer{resp.StatusCode, resp.Header, body, time.Now()}, nil
}

func (c *Client) newRequest(ctx context.Context, r request) (*http.Request, error) {
	to := c.base.String() + r.path
	if len(r.query) > 0 {
		to += "?" + r.query.Encode()
	}
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, to, body)
	if err != nil {
		return nil, err
	}
	req.Header = http.Header{
		"Accept":        {"application/json"},
		"Authorization": {c.token.authorization()},
		"User-Agent":    {"taskhook"},
		"Version":       {APIVersion},
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// transportError removes from an error the URL, whose query may name a person,
// and the token, which a server may have sent back.
func (c *Client) transportError(r request, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if text := err.Error(); c.token.redact(text) != text {
		err = errors.New(c.token.redact(text))
	}
	return fmt.Errorf("%s %s: %w", r.method, r.path, err)
}
