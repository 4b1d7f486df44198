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
	"sync"
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
	// ErrNoToken is returned for a private integration that is not there.
	ErrNoToken = errors.New("there is no such private integration")
	// ErrRestricted is returned when the agency's restrictions do not allow it.
	ErrRestricted = errors.New("the agency's restrictions do not allow its admin to manage these private integrations")
	// ErrRotating is returned when a token is to be rotated later during a
	// rotation: its oldest secret would end early.
	ErrRotating = errors.New("a rotation is under way: cancel it, or expire the old token first")
	// ErrNotRotating is returned when a rotation is to be cancelled or ended and
	// none is under way.
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
	// OldExpires is when the secret before stops working, during a rotation.
	OldExpires time.Time `json:"oldExpires,omitzero"`
	// RotateBy is when the next rotation is due, and Overdue says that it is.
	RotateBy time.Time `json:"rotateBy"`
	Overdue  bool      `json:"overdue,omitempty"`
}

// secret is one secret of a token: only its hash is kept.
type secret struct {
	Hash    string    `json:"hash"` // SHA-256, hexadecimal
	Ending  string    `json:"ending"`
	Made    time.Time `json:"made"`
	Expires time.Time `json:"expires,omitzero"` // zero: it does not
}

// storedToken is a token as it is kept: the newest secret last.
type storedToken struct {
	Token
	Secrets []secret `json:"secrets"`
}

// newSecret makes a secret, which is shown once.
func newSecret(now time.Time) (string, secret) {
	text := tokenPrefix + strings.ToLower(rand.Text()) + strings.ToLower(rand.Text()[:6])
	return text, secret{Hash: hashOf(text), Ending: text[len(text)-4:], Made: now}
}

