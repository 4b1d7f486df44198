package cli

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"

	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/verify"
	"github.com/taskhook/taskhook/webhook"
)

// sampleApp is the guide's example receiver: it verifies the signature, drops
// duplicates by webhookId and answers at once. Now and then it is out of
// order on purpose, so that the demo has something to show.
type sampleApp struct {
	verifier *verify.Verifier

	mu        sync.Mutex
	processed map[string]bool
	received  int
}

func newSampleApp(keys []verify.Key) *sampleApp {
	return &sampleApp{verifier: verify.New(keys, nil), processed: map[string]bool{}}
}

func (s *sampleApp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 5<<20))
	if err != nil {
		reply(w, http.StatusBadRequest, map[string]any{"error": "unreadable body"})
		return
	}
	if v := s.verifier.Verify(r.Header, body); v.Status != webhook.Valid {
		reply(w, http.StatusUnauthorized, map[string]any{"error": "Invalid signature"})
		return
	}
	status, answer := s.receive(taskee.Parse(body).WebhookID)
	reply(w, status, answer)
}

// receive decides what becomes of an event: of every seven new ones the third
// is answered 429 and the fifth 500, and neither is marked as processed.
func (s *sampleApp) receive(webhookID string) (status int, answer map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.processed[webhookID] {
		return http.StatusOK, map[string]any{"message": "Already processed"}
	}
	s.received++
	switch s.received % 7 {
	case 3:
		return http.StatusTooManyRequests, map[string]any{"error": "rate limit"}
	case 5:
		return http.StatusInternalServerError, map[string]any{"error": "database is down"}
	}
	s.processed[webhookID] = true
	return http.StatusOK, map[string]any{"success": true}
}

func reply(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
