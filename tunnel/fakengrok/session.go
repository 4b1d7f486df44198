package fakengrok

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"golang.ngrok.com/muxado/v2"
)

// session is the connection of one agent.
type session struct {
	edge     *Edge
	conn     net.Conn // below TLS
	mux      *muxado.Heartbeat
	clientID string // "" until authenticated; guarded by edge.mu
}

// endpoint is what an agent is online at.
type endpoint struct {
	id, host, proto string
	session         *session
}

func (e *Edge) acceptAgents(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		e.mu.Lock()
		muted := e.muted
		if e.closed {
			_ = c.Close()
		} else {
			e.pending[c] = struct{}{}
			e.tasks.Go(func() { e.serveAgent(c, muted) })
		}
		e.mu.Unlock()
	}
}

func (e *Edge) serveAgent(c net.Conn, muted bool) {
	defer func() {
		_ = c.Close()
		e.mu.Lock()
		delete(e.pending, c)
		e.mu.Unlock()
	}()
	if muted {
		buf := make([]byte, 512)
		for {
			if _, err := c.Read(buf); err != nil {
				return
			}
		}
	}
	secure := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{e.cert}, MinVersion: tls.VersionTLS12})
	if err := secure.HandshakeContext(context.Background()); err != nil {
		return
	}
	typed := muxado.NewTypedStreamSession(muxado.Server(secure, &muxado.Config{}))
	// The heartbeat is not started: it answers the agent's and sends none.
	s := &session{edge: e, conn: c, mux: muxado.NewHeartbeat(typed, func(time.Duration, bool) {}, nil)}
	e.mu.Lock()
	delete(e.pending, c)
	e.sessions[s] = struct{}{}
	e.mu.Unlock()
	defer e.forget(s)
	for {
		stream, err := s.mux.AcceptTypedStream()
		if err != nil {
			return
		}
		e.tasks.Go(func() { s.answer(stream) })
	}
}

// forget takes a session and its endpoints away.
func (e *Edge) forget(s *session) {
	e.mu.Lock()
	delete(e.sessions, s)
	for host, p := range e.online {
		if p.session == s {
			delete(e.online, host)
		}
	}
	e.mu.Unlock()
	_ = s.mux.Close()
}

// answer serves one request of an agent.
func (s *session) answer(stream muxado.TypedStream) {
	defer func() { _ = stream.Close() }()
	dec, enc := json.NewDecoder(stream), json.NewEncoder(stream)
	switch stream.StreamType() {
	case streamAuth:
		var a Auth
		if dec.Decode(&a) == nil {
			_ = enc.Encode(s.edge.authenticate(s, a))
		}
	case streamBind:
		var b Bind
		if dec.Decode(&b) == nil {
			_ = enc.Encode(s.edge.grant(s, b))
		}
	case streamUnbind:
		var u unbind
		if dec.Decode(&u) == nil {
			s.edge.takeOffline(u.ID)
			_ = enc.Encode(map[string]string{"Error": ""})
		}
	case streamServerInfo:
		_ = enc.Encode(map[string]string{"Region": "fake"})
	}
}

func (e *Edge) authenticate(s *session, a Auth) authAnswer {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.auths = append(e.auths, a)
	r := authAnswer{Version: "3"}
	switch {
	case e.auth != "":
		r.Error = e.auth
	case a.Extra.Authtoken == "":
		r.Error = refusal("ERR_NGROK_4018", "Usage of ngrok requires a verified account and authtoken.")
	case e.token != "" && a.Extra.Authtoken != e.token:
		r.Error = refusal("ERR_NGROK_107", "The authtoken you specified is properly formed, but it is invalid.\r\nYour authtoken: "+a.Extra.Authtoken)
	}
	if r.Error != "" {
		return r
	}
	r.ClientID = a.ClientID
	if r.ClientID == "" {
		r.ClientID = e.newID("client")
	}
	s.clientID = r.ClientID
	r.Extra.Version, r.Extra.Region, r.Extra.Cookie = "fake", "fake", "cookie-"+r.ClientID
	r.Extra.AccountName, r.Extra.PlanName, r.Extra.AgentSessionID = "A Developer", "Free", "ts_"+r.ClientID
	return r
}

func (e *Edge) newID(kind string) string {
	e.lastID++
	return fmt.Sprintf("%s-%d", kind, e.lastID)
}

// grant puts an agent online, at the URL it asks for or at one of the edge's.
func (e *Edge) grant(s *session, b Bind) bindAnswer {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.binds = append(e.binds, b)
	if e.bind != "" {
		return bindAnswer{Error: e.bind}
	}
	at := b.Opts.URL
	if at == "" {
		ln, err := e.openFront()
		if err != nil {
			return bindAnswer{Error: err.Error()}
		}
		at = "http://" + ln.Addr().String()
	}
	u, err := url.Parse(at)
	if err != nil || u.Host == "" {
		return bindAnswer{Error: refusal("ERR_NGROK_9037", "The URL is invalid.")}
	}
	if message := e.withheld[u.Host]; message != "" {
		return bindAnswer{Error: message}
	}
	// A session that comes back takes over from its own dead connection.
	if p := e.online[u.Host]; p != nil && p.session != s && p.session.clientID != s.clientID {
		return bindAnswer{Error: alreadyOnline(u.Host)}
	}
	p := &endpoint{id: b.ID, host: u.Host, proto: b.Proto, session: s}
	if p.id == "" {
		p.id = e.newID("bind")
	}
	e.online[u.Host] = p
	r := bindAnswer{ID: p.id, URL: at, Proto: b.Proto, Opts: map[string]string{"URL": at, "Hostname": u.Host}}
	r.Extra.Token, r.Extra.TunnelID = "token-"+p.id, "tn_"+p.id
	return r
}

func (e *Edge) takeOffline(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for host, p := range e.online {
		if p.id == id {
			delete(e.online, host)
		}
	}
}

// StopTunnel takes the endpoint at a host offline, as the dashboard can: its
// session stays and is told why.
func (e *Edge) StopTunnel(host, code, message string) error {
	e.mu.Lock()
	p := e.online[host]
	delete(e.online, host)
	e.mu.Unlock()
	if p == nil {
		return errors.New("no endpoint is online at " + host)
	}
	stream, err := p.session.mux.OpenTypedStream(streamStopTunnel)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	return json.NewEncoder(stream).Encode(stopTunnel{ID: p.id, Message: message, ErrorCode: code})
}
