package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// The document's figures for private integrations.
const (
	overlap     = 7 * 24 * time.Hour  // in which the old and the new token work
	rotateAfter = 90 * 24 * time.Hour // after which a rotation is recommended
)

// tokenPrefix begins every token.
const tokenPrefix = "pit_"

// Errors of tokens.
var (
	// ErrNoToken is returned for a private integration that does not exist, and
	// for a secret that belongs to none.
	ErrNoToken = errors.New("there is no such private integration")
	// ErrRestricted is returned when the agency's restrictions forbid a change.
	ErrRestricted = errors.New("the agency's restrictions do not allow its admin to manage these private integrations")
	// ErrRotating is returned when a token is rotated again during a rotation:
	// its oldest secret would end early.
	ErrRotating = errors.New("a rotation is under way: cancel it, or expire the old token first")
	// ErrNotRotating is returned when a rotation is cancelled or ended and none
	// is under way.
	ErrNotRotating = errors.New("no rotation is under way")
)

// Token is a private integration without its secret.
type Token struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Scopes      []string  `json:"scopes"`
	LocationID  string    `json:"locationId"` // "": it belongs to the agency
	CreatedAt   time.Time `json:"createdAt"`
	RotatedAt   time.Time `json:"rotatedAt"`         // of the newest secret
	LastUsed    time.Time `json:"lastUsed,omitzero"` // to the minute
	Ending      string    `json:"ending"`            // the last letters of the newest secret, to tell tokens apart
	// OldExpires is when the previous secret stops working, during a rotation.
	OldExpires time.Time `json:"oldExpires,omitzero"`
	// RotateBy is when the next rotation is due, and Overdue says that it is.
	RotateBy time.Time `json:"rotateBy"`
	Overdue  bool      `json:"overdue,omitempty"`
}

// secret is one secret of a token: only its hash is stored.
type secret struct {
	Hash    string    `json:"hash"` // SHA-256, hexadecimal
	Ending  string    `json:"ending"`
	Made    time.Time `json:"made"`
	Expires time.Time `json:"expires,omitzero"` // zero: never
}

// storedToken is a token as it is stored: the newest secret last.
type storedToken struct {
	Token
	Secrets []secret `json:"secrets"`
}

// newSecret makes a secret. Its text is shown once and not stored.
func newSecret(now time.Time) (string, secret) {
	text := tokenPrefix + strings.ToLower(rand.Text()) + strings.ToLower(rand.Text()[:6])
	return text, secret{Hash: hashOf(text), Ending: text[len(text)-4:], Made: now}
}

