package tunnel

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/taskhook/taskhook/format"
)

// Reach calls the program's own public URL once with a header that only this
// process knows the value of, and returns how long the call took, setting up
// the connection included. The URL leads here when the answer is 204 and
// repeats the header; everything else is an error in words, an [*Error] when
// it is ngrok that answers. The end of ctx is the cause of ctx. The client's
// redirect policy is not used: a redirect leads elsewhere.
func Reach(ctx context.Context, client *http.Client, address, header, nonce string) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return 0, fmt.Errorf("the public URL cannot be called: %w", err)
	}
	req.Header.Set(header, nonce)
	req.Header.Set("User-Agent", "taskhook")
	// On free plans ngrok shows browsers a page of its own first; this header
	// says that nobody is to be warned.
	req.Header.Set("Ngrok-Skip-Browser-Warning", "1")
	once := *client
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

	start := time.Now()
	resp, err := once.Do(req)
	if err != nil {
		return 0, unreachable(ctx, req.URL, err)
	}
	took := time.Since(start)
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode == http.StatusNoContent && nonce != "" && resp.Header.Get(header) == nonce {
		return took, nil
	}
	return 0, notHere(resp)
}

// unreachable says why there was no answer.
func unreachable(ctx context.Context, u *url.URL, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Cause(ctx)
	}
	if call, ok := errors.AsType[*url.Error](err); ok {
		err = call.Err // call would repeat the URL
	}
	if verify, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("the certificate of %s is not trusted: %w", u.Host, verify.Err)
	}
	return fmt.Errorf("no answer from %s: %s", u.Host, reason(err, format.Clean(err.Error())))
}

// notHere says who answered instead.
func notHere(resp *http.Response) error {
	host := resp.Request.URL.Host
	if code := codePattern.FindString(resp.Header.Get("Ngrok-Error-Code")); code != "" {
		return &Error{
			Code:    code,
			Message: fmt.Sprintf("ngrok itself answers %d for %s", resp.StatusCode, host),
			Hint:    hintFor(code),
		}
	}
	if to := resp.Header.Get("Location"); to != "" && resp.StatusCode/100 == 3 {
		return fmt.Errorf("%s redirects to %s", host, format.Clean(to))
	}
	return fmt.Errorf("something else answers %d at %s", resp.StatusCode, host)
}
