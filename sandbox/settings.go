package sandbox

import (
	"cmp"
	"context"
	"time"
)

// meta is what the sandbox stores about itself.
type meta struct {
	Agency string        `json:"agency"`
	Start  string        `json:"start"` // its first location
	Offset time.Duration `json:"offset"`
	// OwnIntegrations and SubAccountIntegrations are the document's two
	// restrictions: whether the agency's admin may manage the agency's private
	// integrations, and those of its sub-accounts.
	OwnIntegrations        bool `json:"ownIntegrations"`
	SubAccountIntegrations bool `json:"subAccountIntegrations"`
	RateLimit              bool `json:"rateLimit"`
	App                    App  `json:"app"`
}

var metaKey = []byte("sandbox")

func (t *txn) meta() (m meta) {
	t.fail(t.get(bucketMeta, metaKey, &m))
	return m
}

// meta reads what the sandbox stores about itself.
func (s *Sandbox) meta() (m meta, err error) {
	err = s.view(func(t *txn) error { m = t.meta(); return nil })
	return m, err
}

// changeMeta changes what the sandbox stores about itself. do may run more than
// once.
func (s *Sandbox) changeMeta(ctx context.Context, do func(m *meta) error) error {
	return s.update(ctx, func(t *txn) error {
		m := t.meta()
		err := do(&m)
		t.put(bucketMeta, metaKey, m)
		return err
	})
}

// StartLocation is the sub-account that a new sandbox has.
func (s *Sandbox) StartLocation() (string, error) {
	m, err := s.meta()
	return m.Start, err
}

// Settings are the switches of a sandbox; absent ones stay as they are.
type Settings struct {
	OwnIntegrations        *bool       `json:"ownIntegrations,omitempty"`        // the agency's admin may manage the agency's private integrations
	SubAccountIntegrations *bool       `json:"subAccountIntegrations,omitempty"` // and those of its sub-accounts
	RateLimit              *bool       `json:"rateLimit,omitempty"`              // requests are limited; true in a new sandbox
	LocationID             string      `json:"locationId,omitempty"`             // whose duplicates are set; "": the first
	Duplicates             *Duplicates `json:"duplicates,omitempty"`
}

// ChangeSettings changes the switches that are given, and returns all of them.
// The error wraps ErrNoLocation if there is no such location, or says what is
// wrong with Duplicates.
func (s *Sandbox) ChangeSettings(ctx context.Context, in Settings) (out Settings, err error) {
	if in.Duplicates != nil {
		if err := in.Duplicates.validate(); err != nil {
			return Settings{}, err
		}
	}
	err = s.update(ctx, func(t *txn) error {
		m := t.meta()
		set(&m.OwnIntegrations, in.OwnIntegrations)
		set(&m.SubAccountIntegrations, in.SubAccountIntegrations)
		set(&m.RateLimit, in.RateLimit)
		l, err := t.location(cmp.Or(in.LocationID, m.Start))
		if err != nil {
			return err
		}
		set(&l.Duplicates, in.Duplicates)
		out = Settings{&m.OwnIntegrations, &m.SubAccountIntegrations, &m.RateLimit, l.ID, &l.Duplicates}
		t.put(bucketMeta, metaKey, m)
		t.putLocation(l)
		return nil
	})
	return out, err
}

// set sets a field to a value, if there is one.
func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}
