package proxy

import (
	"net/http"
	"path/filepath"
	"sync"
	"testing"

	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/webhook"
)

// realRig is a rig on the real store in a directory of the test.
func realRig(t *testing.T, target string, change ...func(*Options)) (*rig, *store.Store) {
	t.Helper()
	st, err := store.Open(filepath.Join(t.TempDir(), "events.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return newRig(t, target, append(change, func(o *Options) { o.Store = st })...), st
}

// script is an app that answers one status after the other, and the last of
// them for ever.
type script struct {
	mu       sync.Mutex
	statuses []int
	header   http.Header // of every answer
	calls    []string    // the webhookId header or body of each call
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := make([]byte, r.ContentLength)
	_, _ = r.Body.Read(body)
	s.mu.Lock()
	defer s.mu.Unlock()
	status := s.statuses[min(len(s.calls), len(s.statuses)-1)]
	s.calls = append(s.calls, string(body))
	for name, values := range s.header {
		w.Header()[name] = values
	}
	w.WriteHeader(status)
}

func (s *script) called() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.calls...)
}

// put stores an event with an answer, as if it had been received.
func put(t *testing.T, st *store.Store, body string, answer webhook.Answer, change ...func(*webhook.Event)) webhook.ID {
	t.Helper()
	e := webhook.Event{
		Method: "POST", Path: "/hook", Header: http.Header{"Content-Type": {"application/json"}},
		Body: []byte(body), BodySize: int64(len(body)), Source: webhook.SourceTunnel,
		Verdict: webhook.Verdict{Status: webhook.Valid, Key: "taskee"}, Answer: answer,
	}
	inspectBody(&e)
	for _, c := range change {
		c(&e)
	}
	if err := st.PutEvent(t.Context(), &e); err != nil {
		t.Fatal(err)
	}
	return e.ID
}

// inspectBody fills in what the body says, and when it came.
func inspectBody(e *webhook.Event) {
	new(Proxy).inspect(e, nil)
	e.ReceivedAt = e.SentAt
}
