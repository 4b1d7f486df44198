package sandbox

import (
	"errors"
	"fmt"
	"math/rand/v2"
)

// Location is a sub-account, as the document's GET /locations/{id} answers it.
type Location struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Address  string `json:"address"`
	City     string `json:"city"`
	State    string `json:"state"`
	Country  string `json:"country"`
	Timezone string `json:"timezone"`
}

// Duplicates is a location's setting for contacts that share an e-mail address
// or a phone number. The zero value allows none and compares the e-mail
// address first, then the phone number.
type Duplicates struct {
	Allow bool `json:"allow"`
	// Check is what is compared, in order: "email", "phone", or one of them;
	// nil: both, the e-mail address first.
	Check []string `json:"check,omitempty"`
}

// Order is what is compared, in order.
func (d Duplicates) Order() []string {
	if d.Check == nil {
		return []string{"email", "phone"}
	}
	return d.Check
}

func (d Duplicates) validate() error {
	for _, field := range d.Check {
		if field != "email" && field != "phone" {
			return fmt.Errorf("duplicates are found by email and phone, not by %q", field)
		}
	}
	return nil
}

// storedLocation is a location with its setting "Allow Duplicate Contact".
type storedLocation struct {
	Location
	Duplicates Duplicates `json:"settings"`
}

// ErrNoLocation is returned for a location that does not exist.
var ErrNoLocation = errors.New("there is no such location")

func (t *txn) location(id string) (l storedLocation, err error) {
	err = t.get(bucketLocations, []byte(id), &l)
	if errors.Is(err, errAbsent) {
		err = fmt.Errorf("%w: %s", ErrNoLocation, id)
	}
	return l, err
}

func (t *txn) putLocation(l storedLocation) { t.put(bucketLocations, []byte(l.ID), l) }

// create fills a new sandbox: an agency, one location, its contacts.
func (s *Sandbox) create(t *txn) error {
	random := rand.New(rand.NewPCG(s.opts.Seed, 1)) //nolint:gosec // names, not secrets
	m := meta{
		Agency: newID(random), Start: newID(random), OwnIntegrations: true, SubAccountIntegrations: true, RateLimit: true,
		App: App{ID: newID(random), VersionID: newID(random)},
	}
	t.put(bucketMeta, metaKey, m)
	t.putLocation(storedLocation{Location: Location{
		ID: m.Start, Name: "My Sub-Account", Address: "123 Main St", City: "Austin", State: "TX", Country: "US", Timezone: "America/Chicago",
	}})
	now := s.Now().UnixMilli()
	for n := range s.opts.People {
		c := generate(random, n)
		c.LocationID, c.Added = m.Start, now-int64(s.opts.People-n)*1000
		c.Updated = c.Added
		t.putContact(c, nil)
	}
	return s.opts.Fixtures.fill(t, m.Start, now, random)
}

// idLetters are the letters of the platform's IDs.
const idLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// newID makes an ID as the platform's are: 20 letters and digits.
func newID(random *rand.Rand) string {
	b := make([]byte, 20)
	for i := range b {
		b[i] = idLetters[random.IntN(len(idLetters))]
	}
	return string(b)
}
