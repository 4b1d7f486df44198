package proxy

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

func TestMain(m *testing.M) {
	// net/http lingers half a second on a connection whose request it refused.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// memStore is a Store in memory. Attempts that are queued appear on queued.
type memStore struct {
	mu       sync.Mutex
	fail     error // what PutEvent returns
	events   []webhook.Event
	attempts []webhook.Attempt
	answers  map[webhook.ID]webhook.Answer
	queued   chan webhook.Attempt
	put      chan webhook.Attempt // those of PutAttempt
	onQueue  func()               // called before an attempt is queued
}

func newMemStore() *memStore {
	return &memStore{answers: map[webhook.ID]webhook.Answer{}, queued: make(chan webhook.Attempt, 1000), put: make(chan webhook.Attempt, 1000)}
}

func (s *memStore) PutEvent(_ context.Context, e *webhook.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	e.ID, e.Try = webhook.ID(len(s.events)+1), 1
	s.events = append(s.events, *e)
	s.answers[e.ID] = e.Answer
	return nil
}

func (s *memStore) PutAttempt(_ context.Context, a *webhook.Attempt, _ *webhook.Answer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts = append(s.attempts, *a)
	s.put <- *a
	a.Seq, a.Delivery = uint64(len(s.attempts)), 2
	return nil
}

func (s *memStore) QueueAttempt(a webhook.Attempt, answer webhook.Answer) {
	if s.onQueue != nil {
		s.onQueue()
	}
	s.mu.Lock()
	s.attempts = append(s.attempts, a)
	s.answers[a.EventID] = answer
	s.mu.Unlock()
	s.queued <- a
}

func (s *memStore) PutAnswer(_ context.Context, id webhook.ID, answer webhook.Answer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[id] = answer
	return nil
}

func (s *memStore) Event(_ context.Context, id webhook.ID) (webhook.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id == 0 || int(id) > len(s.events) {
		return webhook.Event{}, webhook.ErrNotFound
	}
	e := s.events[id-1]
	e.Answer = s.answers[id]
	return e, nil
}

func (s *memStore) Summary(ctx context.Context, id webhook.ID) (webhook.Summary, error) {
	e, err := s.Event(ctx, id)
	if err != nil {
		return webhook.Summary{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := webhook.Summary{Event: e, Outcome: webhook.Outcome{Answer: e.Answer, Decision: e.Decision}}
	for _, a := range s.attempts {
		if a.EventID == id && a.Trigger != webhook.TriggerReceived && webhook.Delivered(a.StatusCode) && a.Carries(e.Body) {
			sum.Outcome.DeliveredLater = true
		}
	}
	return sum, nil
}

func (s *memStore) Attempts(_ context.Context, id webhook.ID) ([]webhook.Attempt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []webhook.Attempt
	for _, a := range s.attempts {
		if a.EventID == id {
			all = append(all, a)
		}
	}
	return all, nil
}

// Read is for batches, whose tests use the real store: see realRig.
func (s *memStore) Read(context.Context, webhook.Query) iter.Seq2[webhook.Chunk, error] {
	return func(yield func(webhook.Chunk, error) bool) { yield(webhook.Chunk{}, errors.ErrUnsupported) }
}

func (s *memStore) setFail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func (s *memStore) count() (events, attempts int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.events), len(s.attempts)
}

// answer is what the sender of an event was told, as it is stored.
func (s *memStore) answer(id webhook.ID) webhook.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers[id]
}

// event is a stored event; the test ends without it.
func (s *memStore) event(t *testing.T, id webhook.ID) webhook.Event {
	t.Helper()
	e, err := s.Event(t.Context(), id)
	if err != nil {
		t.Fatalf("event %s is not stored", id)
	}
	return e
}

// attempt waits for the next queued attempt.
func (s *memStore) attempt(t *testing.T) webhook.Attempt {
	t.Helper()
	select {
	case a := <-s.queued:
		return a
	case <-time.After(10 * time.Second):
		t.Fatal("no attempt was recorded")
	}
	return webhook.Attempt{}
}

// verdict is a Verifier that always finds the same.
type verdict webhook.Verdict

func (v verdict) Verify(http.Header, []byte) webhook.Verdict { return webhook.Verdict(v) }

var valid = verdict{Status: webhook.Valid, Scheme: "rsa", Key: "taskee"}

// rig is a proxy with an ingress on a real socket.
type rig struct {
	t      *testing.T
	proxy  *Proxy
	store  *memStore
	log    *lockedBuffer
	addr   string // of the ingress
	source webhook.Source
	client *http.Client
}

// lockedBuffer is a log that a test may read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newRig starts an ingress in front of a target, with every signature valid.
func newRig(t *testing.T, target string, change ...func(*Options)) *rig {
	t.Helper()
	return newRigWith(t, target, valid, change...)
}

func newRigWith(t *testing.T, target string, v Verifier, change ...func(*Options)) *rig {
	t.Helper()
	r := &rig{t: t, store: newMemStore(), log: &lockedBuffer{}, source: webhook.SourceLocal}
	o := Options{Store: r.store, Logger: slog.New(slog.NewTextHandler(r.log, nil))}
	if target != "" {
		at, err := httpwire.ParseTarget(target)
		if err != nil {
			t.Fatal(err)
		}
		o.Targets = []httpwire.Target{at}
	}
	for _, c := range change {
		c(&o)
	}
	r.proxy = New(o)
	r.addr = r.ingress(r.source, v)
	r.client = &http.Client{Transport: &http.Transport{DisableCompression: true}, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	t.Cleanup(r.client.CloseIdleConnections)
	return r
}

// ingress serves the proxy until the test ends.
func (r *rig) ingress(source webhook.Source, v Verifier) string {
	r.t.Helper()
	ln := listen(r.t)
	srv := r.proxy.Serve(ln, source, v, nil)
	r.t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // what a test leaves in progress is cut
		_ = srv.http.Close()
		_ = r.proxy.Close(ctx)
		srv.Close()
	})
	return ln.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// post sends a JSON event and returns the answer with its body read.
func (r *rig) post(path, body string) (*http.Response, string) {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodPost, "http://"+r.addr+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return r.do(req)
}

func (r *rig) do(req *http.Request) (*http.Response, string) {
	r.t.Helper()
	resp, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatalf("read the answer: %v", err)
	}
	return resp, string(body)
}

