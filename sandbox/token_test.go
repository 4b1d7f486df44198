package sandbox

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestATokensNameIsOneLine(t *testing.T) {
	r := newRig(t)
	for _, name := range []string{"", " ", "two\nlines", "a\x1b[31mred"} {
		if _, _, err := r.s.CreateToken(t.Context(), TokenRequest{Name: &name}); err == nil {
			t.Errorf("a token was made with the name %q", name)
		}
		if _, err := r.s.EditToken(t.Context(), r.id, TokenRequest{Name: &name}); err == nil {
			t.Errorf("a token was given the name %q", name)
		}
	}
}

// accepts reports whether the API accepts a token.
func (r *rig) accepts(token string) bool {
	resp, _ := r.call("GET", "/locations/"+r.location, "", "Authorization: Bearer "+token)
	return resp.StatusCode == http.StatusOK
}

// works checks which tokens the API accepts.
func (r *rig) works(when string, want bool, tokens ...string) {
	r.t.Helper()
	for _, token := range tokens {
		if got := r.accepts(token); got != want {
			r.t.Errorf("%s, the token …%s is accepted: %t, want %t", when, token[len(token)-4:], got, want)
		}
	}
}

// rotate rotates the rig's token and returns the new secret.
func (r *rig) rotate(now bool) string {
	r.t.Helper()
	_, text, err := r.s.RotateToken(r.t.Context(), r.id, now)
	if err != nil || !strings.HasPrefix(text, "pit_") {
		r.t.Fatalf("rotated to %q, %v", text, err)
	}
	return text
}

func (r *rig) moveClock(d time.Duration) {
	r.t.Helper()
	if _, err := r.s.MoveClock(r.t.Context(), d); err != nil {
		r.t.Fatal(err)
	}
}

const day = 24 * time.Hour

func TestTokensRotateByTheClock(t *testing.T) {
	r := newRig(t)
	second := r.rotate(false)
	r.works("after a rotation", true, r.token, second)
	if _, _, err := r.s.RotateToken(t.Context(), r.id, false); !errors.Is(err, ErrRotating) {
		t.Errorf("a rotation during a rotation: %v", err)
	}
	r.moveClock(7*day - time.Minute)
	r.works("before the overlap ends", true, r.token, second)
	r.moveClock(2 * time.Minute)
	r.works("after the overlap", false, r.token)
	r.works("after the overlap", true, second)
	third := r.rotate(true)
	r.works("rotated now", false, second)
	r.works("rotated now", true, third)
	r.moveClock(91 * day)
	all, err := r.s.Tokens()
	if err != nil || !all[0].Overdue || all[0].LastUsed.IsZero() {
		t.Errorf("after 91 days: %+v, %v", all, err)
	}
}

func TestARotationIsCancelledOrEnded(t *testing.T) {
	r := newRig(t)
	second := r.rotate(false)
	if _, err := r.s.CancelRotation(t.Context(), r.id); err != nil {
		t.Error(err)
	}
	r.works("after it was cancelled", true, r.token)
	r.works("after it was cancelled", false, second)
	for name, end := range map[string]func(context.Context, string) (Token, error){"cancel": r.s.CancelRotation, "end": r.s.ExpireOld} {
		if _, err := end(t.Context(), r.id); !errors.Is(err, ErrNotRotating) {
			t.Errorf("%s a rotation that is not under way: %v", name, err)
		}
	}
	third := r.rotate(false)
	if _, err := r.s.ExpireOld(t.Context(), r.id); err != nil {
		t.Error(err)
	}
	r.works("expired now", false, r.token)
	r.works("expired now", true, third)
}

func TestADeletedTokenEndsForGood(t *testing.T) {
	r := newRig(t)
	if err := r.s.DeleteToken(t.Context(), r.id); err != nil {
		t.Error(err)
	}
	r.works("deleted", false, r.token)
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	r.open()
	r.works("after a restart", false, r.token)
}

func TestADamagedTokenLeavesTheOthers(t *testing.T) {
	r := newRig(t)
	made, text, err := r.s.CreateToken(t.Context(), TokenRequest{Name: new("damaged"), LocationID: r.location})
	if err != nil {
		t.Fatal(err)
	}
	err = r.s.update(t.Context(), func(t *txn) error { return t.in(bucketTokens).Put([]byte(made.ID), []byte("damaged")) })
	if err != nil {
		t.Fatal(err)
	}
	r.works("beside a damaged one", true, r.token)
	r.works("damaged", false, text)
	if all, err := r.s.Tokens(); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestTheAgencysRestrictionsHold(t *testing.T) {
	r := newRig(t)
	restrict := func(own, subAccounts bool) {
		t.Helper()
		if _, err := r.s.ChangeSettings(t.Context(), Settings{OwnIntegrations: &own, SubAccountIntegrations: &subAccounts}); err != nil {
			t.Fatal(err)
		}
	}
	restrict(false, true)
	if _, _, err := r.s.CreateToken(t.Context(), TokenRequest{Name: new("agency")}); !errors.Is(err, ErrRestricted) {
		t.Errorf("the agency's own token: %v", err)
	}
	restrict(true, false)
	if _, _, err := r.s.RotateToken(t.Context(), r.id, true); !errors.Is(err, ErrRestricted) {
		t.Errorf("a sub-account's token was rotated: %v", err)
	}
	if _, _, err := r.s.CreateToken(t.Context(), TokenRequest{Name: new("agency")}); err != nil {
		t.Error(err)
	}
}
