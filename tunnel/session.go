package tunnel

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"golang.ngrok.com/ngrok/v2"
)

// maxFailures is how often in a row a session may fail to come back by itself
// before a new one takes its place.
const maxFailures = 4

// errNoAnswer is the cause when ngrok's service is silent for too long.
var errNoAnswer = errors.New("no answer")

// session is one identity at ngrok. The SDK brings a lost connection back
// under the same identity, which keeps the URL and counts as the same agent
// at ngrok; the session is over when that is refused or fails repeatedly.
type session struct {
	t        *Tunnel
	agent    ngrok.Agent
	dialer   *dialer
	listener ngrok.EndpointListener
	ctx      context.Context // the life of the session for the SDK
	cancel   context.CancelCauseFunc
	bound    atomic.Bool   // the endpoint has been online
	failures int           // in a row; of the SDK's event goroutine alone
	over     chan error    // why the session is to be replaced
	accepted chan struct{} // closed when accept has returned
}

// openFirst opens the first session, whose failures are the caller's.
func (t *Tunnel) openFirst(ctx context.Context, bound time.Duration) (*session, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, bound, errNoAnswer)
	defer cancel()
	var pauses backoff
	for try := 1; ; try++ {
		s, err := t.connect(ctx, t.settings.URL)
		if err == nil {
			return s, nil
		}
		if try < openTries && !refused(err) && pauses.wait(ctx) {
			continue
		}
		if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errNoAnswer) && !refused(err) {
			return nil, fmt.Errorf("connect to ngrok: %w", cause)
		}
		return nil, t.settings.explain(t.diagnose(ctx, err))
	}
}

// diagnose looks closer at a connection that came about and then failed: the
// SDK often has no more to say than that the session is closed, when it is the
// certificate that is not trusted.
func (t *Tunnel) diagnose(ctx context.Context, err error) error {
	if dial, ok := errors.AsType[*net.OpError](err); ctx.Err() != nil || refused(err) || ok && dial.Op == "dial" {
		return err
	}
	agent, failed := ngrok.NewAgent(t.agentOptions()...)
	if d, can := agent.(ngrok.Diagnoser); failed == nil && can {
		if _, found := d.Diagnose(ctx, ""); ngrok.IsTLSDiagnoseFailure(found) {
			return found
		}
	}
	return err
}

// run replaces sessions that are over until the tunnel is closed.
func (t *Tunnel) run(s *session) {
	defer close(t.done)
	for {
		select {
		case <-t.life.Done():
			s.end()
			return
		case err := <-s.over:
			t.lost(s, err)
		}
		t.attend(nil)
		s.end()
		if s = t.reopen(); s == nil {
			return
		}
	}
}

// reopen opens a new session, however long that takes. It returns nil when the
// tunnel has been closed.
func (t *Tunnel) reopen() *session {
	for t.backoff.wait(t.life) {
		ctx, cancel := context.WithTimeoutCause(t.life, connectTime, errNoAnswer)
		s, err := t.connect(ctx, t.wantedURL())
		cancel()
		switch {
		case err == nil:
			return s
		case t.life.Err() != nil:
			return nil
		}
		t.mayChangeURL(err)
		t.lost(nil, err)
	}
	return nil
}

// wantedURL is what the next session asks for, "" leaves it to ngrok.
func (t *Tunnel) wantedURL() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return cmp.Or(t.settings.URL, t.lastURL)
}

// mayChangeURL gives up a URL of ngrok's choice that ngrok no longer grants.
// That it is online still may be our own dead session: it has some tries.
func (t *Tunnel) mayChangeURL(err error) {
	if _, bind := errors.AsType[*bindError](err); !bind || !refused(err) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refusals++; codeOf(err) != codeAlreadyOnline || t.refusals >= maxFailures {
		t.lastURL, t.refusals = "", 0
	}
}

// bindError says that the session was accepted and the endpoint was not.
type bindError struct{ err error }

func (e *bindError) Error() string { return e.err.Error() }
func (e *bindError) Unwrap() error { return e.err }