func hashOf(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

// old is the secret before the newest, as long as both work: during a rotation.
func (t storedToken) old(now time.Time) (secret, bool) {
	n := len(t.Secrets)
	if n < 2 || !now.Before(t.Secrets[n-2].Expires) {
		return secret{}, false
	}
	return t.Secrets[n-2], true
}

// public is the token as people see it at a time.
func (t storedToken) public(now time.Time) Token {
	out := t.Token
	newest := t.Secrets[len(t.Secrets)-1]
	out.Ending, out.RotatedAt = newest.Ending, newest.Made
	out.RotateBy = newest.Made.Add(rotateAfter)
	out.Overdue = now.After(out.RotateBy)
	if old, rotating := t.old(now); rotating {
		out.OldExpires = old.Expires
	}
	return out
}

// workingToken finds the private integration that a secret belongs to, if the
// secret works at that time; ErrNoToken otherwise. There are few enough of them
// to look at each. A damaged one has no secret.
func (t *txn) workingToken(text string, now time.Time) (Token, error) {
	hash := []byte(hashOf(text))
	for k, record := range t.each(bucketTokens, nil) {
		var one storedToken
		if decode(k, record, &one) != nil {
			continue
		}
		for _, sec := range one.Secrets {
			same := subtle.ConstantTimeCompare([]byte(sec.Hash), hash) == 1
			if same && (sec.Expires.IsZero() || now.Before(sec.Expires)) {
				return one.Token, nil
			}
		}
	}
	return Token{}, ErrNoToken
}

// Works reports whether the API accepts a token now.
func (s *Sandbox) Works(token string) bool {
	return s.view(func(t *txn) error {
		_, err := t.workingToken(token, s.Now())
		return err
	}) == nil
}

// recordUse stores that a token was used, to the minute, without waiting for
// it.
func (s *Sandbox) recordUse(used Token, now time.Time) {
	if now.Sub(used.LastUsed).Abs() < time.Minute {
		return
	}
	s.queue(func(t *txn) error {
		var one storedToken
		if err := t.get(bucketTokens, []byte(used.ID), &one); err != nil {
			return nil //nolint:nilerr // it was deleted meanwhile
		}
		one.LastUsed = now
		t.put(bucketTokens, []byte(used.ID), one)
		return nil
	})
}

// CreateToken makes a private integration and returns it with its secret,
// which is shown only here. Without a location it belongs to the agency. The
// error wraps ErrNoLocation or ErrRestricted, or says what is wrong with the
// name.
func (s *Sandbox) CreateToken(ctx context.Context, in TokenRequest) (Token, string, error) {
	now := s.Now()
	text, sec := newSecret(now)
	made := storedToken{Secrets: []secret{sec}, Token: Token{
		ID: strings.ToLower(rand.Text()[:20]), Scopes: []string{}, LocationID: in.LocationID, CreatedAt: now,
	}}
	if err := made.edit(in); err != nil {
		return Token{}, "", err
	}
	err := s.update(ctx, func(t *txn) error {
		if in.LocationID != "" {
			if _, err := t.location(in.LocationID); err != nil {
				return err
			}
		}
		t.authorize(in.LocationID)
		t.put(bucketTokens, []byte(made.ID), made)
		return nil
	})
	if err != nil {
		return Token{}, "", err
	}
	return made.public(now), text, nil
}

// edit changes the name, description and scopes that a request has.
func (t *Token) edit(in TokenRequest) error {
	set(&t.Name, in.Name)
	set(&t.Description, in.Description)
	if in.Scopes != nil {
		t.Scopes = scopes(in.Scopes)
	}
	if t.Name = strings.TrimSpace(t.Name); t.Name == "" || strings.ContainsFunc(t.Name, unicode.IsControl) {
		return errors.New("a private integration needs a name, in one line")
	}
	return nil
}

// scopes are the named ones, sorted and without duplicates.
func scopes(names []string) []string {
	out := []string{}
	for _, n := range names {
		if n = strings.TrimSpace(n); n != "" {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// authorize fails with ErrRestricted where one of the document's two
// restrictions forbids the admin to manage a location's private integrations,
// or for "" those of the agency.
func (t *txn) authorize(location string) {
	m := t.meta()
	if location == "" && !m.OwnIntegrations || location != "" && !m.SubAccountIntegrations {
		t.fail(ErrRestricted)
	}
}

// Tokens returns all private integrations, the oldest first.
func (s *Sandbox) Tokens() ([]Token, error) {
	all := []Token{}
	now := s.Now()
	err := s.view(func(t *txn) error {
		for k, record := range t.each(bucketTokens, nil) {
			var one storedToken
			if err := decode(k, record, &one); err != nil {
				s.logger.Error("a private integration is damaged and left out", "error", err)
				continue
			}
			all = append(all, one.public(now))
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Token) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return all, err
}

// managedToken is a token that the restrictions let the admin manage.
func (t *txn) managedToken(id string) (storedToken, error) {
	var one storedToken
	err := t.get(bucketTokens, []byte(id), &one)
	if errors.Is(err, errAbsent) {
		return one, fmt.Errorf("%w: %s", ErrNoToken, id)
	}
	if err == nil {
		t.authorize(one.LocationID)
	}
	return one, err
}

// editToken changes a token that the restrictions let the admin manage.
func (s *Sandbox) editToken(ctx context.Context, id string, do func(one *storedToken) error) (Token, error) {
	var after storedToken
	err := s.update(ctx, func(t *txn) error {
		one, err := t.managedToken(id)
		if err != nil {
			return err
		}
		err = do(&one)
		after = one
		t.put(bucketTokens, []byte(id), one)
		return err
	})
	if err != nil {
		return Token{}, err
	}
	return after.public(s.Now()), nil
}

// EditToken changes the name, description and scopes that a request has; the
// token stays the same.
func (s *Sandbox) EditToken(ctx context.Context, id string, in TokenRequest) (Token, error) {
	return s.editToken(ctx, id, func(one *storedToken) error { return one.edit(in) })
}

// RotateToken makes a new secret and returns it, shown only here. The old one
// works for seven more days, or with now ends at once. Without now, the error
// during a rotation is ErrRotating.
func (s *Sandbox) RotateToken(ctx context.Context, id string, now bool) (Token, string, error) {
	at := s.Now()
	text, sec := newSecret(at)
	out, err := s.editToken(ctx, id, func(one *storedToken) error {
		if _, rotating := one.old(at); rotating && !now {
			return ErrRotating
		}
		old := one.Secrets[len(one.Secrets)-1]
		if old.Expires = at.Add(overlap); now {
			old.Expires = at
		}
		one.Secrets = []secret{old, sec}
		return nil
	})
	return out, text, err
}

// CancelRotation ends the new secret of a rotation and keeps the old one. The
// error is ErrNotRotating when no rotation is under way.
func (s *Sandbox) CancelRotation(ctx context.Context, id string) (Token, error) {
	return s.editToken(ctx, id, func(one *storedToken) error {
		old, rotating := one.old(s.Now())
		if !rotating {
			return ErrNotRotating
		}
		old.Expires = time.Time{}
		one.Secrets = []secret{old}
		return nil
	})
}

// ExpireOld ends the old secret of a rotation now. The error is ErrNotRotating
// when no rotation is under way.
func (s *Sandbox) ExpireOld(ctx context.Context, id string) (Token, error) {
	return s.editToken(ctx, id, func(one *storedToken) error {
		if _, rotating := one.old(s.Now()); !rotating {
			return ErrNotRotating
		}
		one.Secrets = one.Secrets[len(one.Secrets)-1:]
		return nil
	})
}

// DeleteToken deletes a private integration: its secrets end at once.
func (s *Sandbox) DeleteToken(ctx context.Context, id string) error {
	return s.update(ctx, func(t *txn) error {
		if _, err := t.managedToken(id); err != nil {
			return err
		}
		return t.in(bucketTokens).Delete([]byte(id))
	})
}
