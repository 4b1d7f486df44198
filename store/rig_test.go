package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter/jq"
)

// childEnv has the test binary be a second process, see child_test.go.
const childEnv = "STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if jq.Asked(os.Args[1:]) {
		os.Exit(jq.Serve(os.Stdin, os.Stdout))
	}
	if os.Getenv(childEnv) != "" {
		if err := writeForEver(os.Args[len(os.Args)-1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

var background = context.Background()

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "data", "store.db") }

func mustOpen(t testing.TB, path string, o Options) *Store {
	t.Helper()
	s, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return s
}

func newStore(t testing.TB) *Store { return mustOpen(t, newPath(t), Options{}) }

// reopen closes a store and opens it again.
func reopen(t testing.TB, s *Store, path string, o Options) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return mustOpen(t, path, o)
}

// newEvent is an event as the proxy makes one, without an answer.
func newEvent(webhookID string) *webhook.Event {
	now := time.Now().UTC().Round(0)
	body := `{"type":"ContactCreate","webhookId":"` + webhookID + `","email":"jane@example.com"}`
	return &webhook.Event{
		WebhookID: webhookID, Type: "ContactCreate",
		SentAt: now.Add(-time.Second), ReceivedAt: now,
		Method: http.MethodPost, Path: "/webhooks", Host: "example.com", RemoteAddr: "127.0.0.1:1",
		Header: http.Header{"Content-Type": {"application/json"}, "X-Wh-Signature": {"QUJD"}},
		Body:   []byte(body), BodySize: int64(len(body)),
		Source:  webhook.SourceTunnel,
		Verdict: webhook.Verdict{Status: webhook.Valid, Scheme: "rsa", Key: "taskee", Age: time.Second},
	}
}

// rejected is an event that was turned away because it is unsigned.
func rejected(webhookID string) *webhook.Event {
	e := newEvent(webhookID)
	e.Verdict = webhook.Verdict{Status: webhook.Unsigned, Reason: "no signature header"}
	e.Decision = webhook.RejectedUnsigned
	e.Answer = webhook.Answer{Status: 401, By: webhook.ByTaskhook, Reason: "unsigned", At: e.ReceivedAt}
	return e
}

// decided is an event with a decision, with the answer that belongs to it; one
// that was let through has none yet.
func decided(webhookID string, d webhook.Decision) *webhook.Event {
	e := newEvent(webhookID)
	e.Decision = d
	switch {
	case d.Rejected():
		e.Answer = webhook.Answer{Status: 401, By: webhook.ByTaskhook, Reason: string(d), At: e.ReceivedAt}
	case d == webhook.Ignored:
		e.Answer = webhook.Answer{Status: 200, By: webhook.ByTaskhook, Reason: string(d), At: e.ReceivedAt}
	}
	return e
}

func mustPut(t testing.TB, s *Store, e *webhook.Event) webhook.ID {
	t.Helper()
	if err := s.PutEvent(background, e); err != nil {
		t.Fatalf("PutEvent: %v", err)
	}
	return e.ID
}

// byApp is an answer of the app; a 429 has a retry 10 minutes later.
func byApp(status int) webhook.Answer {
	a := webhook.Answer{Status: status, By: webhook.ByApp, At: time.Now().UTC().Round(0)}
	if status == 429 {
		a.RetryAt = a.At.Add(10 * time.Minute)
	}
	return a
}

// answered stores an event with the attempt that answered it.
func answered(t testing.TB, s *Store, e *webhook.Event, status int) webhook.ID {
	t.Helper()
	return answeredWith(t, s, e, byApp(status))
}

func answeredWith(t testing.TB, s *Store, e *webhook.Event, answer webhook.Answer) webhook.ID {
	t.Helper()
	id := mustPut(t, s, e)
	a := received(id, answer.Status)
	if err := s.PutAttempt(background, &a, &answer); err != nil {
		t.Fatalf("PutAttempt: %v", err)
	}
	return id
}

func received(id webhook.ID, status int) webhook.Attempt {
	return webhook.Attempt{
		EventID: id, Number: 1, Trigger: webhook.TriggerReceived, Target: "http://127.0.0.1:3000/webhooks",
		StartedAt: time.Now().UTC().Round(0), Duration: 3 * time.Millisecond, StatusCode: status, Answered: status,
		Header: http.Header{"Content-Type": {"text/plain"}}, Body: []byte("ok"), BodySize: 2,
	}
}

func resent(id webhook.ID, status int) webhook.Attempt {
	a := received(id, status)
	a.Trigger, a.Answered = webhook.TriggerResend, 0
	return a
}

func mustTry(t testing.TB, s *Store, a webhook.Attempt) webhook.Attempt {
	t.Helper()
	if err := s.PutAttempt(background, &a, nil); err != nil {
		t.Fatalf("PutAttempt: %v", err)
	}
	return a
}

func summary(t testing.TB, s *Store, id webhook.ID) webhook.Summary {
	t.Helper()
	sum, err := s.Summary(background, id)
	if err != nil {
		t.Fatalf("Summary %s: %v", id, err)
	}
	return sum
}

func state(t testing.TB, s *Store, id webhook.ID) webhook.State {
	t.Helper()
	return summary(t, s, id).State(time.Now())
}

// list reads all pages of a query.
func list(t testing.TB, s *Store, q webhook.Query) []webhook.Summary {
	t.Helper()
	var all []webhook.Summary
	for {
		p, err := webhook.ReadPage(background, s, q)
		if err != nil {
			t.Fatalf("Page: %v", err)
		}
		all = append(all, p.Events...)
		if q.Cursor = p.Next; q.Cursor == 0 {
			return all
		}
	}
}

func ids(all []webhook.Summary) []webhook.ID {
	out := []webhook.ID{}
	for _, e := range all {
		out = append(out, e.ID)
	}
	return out
}

// damage changes one byte of a value in the file of a closed store.
func damage(t testing.TB, path string, b bucket, key []byte) {
	t.Helper()
	withBucket(t, path, b, func(in *bbolt.Bucket) error {
		v := bytes.Clone(in.Get(key))
		if len(v) == 0 {
			return fmt.Errorf("nothing to damage in %s", bucketNames[b])
		}
		v[len(v)/2] ^= 0x10
		return in.Put(key, v)
	})
}

// withBucket changes a bucket of a store that is not open.
func withBucket(t testing.TB, path string, b bucket, change func(*bbolt.Bucket) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { return change(tx.Bucket([]byte(bucketNames[b]))) })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// cleaned waits until the janitor has nothing more to do.
func cleaned(t testing.TB, s *Store) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; runtime.Gosched() {
		due := true
		err := s.view(background, func(txn *txn) error {
			c, err := txn.readCounters()
			due = s.quotas.full(&c)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if !due {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the janitor does not come to an end")
		}
	}
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

func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }
