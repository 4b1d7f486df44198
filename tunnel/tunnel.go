// Package tunnel makes a listener on this machine reachable from the public
// internet through ngrok, and keeps it so.
//
// [Open] either returns a tunnel that is online or one [*Error] that says what
// to do. From then on nothing that ngrok does ends the tunnel: a lost
// connection is made again under the same identity, so that the URL stays, and
// where ngrok refuses that, a new session is opened. All of it comes out of
// one [net.Listener].
package tunnel

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// Bounds of what would otherwise wait for the network.
const (
	connectTime = 10 * time.Second // until Open gives up
	openTries   = 3                // connections that Open tries when the network fails
	endTime     = 3 * time.Second  // until a session that does not end is left behind
)

// Options say how to reach ngrok. Authtoken is required; the zero value of the
// rest is ngrok's own service with a URL that ngrok chooses.
type Options struct {
	// Authtoken identifies the ngrok account. It is never logged and never
	// part of an error.
	Authtoken string
	// URL is the reserved domain to be online at, "name.ngrok.app" or
	// "https://name.ngrok.app"; "": ngrok chooses.
	URL string
	// ConnectURL is the host:port to connect to instead of ngrok's own, for
	// networks that allow only that; ":443" may be left out.
	ConnectURL string
	// CA holds PEM certificates, the only ones trusted for the connection to
	// ngrok. nil: ngrok's own root.
	CA []byte
	// Changed is called whenever [Tunnel.Status] is another than before, from
	// any goroutine; it must return at once. nil: nobody is told.
	Changed func()
	// Logger hears of every change of state. nil: silence.
	Logger *slog.Logger
	// Version of the program, told to ngrok.
	Version string
}

// settings are options that have been checked and completed: URL is "" or
// scheme://host, ConnectURL "" or host:port, and Version, Logger and Changed are set.
type settings struct {
	Options

	pool *x509.CertPool // of CA
}

// where names the other end in messages.
func (s settings) where() string {
	if s.ConnectURL != "" {
		return "ngrok at " + s.ConnectURL
	}
	return "ngrok"
}

// Tunnel is an endpoint at ngrok that is kept online until Close. Its methods
// may be called from several goroutines.
type Tunnel struct {
	settings settings
	logger   *slog.Logger
	backoff  backoff
	listener *listener
	life     context.Context // ends with Close
	end      context.CancelFunc
	done     chan struct{} // closed when run has returned

	mu       sync.Mutex
	status   webhook.Tunnel
	current  *session // the one whose events count
	lastURL  string   // asked for again, so that the URL stays
	refusals int      // of lastURL, in a row
}

// Open connects to ngrok and returns when the endpoint is online. A refusal by
// ngrok or a network that does not lead there is an [*Error], after 10 s at
// most; when ctx ends first, its cause is wrapped. ctx bounds Open alone:
// the tunnel lives until [Tunnel.Close], which the caller owes.
func Open(ctx context.Context, o Options) (*Tunnel, error) {
	return open(ctx, o, connectTime)
}

func open(ctx context.Context, o Options, bound time.Duration) (*Tunnel, error) {
	set, err := o.understand()
	if err != nil {
		return nil, err
	}
	t := &Tunnel{
		settings: set,
		logger:   slog.New(redactor{set.Logger.Handler(), set.Authtoken, false}),
		listener: newListener(),
		done:     make(chan struct{}),
		status:   webhook.Tunnel{State: webhook.TunnelConnecting, Since: time.Now()},
	}
	t.life, t.end = context.WithCancel(context.WithoutCancel(ctx))
	s, err := t.openFirst(ctx, bound)
	if err != nil {
		t.end()
		return nil, err
	}
	go t.run(s)
	return t, nil
}

// understand checks what can be checked without a network.
func (o Options) understand() (settings, error) {
	s := settings{Options: o}
	s.Authtoken = strings.TrimSpace(o.Authtoken)
	if s.Authtoken == "" {
		return s, &Error{Message: "no ngrok authtoken is known", Hint: AuthtokenHint}
	}
	var err error
	if s.URL, err = endpointURL(o.URL); err != nil {
		return s, err
	}
	if s.ConnectURL, err = connectAddress(o.ConnectURL); err != nil {
		return s, err
	}
	s.Version = cmp.Or(o.Version, "devel")
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	if s.Changed == nil {
		s.Changed = func() {}
	}
	if len(o.CA) > 0 {
		s.pool = x509.NewCertPool()
		if !s.pool.AppendCertsFromPEM(o.CA) {
			return s, &Error{
				Message: "no certificate is in the PEM data to trust for ngrok",
				Hint:    "name a file with one or more CERTIFICATE blocks",
			}
		}
	}
	return s, nil
}

