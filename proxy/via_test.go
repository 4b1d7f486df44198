package proxy

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// forwardProxy is a proxy as companies have: it takes requests for http URLs,
// and opens tunnels to one address for the rest.
type forwardProxy struct {
	url   *url.URL
	seen  chan string // request lines, and what they were authorized with
	to    string      // where its tunnels lead, whatever they are asked for
	codes int         // what CONNECT is answered; 0: by a tunnel
}

func newForwardProxy(t *testing.T, to string) *forwardProxy {
	p := &forwardProxy{seen: make(chan string, 10), to: to}
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	p.url = &url.URL{Scheme: "http", Host: srv.Listener.Addr().String(), User: url.UserPassword("me", "word")}
	return p
}

func (p *forwardProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.seen <- r.Method + " " + r.RequestURI + " " + r.Header.Get("Proxy-Authorization")
	if r.Method != http.MethodConnect {
		_, _ = io.WriteString(w, "by proxy")
		return
	}
	if p.codes != 0 {
		w.WriteHeader(p.codes)
		return
	}
	app, err := net.Dial("tcp", p.to)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() { _, _ = io.Copy(app, c); _ = app.Close() }()
	_, _ = io.Copy(c, app)
	_ = c.Close()
}

// throughProxy is a rig whose environment names a proxy for everything.
func throughProxy(t *testing.T, target string, p *url.URL) *rig {
	return newRig(t, target, func(o *Options) {
		o.Via, o.Insecure = func(*url.URL) (*url.URL, error) { return p, nil }, true
	})
}

const basic = "Basic bWU6d29yZA=="

func TestAProxyOfTheEnvironmentIsUsed(t *testing.T) {
	p := newForwardProxy(t, "")
	r := throughProxy(t, "http://app.test:8080/a", p.url)
	for range 2 { // the second one on the idle connection
		resp, body := r.post("/", "{}")
		if want := "POST http://app.test:8080/a " + basic; <-p.seen != want || body != "by proxy" || resp.StatusCode != http.StatusOK {
			t.Errorf("answered %d %s", resp.StatusCode, body)
		}
		if a := r.store.attempt(t); a.Target != "http://app.test:8080/a" || a.Waited != 0 {
			t.Errorf("recorded %+v", a)
		}
	}
}

func TestAnHTTPSAppIsReachedThroughATunnel(t *testing.T) {
	p := newForwardProxy(t, strings.TrimPrefix(newTLSApp(t), "https://"))
	r := throughProxy(t, "https://app.test/a", p.url)
	if resp, body := r.post("/", "{}"); <-p.seen != "CONNECT app.test:443 "+basic || body != "secure" {
		t.Errorf("answered %d %s", resp.StatusCode, body)
	}
}

func TestASOCKSProxy(t *testing.T) {
	addr, heads, _ := recordingApp(t)
	asked := make(chan string, 1)
	socks := rawApp(t, func(c net.Conn, _ int) {
		b := make([]byte, 256)
		_, _ = io.ReadFull(c, b[:3])
		_, _ = c.Write([]byte{5, 0})
		_, _ = io.ReadFull(c, b[:5])
		name := b[5 : 5+b[4]+2]
		_, _ = io.ReadFull(c, name)
		asked <- string(name[:len(name)-2])
		_, _ = c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		app, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		defer app.Close()
		go func() { _, _ = io.Copy(c, app) }()
		_, _ = io.Copy(app, c)
	})
	r := throughProxy(t, "http://app.test/a", &url.URL{Scheme: "socks5", Host: socks})
	if resp, body := r.post("/", "{}"); resp.StatusCode != http.StatusOK || <-asked != "app.test" {
		t.Errorf("answered %d %s", resp.StatusCode, body)
	}
	if head := <-heads; !strings.HasPrefix(head, "POST /a HTTP/1.1\r\nHost: app.test\r\n") {
		t.Errorf("the app got %q", head)
	}
}

func TestLoopbackIsNeverReachedThroughAProxy(t *testing.T) {
	p := newForwardProxy(t, "")
	addr, heads, _ := recordingApp(t)
	_, port, _ := net.SplitHostPort(addr)
	for _, target := range []string{addr, "localhost.:" + port, "tenant1.localhost:" + port} {
		r := throughProxy(t, target, p.url)
		if resp, body := r.post("/", "{}"); resp.StatusCode != http.StatusOK || len(heads) != 1 || len(p.seen) != 0 {
			t.Errorf("%s: answered %d %s", target, resp.StatusCode, body)
		}
		<-heads
	}
}

func TestAProxyThatFailsIsNamed(t *testing.T) {
	gone := listen(t)
	_ = gone.Close()
	denying := newForwardProxy(t, "")
	denying.codes = http.StatusProxyAuthRequired
	tests := []struct {
		name, target string
		proxy        *url.URL
		want         string
	}{
		{"it is away", "http://app.test", &url.URL{Scheme: "http", Host: gone.Addr().String()}, "through the proxy " + gone.Addr().String() + ": connection refused"},
		{"it denies", "https://app.test", denying.url, "through the proxy " + denying.url.Host + ": it answered 407 Proxy Authentication Required to CONNECT"},
		{"it is unknown", "http://app.test", &url.URL{Scheme: "ftp", Host: "proxy.test"}, "through the proxy proxy.test:80: its scheme is ftp"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, body := throughProxy(t, tt.target, tt.proxy).post("/", "{}")
			r := rig{t: t}
			if m := r.message(body); !strings.Contains(m.Reason, tt.want) || !strings.Contains(m.Next, "HTTP_PROXY") || strings.Contains(body, "word") {
				t.Errorf("answered %s", body)
			}
		})
	}
}
