package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"

	"github.com/taskhook/taskhook/jsjson"
)

// Fault is something that goes wrong on the platform's side. Its zero value is
// none.
type Fault struct {
	// Kind is "fields": webhooks lack some of their fields; "unsigned": their
	// signature is N/A; "api": the API answers Status; "token": the tokens in
	// use are taken for expired.
	Kind   string  `json:"kind"`
	Rate   float64 `json:"rate"`             // share that it happens to, above 0 and up to 1
	Status int     `json:"status,omitempty"` // of "api": 429 or 5xx
	After  int     `json:"after,omitempty"`  // of "token": so many requests are still let through
	Seed   uint64  `json:"seed"`
	Done   int     `json:"done"` // how often it happened
}

// ErrFault is returned for a fault that cannot be meant.
var ErrFault = errors.New("invalid fault")

// Validate returns an ErrFault that says what is wrong.
func (f Fault) Validate() error {
	switch {
	case !slices.Contains([]string{"fields", "unsigned", "api", "token"}, f.Kind):
		return fmt.Errorf("%w: %q is none of fields, unsigned, api, token", ErrFault, f.Kind)
	case !(f.Rate > 0 && f.Rate <= 1):
		return fmt.Errorf("%w: its rate must be above 0%% and up to 100%%", ErrFault)
	case f.Kind == "api" && f.Status != http.StatusTooManyRequests && (f.Status < 500 || f.Status > 599):
		return fmt.Errorf("%w: the API fails with 429 or 5xx, not with %d", ErrFault, f.Status)
	case f.After < 0:
		return fmt.Errorf("%w: a token cannot end after %d requests", ErrFault, f.After)
	}
	return nil
}

// String says what it does.
func (f Fault) String() string {
	share := fmt.Sprintf("%g %% of ", f.Rate*100)
	if f.Rate == 1 {
		share = "all "
	}
	switch f.Kind {
	case "fields":
		return share + "webhooks lack fields"
	case "unsigned":
		return share + "webhooks have N/A as their signature"
	case "api":
		return fmt.Sprintf("the API answers %d to %srequests", f.Status, share)
	}
	return fmt.Sprintf("tokens are taken for expired after %d requests", f.After)
}

// faults are those that are on, one of a kind.
type faults struct {
	mu     sync.Mutex
	on     map[string]*Fault
	chance map[string]*rand.Rand
	seen   int // requests since a "token" fault was set
}

// SetFault turns a fault on, in place of another of its kind.
func (s *Sandbox) SetFault(f Fault) error {
	if err := f.Validate(); err != nil {
		return err
	}
	x := &s.faults
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.on == nil {
		x.on, x.chance = map[string]*Fault{}, map[string]*rand.Rand{}
	}
	f.Done = 0
	x.on[f.Kind], x.chance[f.Kind] = &f, rand.New(rand.NewPCG(f.Seed, 2)) //nolint:gosec // faults, not secrets
	x.seen = 0
	return nil
}

// ClearFaults turns all faults off and returns how many there were.
func (s *Sandbox) ClearFaults() int {
	x := &s.faults
	x.mu.Lock()
	defer x.mu.Unlock()
	n := len(x.on)
	x.on, x.chance = nil, nil
	return n
}

// Faults returns the faults that are on.
func (s *Sandbox) Faults() []Fault {
	x := &s.faults
	x.mu.Lock()
	defer x.mu.Unlock()
	all := []Fault{}
	for _, kind := range []string{"fields", "unsigned", "api", "token"} {
		if f := x.on[kind]; f != nil {
			all = append(all, *f)
		}
	}
	return all
}

// draw decides whether a fault happens now. The lock is held.
func (x *faults) draw(kind string) *Fault {
	f := x.on[kind]
	if f == nil || x.chance[kind].Float64() >= f.Rate {
		return nil
	}
	f.Done++
	return f
}

// spoil takes fields out of an event, as users report of the platform. Its
// type, webhookId and timestamp are not among them.
func (x *faults) spoil(fields []byte, n uint64) ([]byte, string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f := x.draw("fields")
	if f == nil {
		return fields, ""
	}
	random := rand.New(rand.NewPCG(f.Seed, n)) //nolint:gosec // faults, not secrets
	out, gone := asText{}, ""
	for name, value := range jsjson.Members(fields) {
		if string(name) != "id" && random.IntN(4) == 0 {
			gone += " " + string(name)
			continue
		}
		out = append(out, asText{{string(name), json.RawMessage(value)}}...)
	}
	return mustJSON(out), "fields are missing:" + gone
}

// unsigned reports whether a webhook goes out without a signature.
func (x *faults) unsigned() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.draw("unsigned") != nil
}

// apiAnswer is what the API answers in place of its own answer, nil: that.
func (x *faults) apiAnswer() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	f := x.draw("api")
	if f == nil {
		return nil
	}
	return refuse(f.Status, "%s", http.StatusText(f.Status))
}

// tokenEnds reports whether a token is taken for expired.
func (x *faults) tokenEnds() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	f := x.on["token"]
	if f == nil {
		return false
	}
	if x.seen++; x.seen <= f.After {
		return false
	}
	return x.draw("token") != nil
}