func hashOf(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

// old is the secret before the newest, during a rotation: as long as both work.
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

// tokenTable has the tokens in memory: a request must not wait for the file.
type tokenTable struct {
	mu     sync.RWMutex
	byHash map[string]storedToken // of every secret
	used   map[string]time.Time   // when a token was last used, and that was kept
}

func (x *tokenTable) load(s *Sandbox) error {
	byHash := map[string]storedToken{}
	err := s.view(func(t *txn) error {
		for k, record := range t.each(bucketTokens, nil) {
			var one storedToken
			if err := decode(k, record, &one); err != nil {
				return err
			}
			for _, sec := range one.Secrets {
				byHash[sec.Hash] = one
			}
		}
		return nil
	})
	x.mu.Lock()
	defer x.mu.Unlock()
	x.byHash = byHash
	if x.used == nil {
		x.used = map[string]time.Time{}
	}
	return err
}

// find returns the token of a secret that works at a time. What is compared
// are hashes, in constant time.
func (x *tokenTable) find(text string, now time.Time) (Token, bool) {
	hash := hashOf(text)
	x.mu.RLock()
	defer x.mu.RUnlock()
	one, ok := x.byHash[hash]
	if !ok {
		return Token{}, false
	}
	for _, sec := range one.Secrets {
		same := subtle.ConstantTimeCompare([]byte(sec.Hash), []byte(hash)) == 1
		if same && (sec.Expires.IsZero() || now.Before(sec.Expires)) {
			return one.Token, true
		}
	}
	return Token{}, false
}

// Works reports whether a token would be let in now.
func (s *Sandbox) Works(token string) bool {
	_, ok := s.tokens.find(token, s.Now())
	return ok
}

// touch remembers that a token was used, and reports whether that is to be
// kept: once a minute.
func (x *tokenTable) touch(id string, now time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if now.Sub(x.used[id]).Abs() < time.Minute {
		return false
	}
	x.used[id] = now
	return true
}

// touched keeps when a token was last used, without being waited for.
func (s *Sandbox) touched(id string, now time.Time) {
	if !s.tokens.touch(id, now) {
		return
	}
	s.queue(func(t *txn) error {
		var one storedToken
		if err := t.get(bucketTokens, []byte(id), &one); err != nil {
			return nil //nolint:nilerr // it was deleted meanwhile
		}
		one.LastUsed = now
		return t.put(bucketTokens, []byte(id), one)
	})
}

// CreateToken makes a private integration and returns it with its secret,
// which is shown only here. Without a location it belongs to the agency.
func (s *Sandbox) CreateToken(ctx context.Context, want Token) (Token, string, error) {
	name, err := tokenName(want.Name)
	if err != nil {
		return Token{}, "", err
	}
	now := s.Now()
	text, sec := newSecret(now)
	made := storedToken{Secrets: []secret{sec}, Token: Token{
		ID: strings.ToLower(rand.Text()[:20]), Name: name, Description: want.Description, Scopes: scopes(want.Scopes),
		LocationID: want.LocationID, CreatedAt: now,
	}}
	err = s.update(ctx, func(t *txn) error {
		if want.LocationID != "" {
			if _, err := t.location(want.LocationID); err != nil {
				return err
			}
		}
		if err := t.allowed(want.LocationID); err != nil {
			return err
		}
		return t.put(bucketTokens, []byte(made.ID), made)
	})
	if err != nil {
		return Token{}, "", err
	}
	return made.public(now), text, s.tokens.load(s)
}

// tokenName is a name as it is kept.
func tokenName(name string) (string, error) {
	if name = strings.TrimSpace(name); name == "" || strings.ContainsFunc(name, unicode.IsControl) {
		return "", errors.New("a private integration needs a name, in one line")
	}
	return name, nil
}

// scopes are the named ones, once each and in order.
func scopes(names []string) []string {
	out := []string{}
	for _, n := range names {
		if n = strings.TrimSpace(n); n != "" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// allowed holds the document's two restrictions.
func (t *txn) allowed(location string) error {
	m, err := t.meta()
	if err != nil {
		return err
	}
	if location == "" && !m.OwnIntegrations || location != "" && !m.SubAccountIntegrations {
		return ErrRestricted
	}
	return nil
}

// Tokens returns all private integrations, the oldest first.
func (s *Sandbox) Tokens() ([]Token, error) {
	all := []Token{}
	now := s.Now()
	err := s.view(func(t *txn) error {
		for k, record := range t.each(bucketTokens, nil) {
			var one storedToken
			if err := decode(k, record, &one); err != nil {
				return err
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
	if err != nil {
		return one, err
	}
	return one, t.allowed(one.LocationID)
}

// editToken changes a token that the restrictions let the admin manage.
func (s *Sandbox) editToken(ctx context.Context, id string, do func(one *storedToken) error) (Token, error) {
	var after storedToken
	err := s.update(ctx, func(t *txn) error {
		one, err := t.managedToken(id)
		if err != nil {
			return err
		}
		if err := do(&one); err != nil {
			return err
		}
		after = one
		return t.put(bucketTokens, []byte(id), one)
	})
	if err != nil {
		return Token{}, err
	}
	return after.public(s.Now()), s.tokens.load(s)
}

// EditToken changes name, description and scopes where they are given; the
// token stays the same.
func (s *Sandbox) EditToken(ctx context.Context, id string, name, description *string, names []string) (Token, error) {
	return s.editToken(ctx, id, func(one *storedToken) error {
		if name != nil {
			text, err := tokenName(*name)
			if err != nil {
				return err
			}
			one.Name = text
		}
		if description != nil {
			one.Description = *description
		}
		if names != nil {
			one.Scopes = scopes(names)
		}
		return nil
	})
}

// RotateToken makes a new secret and returns it, shown only here. The old one
// works for seven days more, or ends at once with now.
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

// CancelRotation ends the new secret and keeps the old one, as long as both
// work.
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

// ExpireOld ends the old secret of a rotation now.
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
	err := s.update(ctx, func(t *txn) error {
		if _, err := t.managedToken(id); err != nil {
			return err
		}
		return t.in(bucketTokens).Delete([]byte(id))
	})
	return errors.Join(err, s.tokens.load(s))
}

// Restrict sets the document's two restrictions: whether the agency's admin may
// manage the agency's private integrations, and its sub-accounts'.
func (s *Sandbox) Restrict(ctx context.Context, own, subAccounts bool) error {
	return s.change(ctx, func(m *meta) error {
		m.OwnIntegrations, m.SubAccountIntegrations = own, subAccounts
		return nil
	})
}
