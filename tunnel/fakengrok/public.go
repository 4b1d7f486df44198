package fakengrok

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
)

// Visitor is the address that the public's requests come from, as the agent
// is told.
const Visitor = "203.0.113.7"

// openFront opens one more loopback port for the public.
func (e *Edge) openFront() (net.Listener, error) {
	ln, err := listen("127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the public: %w", err)
	}
	e.tasks.Go(func() { _ = e.public.Serve(ln) })
	return ln, nil
}

// Client reaches every URL that the edge serves, also those with names that
// only ngrok's DNS and certificates would make work. The caller closes its
// idle connections.
func (e *Edge) Client() *http.Client {
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, e.named.Addr().String())
	}
	return &http.Client{Transport: &http.Transport{
		DialContext:        dial,
		DialTLSContext:     dial, // the transport takes the connection for a secure one
		DisableCompression: true,
	}}
}

// handler is the public side: it finds the endpoint by the Host header, adds
// the headers that ngrok adds, and passes everything else on as it came. For
// an endpoint that is offline it answers like ngrok.
func (e *Edge) handler() http.Handler {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			host, _ := ctx.Value(hostKey{}).(string)
			return e.dial(host)
		},
		DisableCompression: true,
		DisableKeepAlives:  true, // the streams of a dropped session are of no use
	}
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", r.In.Host, r.In.Host
			r.Out.Header.Set("X-Forwarded-For", Visitor)
			r.Out.Header.Set("X-Forwarded-Host", r.In.Host)
			r.Out.Header.Set("X-Forwarded-Proto", "https")
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			offlinePage(w, "ERR_NGROK_3004", http.StatusBadGateway)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !e.Online(r.Host) {
			offlinePage(w, "ERR_NGROK_3200", http.StatusNotFound)
			return
		}
		ctx := context.WithValue(r.Context(), hostKey{}, r.Host)
		proxy.ServeHTTP(w, r.WithContext(ctx))
	})
}

// hostKey is the context key of the endpoint's host.
type hostKey struct{}

func offlinePage(w http.ResponseWriter, code string, status int) {
	w.Header().Set("Ngrok-Error-Code", code)
	http.Error(w, "The endpoint is offline.\n\n"+code, status)
}

// Online reports whether an agent serves a host.
func (e *Edge) Online(host string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.online[host] != nil
}

// dial opens a stream to the agent that serves a host.
func (e *Edge) dial(host string) (net.Conn, error) {
	e.mu.Lock()
	p := e.online[host]
	e.mu.Unlock()
	if p == nil {
		return nil, fmt.Errorf("the endpoint %s is offline", host)
	}
	stream, err := p.session.mux.OpenTypedStream(streamProxy)
	if err != nil {
		return nil, err
	}
	head, err := json.Marshal(proxyHeader{ID: p.id, ClientAddr: Visitor + ":4242", Proto: p.proto, EdgeType: "0"})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	_ = binary.Write(&b, binary.LittleEndian, int64(len(head))) // a buffer takes everything
	b.Write(head)
	if _, err := stream.Write(b.Bytes()); err != nil {
		_ = stream.Close()
		return nil, err
	}
	return stream, nil
}
