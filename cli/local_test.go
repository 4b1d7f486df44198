package cli

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/control"
	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/verify"
	"github.com/taskhook/taskhook/webhook"
)

var _ control.Backend = (*local)(nil)

// openTestLocal is a local on a store of its own, with a development key.
func openTestLocal(t *testing.T) (*local, ed25519.PrivateKey) {
	t.Helper()
	dir := t.TempDir()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := publish(filepath.Join(dir, devEd25519PublicFile), public); err != nil {
		t.Fatal(err)
	}
	st, err := openStore(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	trusted, err := verify.PlatformKeys()
	if err != nil {
		t.Fatal(err)
	}
	return &local{Store: st, diagnose: diagnoseWith(dir, trusted), dir: dir}, private
}

// TestADiagnosisTrustsAsTheIngressDid holds that the development key counts
// for local events and is only recognised on those of the tunnel.
func TestADiagnosisTrustsAsTheIngressDid(t *testing.T) {
	l, private := openTestLocal(t)
	body := []byte(`{"a": 1}`)
	for source, want := range map[webhook.Source]webhook.VerdictStatus{
		webhook.SourceLocal: webhook.Valid, webhook.SourceSandbox: webhook.Valid, webhook.SourceTunnel: webhook.Invalid,
	} {
		h, err := taskee.Signer{Ed25519: private}.Sign(body, taskee.SchemeEd25519)
		if err != nil {
			t.Fatal(err)
		}
		e := webhook.Event{Method: "POST", Path: "/", Header: h, Body: body, BodySize: int64(len(body)), Source: source, Verdict: webhook.Verdict{Status: webhook.Unchecked, Age: 3}}
		if err := l.PutEvent(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
		d, err := l.Diagnose(t.Context(), e.ID)
		if err != nil || d.Verdict.Status != want || d.Verdict.Age != 3 || d.Restringify.Same || d.Restringify.Offset != 5 {
			t.Errorf("%s: %+v, %v", source, d, err)
		}
		if len(d.Signatures) != 1 || d.Signatures[0].Key != verify.DevKey || d.Signatures[0].Fingerprint == "" || d.Signatures[0].Status != want {
			t.Errorf("%s: %+v", source, d.Signatures)
		}
	}
}

func TestWhatCannotBeDiagnosed(t *testing.T) {
	l, _ := openTestLocal(t)
	e := webhook.Event{Method: "POST", Path: "/", Header: http.Header{}, NoBody: true, BodySize: 9 << 20, Source: webhook.SourceLocal}
	if err := l.PutEvent(t.Context(), &e); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Diagnose(t.Context(), e.ID); !errors.Is(err, webhook.ErrPruned) {
		t.Errorf("without a body: %v", err)
	}
	if _, err := l.Diagnose(t.Context(), 99); !errors.Is(err, webhook.ErrNotFound) {
		t.Errorf("of none: %v", err)
	}
}

func TestTheEndOfTheLog(t *testing.T) {
	l := &local{dir: t.TempDir()}
	if got, err := l.Log(t.Context(), 9); len(got) != 0 || err != nil {
		t.Errorf("without a log: %q, %v", got, err)
	}
	var long strings.Builder
	for i := range 2 * logTail / 10 {
		fmt.Fprintf(&long, "line %d\n", i)
	}
	tests := []struct {
		name, text string
		lines      int
		want       []string
	}{
		{"empty", "", 9, nil},
		{"shorter than asked", "one\ntwo\n", 9, []string{"one", "two"}},
		{"longer than asked", "one\ntwo\nthree\n", 2, []string{"two", "three"}},
		{"none asked", "one\n", 0, nil},
		{"fewer than none asked", "one\n", -1, nil},
		{"being written", "one\ntw", 9, []string{"one"}},
		{"not UTF-8", "caf\xe9\n", 9, []string{"caf\uFFFD"}},
		{"long", long.String(), 2, []string{fmt.Sprintf("line %d", 2*logTail/10-2), fmt.Sprintf("line %d", 2*logTail/10-1)}},
		{"one endless line", strings.Repeat("x", 2*logTail) + "\n", 9, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(l.dir, logFile), []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := l.Log(t.Context(), tt.lines)
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("%q, %v, want %q", got, err, tt.want)
			}
		})
	}
	if err := os.WriteFile(filepath.Join(l.dir, logFile), []byte(long.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := l.Log(t.Context(), 1<<30); err != nil || len(got) < logTail/20 || len(got) > logTail/5 || !strings.HasPrefix(got[0], "line ") {
		t.Errorf("all of a long log: %d lines, %v", len(got), err)
	}
}
