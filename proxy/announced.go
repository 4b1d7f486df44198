package proxy

import (
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// maxAnnounced bounds the announcements whose events have not come.
const maxAnnounced = 4096

// announced knows what senders on this machine told of events that they are
// about to send. The zero value is ready.
type announced struct {
	waiting atomic.Int32 // how many there are: most listeners never have one
	mu      sync.Mutex
	events  map[[sha256.Size]byte]time.Duration // RetryIn by the hash of the body
}

func (a *announced) add(n webhook.Announcement) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.events == nil {
		a.events = make(map[[sha256.Size]byte]time.Duration)
	}
	if len(a.events) >= maxAnnounced {
		for lost := range a.events { // its sender did not get through
			delete(a.events, lost)
			break
		}
	}
	a.events[n.Sum] = n.RetryIn
	a.waiting.Store(int32(len(a.events)))
}

// take returns what was announced of an event, once.
func (a *announced) take(body []byte) (retryIn time.Duration, found bool) {
	if a.waiting.Load() == 0 {
		return 0, false
	}
	sum := sha256.Sum256(body)
	a.mu.Lock()
	defer a.mu.Unlock()
	if retryIn, found = a.events[sum]; found {
		delete(a.events, sum)
		a.waiting.Store(int32(len(a.events)))
	}
	return retryIn, found
}

// Announce tells of an event that a sender on this machine is about to send:
// when it will send it again is the sender's own rule, not the platform's.
func (p *Proxy) Announce(n webhook.Announcement) { p.announced.add(n) }

// nextRetry is when the sender of an event is expected to send it again after an
// answer; zero: never. It is called for whatever is answered: an announcement
// that stayed behind would have the body of every event hashed from then on.
func (p *Proxy) nextRetry(e *webhook.Event, answer webhook.Answer) time.Time {
	retryIn, found := p.announced.take(e.Body)
	next := p.policy.Next(e.Try, answer.Status, answer.At)
	switch {
	case e.Decision != webhook.DecisionNone, answer.SenderGone, answer.BrokenOff, next.IsZero(), found && retryIn == webhook.NoRetry:
		return time.Time{}
	case found:
		return answer.At.Add(retryIn)
	}
	return next
}
