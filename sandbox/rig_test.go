package sandbox

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/taskhook/taskhook/taskee"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ed25519Signer signs with a key for tests, which is fast.
func ed25519Signer() taskee.Signer {
	return taskee.Signer{Ed25519: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))}
}

// rig is a sandbox with a token for everything.
type rig struct {
	t        testing.TB
	s        *Sandbox
	path     string
	location string
	token    string
	id       string // of the token
}

func newRig(t testing.TB, change ...func(*Options)) *rig {
	t.Helper()
	r := &rig{t: t, path: filepath.Join(t.TempDir(), "sandbox.db")}
	r.open(change...)
	made, text, err := r.s.CreateToken(t.Context(), TokenRequest{Name: new("test"), LocationID: r.location, Scopes: taskee.Scopes()})
	if err != nil {
		t.Fatal(err)
	}
	r.token, r.id = text, made.ID
	return r
}

// open opens the rig's file; a second time as a process that comes after.
func (r *rig) open(change ...func(*Options)) {
	r.t.Helper()
	o := Options{Signer: ed25519Signer(), Scheme: taskee.SchemeEd25519, Seed: 1}
	for _, c := range change {
		c(&o)
	}
	var err error
	if r.s, err = Open(r.t.Context(), r.path, o); err != nil {
		r.t.Fatal(err)
	}
	s := r.s
	r.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			r.t.Error(err)
		}
	})
	if r.location, err = r.s.StartLocation(); err != nil {
		r.t.Fatal(err)
	}
}

// request makes a request as a client does; header is "Name: value" lines that
// replace the usual ones, "Name:" leaves one out.
func (r *rig) request(method, path, body string, header ...string) *http.Request {
	req := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+r.token)
	req.Header.Set("Version", taskee.APIVersion)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ":")
		req.Header.Del(name)
		if value = strings.TrimSpace(value); value != "" {
			req.Header.Set(name, value)
		}
	}
	return req
}

// call makes a request and returns the answer.
func (r *rig) call(method, path, body string, header ...string) (*http.Response, string) {
	w := httptest.NewRecorder()
	r.s.Handler(HandlerOptions{Secret: "secret"}).ServeHTTP(w, r.request(method, path, body, header...))
	return w.Result(), w.Body.String()
}

// must makes a request that has to succeed, and decodes the answer.
func (r *rig) must(method, path, body string, into any) {
	r.t.Helper()
	resp, text := r.call(method, path, body)
	if resp.StatusCode != http.StatusOK {
		r.t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, text)
	}
	if into != nil {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			r.t.Fatalf("%s: %v", text, err)
		}
	}
}

type answeredContact struct {
	Contact struct {
		ID, LocationID, FirstName, LastName, Email, Phone, BusinessID string
		Tags                                                          []string
		DateAdded, DateUpdated                                        time.Time
	}
	New bool
}

// create makes a contact and returns its ID.
func (r *rig) create(fields string) string {
	r.t.Helper()
	var out answeredContact
	r.must("POST", "/contacts/", fmt.Sprintf(`{"locationId":%q,%s}`, r.location, fields), &out)
	return out.Contact.ID
}

// receiver is an app that records what it receives and answers one status after the
// other, the last for ever; 0: it hangs until the sender leaves.
type receiver struct {
	mu       sync.Mutex
	statuses []int
	got      []received
	arrived  chan struct{}
}

type received struct {
	header http.Header
	body   string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	status := r.statuses[min(len(r.got), len(r.statuses)-1)]
	r.got = append(r.got, received{req.Header.Clone(), string(body)})
	r.mu.Unlock()
	r.arrived <- struct{}{}
	if status == 0 {
		<-req.Context().Done()
		return
	}
	w.WriteHeader(status)
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received{}, r.got...)
}

// receiving starts a receiver, and returns it with its URL.
func receiving(t testing.TB, statuses ...int) (*receiver, string) {
	t.Helper()
	r := &receiver{statuses: statuses, arrived: make(chan struct{}, 10_000)}
	srv := httptest.NewServer(r)
	t.Cleanup(srv.Close)
	return r, srv.URL
}

// running delivers until the test ends or stop is called.
func (r *rig) running() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	s := r.s
	go func() { done <- s.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				r.t.Error(err)
			}
		})
	}
	r.t.Cleanup(stop)
	return stop
}

// finished waits until the log has n webhooks with a final state.
func (r *rig) finished(n int) LogPage {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	changed := r.s.WatchLog(ctx)
	for {
		page, err := r.s.Log(LogQuery{Limit: 1000})
		if err != nil {
			r.t.Fatal(err)
		}
		if page.Rates.Delivered+page.Rates.Failed+page.Rates.Unsent >= n {
			return page
		}
		<-changed
		if ctx.Err() != nil {
			r.t.Fatalf("of %d webhooks these are finished: %+v", n, page.Rates)
		}
	}
}

// document is the platform's own.
func document(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "reference", "taskee-portal-api.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

// rsaKey is one of the test keys.
func rsaKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "keys", "test-rsa4096-b.private.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.(*rsa.PrivateKey)
}
