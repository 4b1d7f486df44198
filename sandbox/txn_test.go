package sandbox

import (
	"errors"
	"testing"

	"github.com/taskhook/taskhook/store/boltfile"
)

func TestTheFirstErrorOfATransactionExplainsTheOthers(t *testing.T) {
	r := newRig(t)
	err := r.s.update(t.Context(), func(t *txn) error {
		t.write(bucketMeta, metaKey, []byte("damaged"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func() error{
		"create a token": func() error {
			_, _, err := r.s.CreateToken(t.Context(), TokenRequest{Name: new("agency")})
			return err
		},
		"delete a token": func() error { return r.s.DeleteToken(t.Context(), r.id) },
		"settings": func() error {
			_, err := r.s.ChangeSettings(t.Context(), Settings{})
			return err
		},
		"trigger": func() error {
			_, err := r.s.Trigger(t.Context(), "ContactCreate")
			return err
		},
	} {
		if err := do(); !errors.Is(err, boltfile.ErrCorrupt) || errors.Is(err, ErrRestricted) || errors.Is(err, ErrNoLocation) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !r.s.Works(r.token) {
		t.Error("a token was deleted all the same")
	}
	if page, err := r.s.Log(LogQuery{}); err != nil || page.Rates.All != 0 {
		t.Errorf("%+v, %v", page.Rates, err)
	}
}
