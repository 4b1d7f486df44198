package fakengrok

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.ngrok.com/muxado/v2"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func startEdge(t *testing.T) *Edge {
	t.Helper()
	e, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// agent speaks the protocol as the SDK does, without its retries.
type agent struct {
	t   *testing.T
	mux muxado.TypedStreamSession
}

func connect(t *testing.T, e *Edge) agent {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(e.CA()) {
		t.Fatal("the authority is not PEM")
	}
	c, err := tls.Dial("tcp", e.Addr(), &tls.Config{RootCAs: pool})
	if err != nil {
		t.Fatal(err)
	}
	mux := muxado.NewTypedStreamSession(muxado.Client(c, &muxado.Config{}))
	t.Cleanup(func() { _ = mux.Close() })
	return agent{t, mux}
}

// ask sends a request and reads its answer.
func (a agent) ask(kind muxado.StreamType, request, answer any) {
	a.t.Helper()
	stream, err := a.mux.OpenTypedStream(kind)
	if err != nil {
		a.t.Fatal(err)
	}
	defer stream.Close()
	if err := json.NewEncoder(stream).Encode(request); err != nil {
		a.t.Fatal(err)
	}
	if err := json.NewDecoder(stream).Decode(answer); err != nil {
		a.t.Fatal(err)
	}
}

func (a agent) auth(token, clientID string) (r authAnswer) {
	a.t.Helper()
	var q Auth
	q.ClientID, q.Extra.Authtoken = clientID, token
	a.ask(streamAuth, q, &r)
	return r
}

func (a agent) bind(address string) (r bindAnswer) {
	a.t.Helper()
	b := Bind{Proto: "https"}
	b.Opts.URL = address
	a.ask(streamBind, b, &r)
	return r
}

func get(t *testing.T, client *http.Client, address string) (status int, code, body string) {
	t.Helper()
	resp, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Ngrok-Error-Code"), string(got)
}

func TestSessionsAreRefusedAsTold(t *testing.T) {
	e := startEdge(t)
	a := connect(t, e)
	if r := a.auth("", ""); !strings.Contains(r.Error, "ERR_NGROK_4018") {
		t.Errorf("no authtoken: %+v", r)
	}
	e.RequireToken("right")
	if r := a.auth("wrong", ""); !strings.Contains(r.Error, "ERR_NGROK_107") || !strings.Contains(r.Error, "wrong") {
		t.Errorf("wrong authtoken: %+v", r)
	}
	e.RefuseSessions("ERR_NGROK_108", "Too many.")
	if r := a.auth("right", ""); r.Error != "Too many.\r\n\r\nERR_NGROK_108\r\n" {
		t.Errorf("limit: %+v", r)
	}
	if n := e.Sessions(); n != 0 {
		t.Errorf("%d sessions", n)
	}
	e.RefuseSessions("", "")
	if r := a.auth("right", ""); r.Error != "" || r.ClientID == "" || e.Sessions() != 1 {
		t.Errorf("right: %+v, %d sessions", r, e.Sessions())
	}
	if n := len(e.Auths()); n != 4 {
		t.Errorf("%d requests are remembered", n)
	}
}

func TestANameIsOnlineOnceUnlessItsOwnerReturns(t *testing.T) {
	e := startEdge(t)
	first, other, again := connect(t, e), connect(t, e), connect(t, e)
	id := first.auth("t", "").ClientID
	other.auth("t", "")
	again.auth("t", id)
	if r := first.bind("https://a.example"); r.Error != "" || r.URL != "https://a.example" || r.ID == "" {
		t.Errorf("first: %+v", r)
	}
	if r := other.bind("https://a.example"); !strings.Contains(r.Error, "ERR_NGROK_334") {
		t.Errorf("other: %+v", r)
	}
	if r := again.bind("https://a.example"); r.Error != "" {
		t.Errorf("the owner: %+v", r)
	}
	e.Withdraw("b.example")
	if r := other.bind("https://b.example"); !strings.Contains(r.Error, "ERR_NGROK_320") {
		t.Errorf("withdrawn: %+v", r)
	}
	e.Release("b.example")
	if r := other.bind("https://b.example"); r.Error != "" {
		t.Errorf("released: %+v", r)
	}
	e.RefuseEndpoints("ERR_NGROK_324", "Too many.")
	if r := other.bind(""); !strings.Contains(r.Error, "ERR_NGROK_324") {
		t.Errorf("limit: %+v", r)
	}
	if n := len(e.Binds()); n != 6 {
		t.Errorf("%d requests are remembered", n)
	}
}

func TestThePublicReachesTheAgentOrReadsThatItIsOffline(t *testing.T) {
	e := startEdge(t)
	a := connect(t, e)
	a.auth("t", "")
	granted := a.bind("")
	if !strings.HasPrefix(granted.URL, "http://127.0.0.1:") {
		t.Fatalf("granted %+v", granted)
	}
	go func() { // ends with the session
		for {
			stream, err := a.mux.AcceptTypedStream()
			if err != nil {
				return
			}
			a.answer(stream, granted.ID)
		}
	}()
	plain := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if status, _, body := get(t, plain, granted.URL); status != http.StatusOK || body != "hello" {
		t.Errorf("answered %d %q", status, body)
	}
	client := e.Client()
	defer client.CloseIdleConnections()
	if status, code, _ := get(t, client, "https://nobody.example/x"); status != http.StatusNotFound || code != "ERR_NGROK_3200" {
		t.Errorf("offline: %d %s", status, code)
	}
	e.Drop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); e.Online(strings.TrimPrefix(granted.URL, "http://")); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("a dropped agent stays online")
		}
	}
	if status, code, _ := get(t, plain, granted.URL); status != http.StatusNotFound || code != "ERR_NGROK_3200" {
		t.Errorf("dropped: %d %s", status, code)
	}
}

// answer reads one public connection and says hello on it.
func (a agent) answer(stream muxado.TypedStream, wantID string) {
	defer stream.Close()
	var size int64
	if err := binary.Read(stream, binary.LittleEndian, &size); err != nil {
		a.t.Error(err)
		return
	}
	var head proxyHeader
	if err := json.NewDecoder(io.LimitReader(stream, size)).Decode(&head); err != nil || head.ID != wantID || !strings.HasPrefix(head.ClientAddr, Visitor) {
		a.t.Errorf("header is %+v, %v", head, err)
	}
	buf := make([]byte, 4096)
	var request strings.Builder
	for !strings.Contains(request.String(), "\r\n\r\n") {
		n, err := stream.Read(buf)
		if err != nil {
			a.t.Error(err)
			return
		}
		request.Write(buf[:n])
	}
	_, _ = io.WriteString(stream, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
}

func TestAPausedEdgeRefusesAndResumesAtTheSameAddress(t *testing.T) {
	e := startEdge(t)
	address := e.Addr()
	e.Pause()
	if c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}); err == nil {
		_ = c.Close()
		t.Error("a paused edge accepts")
	}
	if err := e.Resume(); err != nil {
		t.Fatal(err)
	}
	if e.Addr() != address {
		t.Errorf("resumed at %s, not %s", e.Addr(), address)
	}
	if r := connect(t, e).auth("t", ""); r.Error != "" {
		t.Errorf("answered %+v", r)
	}
}