// connect opens a session and its endpoint; ctx bounds only that.
func (t *Tunnel) connect(ctx context.Context, address string) (*session, error) {
	s := &session{t: t, over: make(chan error, 1), accepted: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancelCause(t.life)
	s.dialer = &dialer{s: s}
	var err error
	s.agent, err = ngrok.NewAgent(append(t.agentOptions(), ngrok.WithDialer(s.dialer), ngrok.WithEventHandler(s.event))...)
	if err != nil {
		s.cancel(err)
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() {
		s.cancel(context.Cause(ctx))
		s.dialer.close()
	})
	var endpoint []ngrok.EndpointOption
	if address != "" {
		endpoint = append(endpoint, ngrok.WithURL(address))
	}
	s.listener, err = s.agent.Listen(s.ctx, endpoint...)
	if !stop() && err == nil {
		s.cancel(context.Cause(ctx))
	}
	if err == nil {
		t.attend(s)
		t.online(s)
		s.bound.Store(true)
		go s.accept()
	}
	// A loss before bound is set was taken for a failure to connect.
	if cause := context.Cause(s.ctx); cause != nil {
		err = cause
	} else if err != nil {
		err = &bindError{err}
	}
	if err != nil {
		t.attend(nil)
		s.end()
		return nil, err
	}
	return s, nil
}

// agentOptions are those of every agent.
func (t *Tunnel) agentOptions() []ngrok.AgentOption {
	set := t.settings
	options := []ngrok.AgentOption{
		ngrok.WithAuthtoken(set.Authtoken),
		ngrok.WithClientInfo("taskhook", set.Version),
		ngrok.WithLogger(sdkLogger(set.Logger.Handler(), set.Authtoken)),
	}
	if set.pool != nil {
		options = append(options, ngrok.WithAgentConnectCAs(set.pool))
	}
	if set.ConnectURL != "" {
		host, _, _ := net.SplitHostPort(set.ConnectURL)
		options = append(options,
			ngrok.WithAgentConnectURL(set.ConnectURL),
			// The SDK would cut the name at the first colon of an IPv6 address.
			ngrok.WithTLSConfig(func(c *tls.Config) { c.ServerName = host }))
	}
	return options
}

// event hears the SDK. It runs while the SDK holds its locks, so it never
// calls the agent: it changes the status and passes on what is to be done.
func (s *session) event(e ngrok.Event) {
	switch e := e.(type) {
	case *ngrok.EventAgentDisconnected:
		s.disconnected(e.Error)
	case *ngrok.EventAgentConnectSucceeded:
		if s.bound.Load() {
			s.failures = 0
			s.t.online(s)
		}
	case *ngrok.EventAgentHeartbeatReceived:
		s.t.beat(s, e.Latency)
	}
}

// disconnected judges a failure of the session. The SDK itself would try
// again for ever, even with a wrong authtoken.
func (s *session) disconnected(err error) {
	switch {
	case s.ctx.Err() != nil: // our own doing
	case !s.bound.Load():
		if err != nil {
			s.cancel(err)
		}
	case err == nil:
		s.finish(errors.New("ngrok has ended the session"))
	case refused(err):
		s.finish(err)
	default:
		s.t.lost(s, err)
		if s.failures++; s.failures >= maxFailures {
			s.finish(err)
		}
	}
}

// finish asks for another session; the first reason counts.
func (s *session) finish(err error) {
	select {
	case s.over <- err:
	default:
	}
}

// accept hands the connections of the session to the tunnel's listener. It
// takes them from the SDK even when nobody wants them any more: one that is
// left waiting there holds the lock which closing the endpoint needs.
func (s *session) accept() {
	defer close(s.accepted)
	for {
		c, err := s.listener.Accept()
		if err != nil {
			s.finish(err)
			return
		}
		if !s.t.listener.deliver(s.ctx, c) {
			_ = c.Close()
		}
	}
}

// end closes the session, if it was opened, and waits for its end, endTime at most: the SDK may
// be in a pause that nothing interrupts.
func (s *session) end() {
	s.cancel(errors.New("the session has ended"))
	goodbye := time.AfterFunc(endTime/3, s.dialer.close)
	_ = s.agent.Disconnect()
	goodbye.Stop()
	s.dialer.close()
	if s.listener == nil {
		return
	}
	select {
	case <-s.accepted:
	case <-time.After(endTime):
		s.t.logger.Info("a session with ngrok is slow to end and is left behind")
	}
}
