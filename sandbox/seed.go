package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
)

// Fixtures are what a new sandbox is filled with, read from a file.
type Fixtures struct {
	Locations []FixtureLocation `json:"locations"`
	Contacts  []json.RawMessage `json:"contacts"` // bodies as for a create; without locationId: the first location's
}

// FixtureLocation is a location of a fixtures file.
type FixtureLocation struct {
	Location
	Duplicates Duplicates `json:"duplicates"`
}

// ReadFixtures reads a fixtures file: {"locations":[…],"contacts":[…]}. Its
// contacts are checked when a sandbox is filled with them.
func ReadFixtures(r io.Reader) (*Fixtures, error) {
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	var f Fixtures
	if err := dec.Decode(&f); err != nil {
		return nil, fmt.Errorf("read the fixtures: %w", err)
	}
	for i, l := range f.Locations {
		if !validID(l.ID) {
			return nil, fmt.Errorf("read the fixtures: location %d: %q is not a valid id", i+1, l.ID)
		}
	}
	return &f, nil
}

// fill puts the fixtures into a new sandbox; nil: nothing.
func (f *Fixtures) fill(t *txn, start string, now int64, random *rand.Rand) error {
	if f == nil {
		return nil
	}
	for _, l := range f.Locations {
		t.putLocation(storedLocation(l))
	}
	for i, body := range f.Contacts {
		c := Contact{ID: newID(random), LocationID: start, Added: now + int64(i), Updated: now + int64(i)}
		if err := t.putFixture(c, body); err != nil {
			return fmt.Errorf("contact %d of the fixtures: %w", i+1, err)
		}
	}
	return nil
}

// putFixture writes a contact as a body for a create says; with another ID and
// location than c's, if the body has them.
func (t *txn) putFixture(c Contact, body []byte) error {
	in, err := readInput(body)
	if err != nil {
		return err
	}
	if wrong := in.check(false); len(wrong) > 0 {
		return errors.New(wrong[0])
	}
	c.ID, c.LocationID = cmp.Or(in.id, c.ID), cmp.Or(in.locationID, c.LocationID)
	if !validID(c.ID) {
		return fmt.Errorf("%q is not a valid id", c.ID)
	}
	if _, err := t.location(c.LocationID); err != nil {
		return err
	}
	if _, err := t.contact(c.ID); !errors.Is(err, errAbsent) {
		return cmp.Or(err, fmt.Errorf("there is another contact with the id %q", c.ID))
	}
	in.apply(&c)
	t.putContact(c, nil)
	return nil
}

// What generated contacts are made of.
var (
	syllables = [...]string{"al", "ber", "cor", "da", "el", "fin", "gra", "hel", "is", "jo", "ka", "lin", "mar", "no", "or", "pe", "ra", "sel", "ti", "ur", "va", "wen", "yo", "zi"}
	streets   = [...]string{"Main St", "Oak Ave", "1st St N", "Lake Rd", "Hill Dr", "Station Rd"}
	towns     = [...][2]string{{"Austin", "TX"}, {"Denver", "CO"}, {"Portland", "OR"}, {"Boise", "ID"}, {"Tampa", "FL"}}
	labels    = [...]string{"lead", "customer", "newsletter", "vip", "trial"}
)

// generate makes the n-th contact of a random source; no other n has the same
// e-mail address or phone number.
func generate(random *rand.Rand, n int) Contact {
	name := func() string {
		s := ""
		for range 2 + random.IntN(2) {
			s += syllables[random.IntN(len(syllables))]
		}
		return string(s[0]-'a'+'A') + s[1:]
	}
	first, last := name(), name()
	town := towns[random.IntN(len(towns))]
	c := Contact{
		ID: newID(random), FirstName: first, LastName: last,
		Email: fmt.Sprintf("%s.%s.%d@example.com", strings.ToLower(first), strings.ToLower(last), n),
		Phone: fmt.Sprintf("+1555%07d", n%10_000_000), Address1: fmt.Sprintf("%d %s", 1+random.IntN(900), streets[random.IntN(len(streets))]),
		City: town[0], State: town[1], Country: "US", PostalCode: fmt.Sprintf("%05d", 10_000+random.IntN(80_000)),
		Tags: []string{labels[random.IntN(len(labels))]}, Source: "sandbox",
	}
	if n%10 == 0 {
		c.BusinessID = fmt.Sprintf("business%012d", n/100)
	}
	return c
}
