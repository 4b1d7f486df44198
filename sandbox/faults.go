package sandbox

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/jsjson"
)

// FaultKind is what goes wrong on the platform's side.
type FaultKind string

// The kinds of faults.
const (
	FaultFields   FaultKind = "fields"   // webhooks lack some of their fields
	FaultUnsigned FaultKind = "unsigned" // the signature of webhooks is N/A
	FaultAPI      FaultKind = "api"      // the API answers Fault.Status
	FaultToken    FaultKind = "token"    // the API answers as if the token had expired
)

var faultKinds = []FaultKind{FaultFields, FaultUnsigned, FaultAPI, FaultToken}

// Fault is something that goes wrong on the platform's side.
type Fault struct {
	Kind   FaultKind `json:"kind"`
	Rate   float64   `json:"rate"`             // share that it happens to, above 0 and up to 1
	Status int       `json:"status,omitempty"` // of FaultAPI: 429 or 5xx
	After  int       `json:"after,omitempty"`  // of FaultToken: requests that are let through first
	Seed   uint64    `json:"seed"`
	Done   int       `json:"done"` // how often it has happened
}

// Validate says what makes no sense in a fault.
func (f Fault) Validate() error {
	switch {
	case !slices.Contains(faultKinds, f.Kind):
		return fmt.Errorf("invalid fault: %q is none of fields, unsigned, api, token", f.Kind)
	case !(f.Rate > 0 && f.Rate <= 1):
		return fmt.Errorf("invalid fault: its rate must be above 0%% and up to 100%%")
	case f.Kind == FaultAPI && f.Status != http.StatusTooManyRequests && (f.Status < 500 || f.Status > 599):
		return fmt.Errorf("invalid fault: the API fails with 429 or 5xx, not with %d", f.Status)
	case f.After < 0:
		return fmt.Errorf("invalid fault: a token cannot expire after %d requests", f.After)
	}
	return nil
}

// String says what the fault does.
func (f Fault) String() string {
	share := format.Percent(f.Rate) + " of "
	if f.Rate == 1 {
		share = "all "
	}
	switch f.Kind {
	case FaultFields:
		return share + "webhooks lack fields"
	case FaultUnsigned:
		return share + "webhooks have N/A as their signature"
	case FaultAPI:
		return fmt.Sprintf("the API answers %d to %srequests", f.Status, share)
	}
	return fmt.Sprintf("after %d requests, %srequests are answered as if their token had expired", f.After, share)
}

// faults are those that are on, at most one of each kind.
type faults struct {
	mu   sync.Mutex
	on   map[FaultKind]*activeFault
	seen int // requests since the newest fault was turned on
}

// activeFault is a fault with the random source that it draws from.
type activeFault struct {
	Fault
	random *rand.Rand
}

// SetFault turns a fault on, in place of another of its kind. The error is that
// of Validate.
func (s *Sandbox) SetFault(f Fault) error {
	if err := f.Validate(); err != nil {
		return err
	}
	x := &s.faults
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.on == nil {
		x.on = map[FaultKind]*activeFault{}
	}
	f.Done = 0
	x.on[f.Kind] = &activeFault{f, rand.New(rand.NewPCG(f.Seed, 2))} //nolint:gosec // faults, not secrets
	x.seen = 0
	return nil
}

// ClearFaults turns all faults off and returns how many were on.
func (s *Sandbox) ClearFaults() int {
	x := &s.faults
	x.mu.Lock()
	defer x.mu.Unlock()
	n := len(x.on)
	clear(x.on)
	return n
}

// Faults returns the faults that are on.
func (s *Sandbox) Faults() []Fault {
	x := &s.faults
	x.mu.Lock()
	defer x.mu.Unlock()
	all := []Fault{}
	for _, kind := range faultKinds {
		if f := x.on[kind]; f != nil {
			all = append(all, f.Fault)
		}
	}
	return all
}

// happens decides whether a fault happens now, and counts it if it does.
func (x *faults) happens(kind FaultKind) (Fault, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f := x.on[kind]
	if f == nil {
		return Fault{}, false
	}
	if kind == FaultToken {
		if x.seen++; x.seen <= f.After {
			return Fault{}, false
		}
	}
	if f.random.Float64() >= f.Rate {
		return Fault{}, false
	}
	f.Done++
	return f.Fault, true
}

// dropFields leaves fields out of the n-th webhook, as users report of the
// platform, and says which; "" if none. The id stays.
func (x *faults) dropFields(fields []byte, n uint64) (left []byte, what string) {
	f, yes := x.happens(FaultFields)
	if !yes {
		return fields, ""
	}
	random := rand.New(rand.NewPCG(f.Seed, n)) //nolint:gosec // faults, not secrets
	out := object{}
	var dropped []string
	for name, value := range jsjson.Members(fields) {
		if string(name) != "id" && random.IntN(4) == 0 {
			dropped = append(dropped, string(name))
			continue
		}
		out = append(out, member{string(name), json.RawMessage(value)})
	}
	return mustJSON(out), "fields are missing: " + strings.Join(dropped, " ")
}
