package taskee

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The API that the documents describe, under "Authorization" and "CRM &
// Contacts".
const (
	// DefaultBaseURL is where the platform serves API v2: the address in every
	// example of the document.
	DefaultBaseURL = "https://portalapi.taskee.ai"
	// APIVersion is the only value of the Version header that the document
	// allows.
	APIVersion = "2021-07-28"
	// DefaultPageSize is how many contacts a page has unless asked otherwise,
	// and MaxPageSize how many it can have.
	DefaultPageSize = 25
	MaxPageSize     = 100
)

// ErrBadToken is returned by [NewClient] for a token that is empty, or has
// white space or characters in it that are not allowed in a header.
var ErrBadToken = errors.New("not a token")

// ErrBadBaseURL is returned by [NewClient] for a base URL that is not a plain
// http or https address. It is wrapped with the reason.
var ErrBadBaseURL = errors.New("invalid base URL")

// Client calls API v2 with one token. It retries requests that the platform
// did not execute (see [Client.CreateContact]) and respects the rate limit that
// the answers announce; for both it waits at most a minute in a call. It gives
// each try 30 s, reads at most 16 MiB of an answer, and never follows a
// redirect, which would send the token to another host.
//
// Errors of the API are [*APIError]; others wrap those of [net/http]. No
// error or printed Client contains the token.
//
// A Client does not have to be closed. It may be used from many goroutines,
// which then share one rate limit.
type Client struct {
	base    *url.URL
	http    http.Client
	token   secret
	maxWait time.Duration // of one call, between its tries and for the rate limit; below 0: it never waits
	onWait  func(Wait)
	pace    pace
}

// ClientOptions are the choices of a [Client]. The zero value calls the
// platform.
type ClientOptions struct {
	// BaseURL is where the API is, such as http://127.0.0.1:4490; "" for
	// [DefaultBaseURL]. It may have a path.
	BaseURL string
	// OnWait is called before each wait, from the goroutine of the call; nil to
	// call nothing.
	OnWait func(Wait)
}

// Wait is why and how long a call waits before it is sent, or sent again.
type Wait struct {
	For    time.Duration
	Status int // of the last answer; 0: the rate limit is used up
	Try    int // the last one, from 1; 0 before the first
}

const (
	maxWait    = time.Minute
	tryTimeout = 30 * time.Second
)

// NewClient returns a client for a private integration's token, or an OAuth
// access token: what follows "Bearer ". White space around it, such as the line
// end of a file, is removed. Nothing is sent yet.
//
// The error wraps [ErrBadToken] or [ErrBadBaseURL], and never quotes the
// token.
func NewClient(token string, o ClientOptions) (*Client, error) {
	hidden, err := newSecret(token)
	if err != nil {
		return nil, err
	}
	base, err := parseBaseURL(cmp.Or(o.BaseURL, DefaultBaseURL))
	if err != nil {
		return nil, err
	}
	c := &Client{base: base, token: hidden, maxWait: maxWait, onWait: o.OnWait, http: http.Client{
		Timeout:       tryTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if c.onWait == nil {
		c.onWait = func(Wait) {}
	}
	return c, nil
}

// BaseURL is where the client calls the API, without a slash at the end.
func (c *Client) BaseURL() string { return c.base.String() }

func parseBaseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		// The text is not quoted: it may hold a password.
		return nil, fmt.Errorf("%w: it cannot be parsed", ErrBadBaseURL)
	case u.User != nil:
		return nil, fmt.Errorf("%w: it must not have a user or password", ErrBadBaseURL)
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return nil, fmt.Errorf("%w: want http://host or https://host", ErrBadBaseURL)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("%w: it must not have a query or fragment", ErrBadBaseURL)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}, nil
}
