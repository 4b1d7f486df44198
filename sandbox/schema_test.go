package sandbox

import (
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/taskee"
)

// previous is a rig of a sandbox that version 1 wrote and stopped, with
// retries scheduled and a token in mid-rotation. Its clock is set to then.
func previous(t *testing.T, change ...func(*Options)) *rig {
	t.Helper()
	dir := filepath.Join("..", "testdata", "previous", "sandbox")
	r := &rig{t: t, path: filepath.Join(t.TempDir(), "sandbox.db")}
	file, err := os.ReadFile(filepath.Join(dir, "sandbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "sandbox.json"))
	if err != nil {
		t.Fatal(err)
	}
	var state struct{ Token string }
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	r.token = state.Token
	r.open(change...)
	r.moveClock(time.Date(2026, 12, 2, 14, 20, 0, 0, time.UTC).Sub(r.s.Now()))
	return r
}

func TestContactsOfVersion1(t *testing.T) {
	r := previous(t)
	tests := []struct{ name, path, want string }{
		{"all, the newest first", "?locationId=LOC", "Bob Ann Noel Yoyoda Grava"},
		{"a page", "?locationId=LOC&limit=2", "Bob Ann"},
		{"after a contact", "?locationId=LOC&startAfterId=8v9q1uv83bMeMhV5Dzee", "Noel Yoyoda Grava"},
		{"after one that was deleted", "?locationId=LOC&startAfterId=sg1oK1mNJvZjgBT08W0P", "Bob Ann Noel Yoyoda Grava"},
		{"by name", "?locationId=LOC&query=ann+lee", "Ann"},
		{"by e-mail", "?locationId=LOC&query=BOB@", "Bob"},
		{"by phone", "?locationId=LOC&query=" + url.QueryEscape("+1202"), "Ann"},
		{"of a business", "business/biz_1", "Ann"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var page struct{ Contacts []struct{ FirstName string } }
			r.must("GET", "/contacts/"+strings.ReplaceAll(tt.path, "LOC", r.location), "", &page)
			var names []string
			for _, c := range page.Contacts {
				names = append(names, c.FirstName)
			}
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
	if r.creates(`"phone":"+12025550101"`) {
		t.Error("a duplicate was created")
	}
}

func TestTokensOfVersion1(t *testing.T) {
	r := previous(t)
	all, err := r.s.Tokens()
	if err != nil || len(all) != 2 || all[0].Name != "start" || all[1].Name != "reports" || all[1].OldExpires.IsZero() {
		t.Fatalf("%+v, %v", all, err)
	}
	const before, after = "pit_etdl7pbx3wwgagpyujmll3taysxqsd5d", "pit_naw2e4lixszv3ncf2fjmvitv65jw54zy"
	if !r.s.Works(r.token) || !r.s.Works(before) || !r.s.Works(after) {
		t.Error("a token of version 1 does not work")
	}
	if r.moveClock(7 * day); r.s.Works(before) || !r.s.Works(after) {
		t.Error("the overlap did not end")
	}
}

func TestRetriesOfVersion1(t *testing.T) {
	app, target := receiving(t, 200)
	r := previous(t, func(o *Options) { o.Target = func() string { return target } })
	page, err := r.s.Log(LogQuery{})
	if err != nil || page.Rates != (Rates{All: 7, Delivered: 2, Failed: 1, Retrying: 3, Unsent: 1}) {
		t.Fatalf("%+v, %v", page.Rates, err)
	}
	settings, err := r.s.App()
	if err != nil || !settings.Events["NoteCreate"].Off {
		t.Errorf("%+v, %v", settings, err)
	}
	retrying, err := r.s.Log(LogQuery{State: StateRetrying})
	if err != nil || len(retrying.Deliveries) != 3 {
		t.Fatalf("%d webhooks are retrying, %v", len(retrying.Deliveries), err)
	}
	stop := r.running()
	r.moveClock(15 * time.Minute)
	if page := r.finished(7); page.Rates.Delivered != 5 {
		t.Errorf("%+v", page.Rates)
	}
	signatures := map[string]string{}
	for _, got := range app.all() {
		signatures[got.body] = got.header.Get(taskee.HeaderRSA)
	}
	for _, d := range retrying.Deliveries {
		if len(d.Attempts) != 2 || signatures[string(d.Body)] != d.Header.Get(taskee.HeaderRSA) {
			t.Errorf("%s after %d attempts was not sent with the same bytes and signature", d.WebhookID, len(d.Attempts))
		}
	}
	stop()
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	r.open()
	if page, err := r.s.Log(LogQuery{}); err != nil || page.Rates.Delivered != 5 {
		t.Errorf("opened again: %+v, %v", page.Rates, err)
	}
}

// TestVersion1IsStopped holds the record that makes version 1 refuse a newer
// file in words: it reads all private integrations when it opens a file.
func TestVersion1IsStopped(t *testing.T) {
	for name, r := range map[string]*rig{"new": newRig(t), "converted": previous(t)} {
		n := 0
		err := r.s.view(func(t *txn) error {
			for k, record := range t.each(bucketOldTokens, nil) {
				n++
				var one storedToken
				if err := decode(k, record, &one); err != nil {
					return err
				}
			}
			return nil
		})
		if n != 1 || err == nil || !strings.Contains(err.Error(), "written by a newer taskhook: update taskhook") {
			t.Errorf("%s: after %d records version 1 would report %v", name, n, err)
		}
	}
}

func TestANewerFileIsRefused(t *testing.T) {
	r := newRig(t)
	err := r.s.update(t.Context(), func(t *txn) error {
		t.put(bucketMeta, schemaKey, schema+1)
		return nil
	})
	if err := errors.Join(err, r.s.Close()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(r.path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), r.path, Options{Signer: ed25519Signer()})
	if !errors.Is(err, ErrNewerSchema) || !strings.Contains(err.Error(), "its layout is version 3, and this taskhook knows those up to 2") {
		t.Errorf("opened with %v", err)
	}
	after, err := os.ReadFile(r.path)
	if err != nil || string(after) != string(before) {
		t.Errorf("the file was changed, %v", err)
	}
	files, err := filepath.Glob(r.path + ".*")
	if err != nil || len(files) != 1 { // its lock
		t.Errorf("beside the file there is %v, %v", files, err)
	}
}

func TestAnotherProgramsFileIsSetAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sandbox.db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("other")); return err })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path, Options{Signer: ed25519Signer()})
	if err != nil {
		t.Fatal(err)
	}
	if aside := s.SetAside(); !strings.Contains(aside, "it is not a sandbox of taskhook") {
		t.Errorf("set aside: %q", aside)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
