package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/webhook"
)

// previous is a store that layout 1 wrote, see its README.
const previous = "../testdata/previous/store/events.db"

// previousEnd is when it was taken from its listener, killed with an event in
// flight.
var previousEnd = time.Date(2026, 12, 1, 14, 56, 2, 0, time.UTC)

// copyPrevious puts a copy of it where a test may change it.
func copyPrevious(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(previous)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "events.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// previousEvents are its events: what has become of each, and the statuses of
// its attempts.
var previousEvents = []struct {
	eventType string
	state     webhook.State
	decision  webhook.Decision
	attempts  string
}{
	{"ContactCreate", webhook.StateDelivered, "", "received 200, resend 200, resend 200"},
	{"ContactUpdate", webhook.StateFailed, "", "received 500"},
	{"TaskCreate", webhook.StateRetrying, "", "received 429"},
	{"InvoicePaid", webhook.StateDelivered, "", "received 429"}, // came again as the next
	{"InvoicePaid", webhook.StateDelivered, "", "received 200"},
	{"NoteCreate", webhook.StateRejected, webhook.RejectedUnsigned, ""},
	{"ContactDelete", webhook.StateRejected, webhook.RejectedSignature, ""},
	{"OpportunityCreate", webhook.StateRecovered, "", "received 500, resend 200"},
	{"AppointmentCreate", webhook.StateDelivered, "", "received 200, simulation 429, simulation 429, simulation 200"},
	{"TaskDelete", webhook.StateFailed, "", "received 401"}, // by a fault: layout 1 took it for a bad signature
	{"", webhook.StateFailed, "", ""},                       // too large
	{"", webhook.StateDelivered, "", "received 200"},        // binary
	{"", webhook.StateRejected, webhook.RejectedMalformed, ""},
	{"ContactTagUpdate", webhook.StateDelivered, "", "received 200"},
	{"NoteUpdate", webhook.StateFailed, "", "received 0"}, // the sender had gone
	{"UserCreate", webhook.StateFailed, "", "received 0"},
	{"ContactDelete", webhook.StateRecovered, "", "received 0, resend 200"},
	{"OrderCreate", webhook.StateRetrying, "", "received 0"}, // shielded
	{"NoteUpdate", webhook.StateInterrupted, "", ""},
	{"LocationUpdate", webhook.StateDelivered, "", "received 200"},
	{"NoteUpdate", webhook.StateInterrupted, "", ""}, // when it is opened now
}

func TestAStoreOfThePreviousVersionIsRead(t *testing.T) {
	path := copyPrevious(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, how := range []struct {
		name     string
		readOnly bool
	}{{"without a change to it", true}, {"converted", false}, {"once it is converted", true}} {
		t.Run(how.name, func(t *testing.T) {
			s, err := Open(path, Options{ReadOnly: how.readOnly})
			if err != nil {
				t.Fatal(err)
			}
			checkPrevious(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			after, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if how.name == "without a change to it" && !bytes.Equal(after, before) {
				t.Error("the file has changed")
			}
		})
	}
}

func checkPrevious(t *testing.T, s *Store) {
	t.Helper()
	all := list(t, s, webhook.Query{})
	slices.Reverse(all)
	if len(all) != len(previousEvents) || s.SetAside() != "" {
		t.Fatalf("%d events, %s", len(all), s.SetAside())
	}
	for i, want := range previousEvents {
		sum := all[i]
		if got := sum.State(previousEnd); sum.Type != want.eventType || got != want.state || sum.Decision != want.decision || sum.Outcome.Decision != want.decision {
			t.Errorf("%s is a %q, %s, %q", sum.ID, sum.Type, got, sum.Decision)
		}
		attempts, err := s.Attempts(t.Context(), sum.ID)
		var tried []string
		for _, a := range attempts {
			tried = append(tried, fmt.Sprintf("%s %d", a.Trigger, a.StatusCode))
		}
		if got := strings.Join(tried, ", "); err != nil || got != want.attempts || sum.Attempts != len(attempts) {
			t.Errorf("%s was tried %q, %v", sum.ID, got, err)
		}
		if e, err := s.Event(t.Context(), sum.ID); err != nil || !e.NoBody && int64(len(e.Body)) != e.BodySize {
			t.Errorf("%s has %d of %d bytes, %v", sum.ID, len(e.Body), e.BodySize, err)
		}
	}
	checkPreviousContent(t, s)
	checkPreviousFlags(t, all)
	checkPreviousCounts(t, s)
	for text, want := range map[string][]webhook.ID{
		"state:rejected":                 {13, 7, 6},
		"state:recovered":                {17, 8},
		"state:interrupted":              {21, 19},
		"state:failed type:*":            {16, 15, 11, 10, 2},
		"state:ignored|passed":           {},
		"is:marked state:delivered":      {9},
		`(.email == "jane@example.com")`: {17, 14, 2, 1},
	} {
		if got := ids(list(t, s, webhook.Query{Filter: text})); !slices.Equal(got, want) {
			t.Errorf("%s selects %v, want %v", text, got, want)
		}
	}
}

// checkPreviousContent holds that bytes, headers and settings are as they were.
func checkPreviousContent(t *testing.T, s *Store) {
	t.Helper()
	attempts, err := s.Attempts(t.Context(), 1)
	if err != nil || attempts[0].Sent != nil || attempts[1].Sent == nil || !bytes.Contains(attempts[2].Sent.Body, []byte(`"firstName":"Zoe"`)) {
		t.Errorf("the resends of #1 are %+v, %v", attempts, err)
	}
	if binary, err := s.Event(t.Context(), 12); err != nil || string(binary.Body) != "\x00\x01\x02\xffbinary\x80" {
		t.Errorf("the binary body is %q, %v", binary.Body, err)
	}
	if forged, err := s.Event(t.Context(), 7); err != nil || !slices.Equal(forged.Header["X-Two"], []string{"1", "2"}) {
		t.Errorf("the headers of #7 are %v, %v", forged.Header, err)
	}
	if target, err := s.Setting("target"); err != nil || target != "http://127.0.0.1:13579/webhooks" {
		t.Errorf("the last target is %q, %v", target, err)
	}
}

// checkPreviousFlags holds what the rows know beside the outcome.
func checkPreviousFlags(t *testing.T, all []webhook.Summary) {
	t.Helper()
	tests := []struct {
		id   webhook.ID
		what string
		has  func(webhook.Summary) bool
	}{
		{2, "marked", func(e webhook.Summary) bool { return e.Marked }},
		{4, "redelivered", func(e webhook.Summary) bool { return e.RedeliveredAs == 5 }},
		{5, "a redelivery", func(e webhook.Summary) bool { return e.RedeliveryOf == 4 && e.Try == 2 }},
		{9, "marked and simulated", func(e webhook.Summary) bool { return e.Marked && e.Simulated }},
		{10, "faulted", func(e webhook.Summary) bool { return e.Faulted }},
		{14, "unsuccessful", func(e webhook.Summary) bool { return e.Unsuccessful }},
		{18, "shielded", func(e webhook.Summary) bool { return e.Outcome.Answer.Shielded }},
	}
	for _, tt := range tests {
		if e := all[tt.id-1]; !tt.has(e) {
			t.Errorf("%s is not %s: %+v", tt.id, tt.what, e)
		}
	}
}

func checkPreviousCounts(t *testing.T, s *Store) {
	t.Helper()
	c, err := s.Counts(t.Context())
	// Whether the two retries are overdue depends on today.
	want := webhook.Counts{Events: 21, Delivered: 9, Rejected: 3, Unsuccessful: 1, Retrying: c.Retrying, Failed: 9 - c.Retrying, Bytes: c.Bytes, LastHour: c.LastHour}
	if err != nil || c != want {
		t.Errorf("Counts = %+v, %v", c, err)
	}
}

func TestAConvertedStoreGoesOnWhereItWas(t *testing.T) {
	path := copyPrevious(t)
	s := mustOpen(t, path, Options{})
	if s.Interrupted() != 1 {
		t.Errorf("%d events were in flight", s.Interrupted())
	}
	if id := mustPut(t, s, newEvent("w")); id != 22 {
		t.Errorf("the next event is %s", id)
	}
	mustTry(t, s, resent(2, 200))
	if got := state(t, s, 2); got != webhook.StateRecovered {
		t.Errorf("#2 was resent and is %s", got)
	}
	err := s.view(background, func(txn *txn) error {
		c, err := txn.readCounters()
		if again := txn.recount(c.LastID, c.LastSeq); err != nil || c != again {
			t.Errorf("counters %+v, %v\ncounted  %+v", c, err, again)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s, path, Options{})
	if s.schema != schema || s.Interrupted() != 1 { // the one just put
		t.Errorf("opened again it has layout %d, %d events in flight", s.schema, s.Interrupted())
	}
}

// TestAConversionIsDoneOrNot holds that a crash in the middle leaves the store
// as it was: all is one transaction.
func TestAConversionIsDoneOrNot(t *testing.T) {
	path := copyPrevious(t)
	s := mustOpen(t, path, Options{ReadOnly: true})
	before := list(t, s, webhook.Query{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	crash := errors.New("crash")
	crashed := filepath.Join(t.TempDir(), "events.db")
	err = db.Update(func(tx *bbolt.Tx) error {
		if err := convert(tx); err != nil {
			return err
		}
		onDisk, err := os.ReadFile(path)
		return errors.Join(err, os.WriteFile(crashed, onDisk, 0o600), crash)
	})
	if !errors.Is(err, crash) {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, crashed} {
		s := mustOpen(t, path, Options{ReadOnly: true})
		if diff := cmp.Diff(before, list(t, s, webhook.Query{})); s.schema != 1 || diff != "" {
			t.Errorf("it has layout %d and other events:\n%s", s.schema, diff)
		}
	}
}

func TestADamagedRowDoesNotStopAConversion(t *testing.T) {
	path := copyPrevious(t)
	damage(t, path, bucketEvents, rowKey(7))
	s := mustOpen(t, path, Options{})
	if got := ids(list(t, s, webhook.Query{Filter: "state:rejected"})); !slices.Equal(got, []webhook.ID{13, 6}) {
		t.Errorf("rejected are %v", got)
	}
	if _, err := s.Summary(t.Context(), 7); !errors.Is(err, webhook.ErrDamaged) {
		t.Errorf("Summary = %v", err)
	}
}

// TestEveryVersionFindsTheSchemaInOnePlace holds the number that older versions
// compare, and where and how they read it: they must refuse this layout.
func TestEveryVersionFindsTheSchemaInOnePlace(t *testing.T) {
	path := three(t)
	record := []byte{0, 0, 0, 2}
	sum := crc32.Checksum(append([]byte("schema"), record...), crc32.MakeTable(crc32.Castagnoli))
	record = append(binary.BigEndian.AppendUint32(nil, sum), record...)
	editFile(t, path, func(tx *bbolt.Tx) error {
		if got := tx.Bucket([]byte("meta")).Get([]byte("schema")); !bytes.Equal(got, record) {
			t.Errorf("the record is %x, want %x", got, record)
		}
		return nil
	})
}
