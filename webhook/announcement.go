package webhook

import (
	"crypto/sha256"
	"time"
)

// Announcement tells a listener of an event before it is sent to it: what plays
// the platform on this machine has its own rule for sending again.
type Announcement struct {
	Sum [sha256.Size]byte `json:"sum"` // SHA-256 of the body
	// RetryIn is how long after an answer of 429 the event is sent again, or
	// NoRetry.
	RetryIn time.Duration `json:"retryIn"`
}

// NoRetry is the RetryIn of an event that is sent once.
const NoRetry time.Duration = -1