// endpointURL completes a domain to the URL that ngrok is asked for.
func endpointURL(domain string) (string, error) {
	if domain == "" {
		return "", nil
	}
	full := domain
	if !strings.Contains(domain, "://") {
		full = "https://" + domain
	}
	u, err := url.Parse(full)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", &Error{
			Message: fmt.Sprintf("%q is not a domain that ngrok could serve", domain),
			Hint:    "give the reserved domain alone, such as my-team.ngrok.app",
		}
	}
	return u.Scheme + "://" + u.Host, nil
}

// connectAddress checks and completes the address of ngrok's connect service.
func connectAddress(address string) (string, error) {
	if address == "" {
		return "", nil
	}
	full := address
	if _, _, err := net.SplitHostPort(full); err != nil {
		full = net.JoinHostPort(strings.Trim(full, "[]"), "443")
	}
	host, port, err := net.SplitHostPort(full)
	if err != nil || host == "" || port == "" || strings.ContainsAny(address, "/@ ") {
		return "", &Error{
			Message: fmt.Sprintf("%q is not an address of ngrok's connect service", address),
			Hint:    "give it as host:port, such as connect.example.com:443",
		}
	}
	return full, nil
}

// Listener is where the connections arrive that ngrok passes on. It is the
// same one for the life of the tunnel: its Accept waits while the tunnel is
// offline, and ends only by closing the listener or the tunnel, with
// [net.ErrClosed]. Closing the listener leaves the connections it has given
// out, and the tunnel, open.
func (t *Tunnel) Listener() net.Listener { return t.listener }

// Status is the state of the tunnel at this moment. URL is the last one that
// ngrok gave and changes when ngrok gives another; Code and Message say why
// the tunnel is not online. Reach is not filled in.
func (t *Tunnel) Status() webhook.Tunnel {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.status
}

// Close takes the endpoint offline, cuts its connections and closes the
// listener. It waits for what the tunnel has started, for a few seconds at
// most. Calling it again waits and does nothing else.
func (t *Tunnel) Close() error {
	_ = t.listener.Close()
	t.end()
	<-t.done
	return nil
}

// online notes that a session is up. Only the current session is heard.
func (t *Tunnel) online(s *session) {
	address := s.listener.URL().String()
	t.mu.Lock()
	if t.current != s {
		t.mu.Unlock()
		return
	}
	was := t.status.URL
	t.status = webhook.Tunnel{State: webhook.TunnelOnline, URL: address, Since: time.Now()}
	t.lastURL, t.refusals = address, 0
	t.mu.Unlock()
	t.settings.Changed()
	t.backoff.online()
	t.listener.at(address)
	if was != "" && was != address {
		t.logger.Warn(fmt.Sprintf("the tunnel is online at another URL: was %s, now %s", was, address))
		return
	}
	t.logger.Info("the tunnel is online", "url", address)
}

// lost notes why the tunnel is not online. Since stays that of the first
// loss. Only the current session is heard; s is nil between two sessions.
func (t *Tunnel) lost(s *session, err error) {
	e := t.settings.explain(err)
	t.mu.Lock()
	if t.current != s || t.status.State == webhook.TunnelConnecting {
		t.mu.Unlock()
		return
	}
	first := t.status.State != webhook.TunnelReconnecting
	if first {
		t.status = webhook.Tunnel{State: webhook.TunnelReconnecting, URL: t.status.URL, Since: time.Now()}
	}
	t.status.Code, t.status.Message = e.Code, e.Message
	t.mu.Unlock()
	t.settings.Changed()
	if first {
		t.logger.Warn("the tunnel is down and will be opened again: " + e.Error())
		return
	}
	t.logger.Info("the tunnel is still down", "reason", e.Error())
}

// attend makes a session the one whose events count, nil: none.
func (t *Tunnel) attend(s *session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current = s
}

// beat notes the round trip of a heartbeat.
func (t *Tunnel) beat(s *session, latency time.Duration) {
	t.mu.Lock()
	counts := t.current == s && t.status.State == webhook.TunnelOnline
	if counts {
		t.status.Latency = latency
	}
	t.mu.Unlock()
	if counts {
		t.settings.Changed()
	}
}