// message decodes an answer of Taskhook itself.
func (r *rig) message(body string) message {
	r.t.Helper()
	var m message
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		r.t.Fatalf("the answer is not JSON: %q", body)
	}
	if m.Error == "" || m.Next == "" && m.Verdict == "" {
		r.t.Errorf("the answer %s lacks what is wrong or what to do", body)
	}
	return m
}

// raw sends exact bytes to the ingress and returns the connection.
func (r *rig) raw(request string) net.Conn {
	r.t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(c, request); err != nil {
		r.t.Fatal(err)
	}
	return c
}

// rawAnswer reads one answer from a connection.
func rawAnswer(t *testing.T, c net.Conn) (*http.Response, string) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("read the answer's body: %v", err)
	}
	return resp, string(body)
}

// app is an HTTP app; it returns its address.
func app(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

// newTLSApp is an https app with a certificate that nobody trusts; it returns
// its URL.
func newTLSApp(t *testing.T) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "secure")
	}))
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.URL
}

// rawApp answers connections with a function that gets each connection and
// its number, from 1, and owns it until it returns.
func rawApp(t *testing.T, serve func(c net.Conn, n int)) string {
	t.Helper()
	ln := listen(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 1; ; n++ {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				serve(c, n)
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		wg.Wait()
	})
	return ln.Addr().String()
}

// readRequest reads one whole request from a connection, as bytes.
func readRequest(br *bufio.Reader) (head, body string, err error) {
	var b strings.Builder
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return b.String(), "", err
		}
		b.WriteString(line)
		if line == "\r\n" {
			break
		}
	}
	req, err := http.ReadRequest(bufio.NewReader(io.MultiReader(strings.NewReader(b.String()), br)))
	if err != nil {
		return b.String(), "", err
	}
	rest, err := io.ReadAll(req.Body)
	return b.String(), string(rest), err
}

// answering is a raw app that answers every request with the same bytes and
// then closes the connection.
func answering(t *testing.T, answer string) string {
	t.Helper()
	return rawApp(t, func(c net.Conn, _ int) {
		if _, _, err := readRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.WriteString(c, answer)
		}
	})
}

var errDiskFull = fmt.Errorf("write secret-place/events.db: %w", syscall.ENOSPC)
