package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/taskhook/taskhook/webhook"
)

var everything = webhook.Parts{Payload: true, Attempts: true}

// readAll reads all chunks of a query.
func readAll(t testing.TB, s *Store, q webhook.Query) []webhook.Chunk {
	t.Helper()
	var all []webhook.Chunk
	for b, err := range s.Read(background, q) {
		if err != nil {
			t.Fatalf("Read: %v", err)
		}
		all = append(all, b)
	}
	return all
}

func records(all []webhook.Chunk) (out []webhook.Record) {
	for _, b := range all {
		out = append(out, b.Records...)
	}
	return out
}

func recordIDs(all []webhook.Chunk) []webhook.ID {
	out := []webhook.ID{}
	for _, r := range records(all) {
		out = append(out, r.ID)
	}
	return out
}

func TestAReadYieldsWhatIsAskedFor(t *testing.T) {
	s := newStore(t)
	id := answered(t, s, newEvent("w1"), 500)
	mustTry(t, s, resent(id, 200))
	large := newEvent("w2")
	large.Body = bytes.Repeat([]byte{0, 0xff}, 100_000)
	large.BodySize = int64(len(large.Body))
	mustPut(t, s, large)
	noBody := newEvent("w3")
	noBody.Body, noBody.NoBody = nil, true
	mustPut(t, s, noBody)

	for _, parts := range []webhook.Parts{{}, {Payload: true}, {Attempts: true}, everything} {
		got := records(readAll(t, s, webhook.Query{Parts: parts, Order: webhook.OrderArrival}))
		if len(got) != 3 {
			t.Fatalf("%+v: %d events", parts, len(got))
		}
		for i, r := range got {
			want := webhook.Record{Summary: summary(t, s, webhook.ID(i+1))}
			e, err := s.Event(t.Context(), r.ID)
			if err != nil {
				t.Fatal(err)
			}
			if parts.Payload {
				want.Event = e
			}
			if parts.Attempts {
				if want.History, err = s.Attempts(t.Context(), r.ID); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(want, r); diff != "" {
				t.Errorf("%+v of %s (-want +got)\n%s", parts, r.ID, diff)
			}
		}
	}
	r, err := webhook.ReadRecord(t.Context(), s, 1, everything)
	if err != nil || len(r.History) != 2 || len(r.Body) == 0 {
		t.Errorf("ReadRecord = %+v, %v", r, err)
	}
	if _, err := webhook.ReadRecord(t.Context(), s, 9, everything); !errors.Is(err, webhook.ErrNotFound) {
		t.Errorf("ReadRecord of none = %v", err)
	}
}

func TestAReadGoesInEitherDirection(t *testing.T) {
	s := newStore(t)
	base := time.Now().Add(-time.Hour).UTC().Round(time.Second)
	for i := range 6 {
		e := newEvent(fmt.Sprint("w", i))
		e.ReceivedAt = base.Add(time.Duration(i) * time.Minute)
		answered(t, s, e, []int{200, 500}[i%2])
	}
	if _, err := s.Delete(t.Context(), []webhook.ID{5}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		q    webhook.Query
		want []webhook.ID
	}{
		{"everything", webhook.Query{}, []webhook.ID{1, 2, 3, 4, 6}},
		{"after a cursor", webhook.Query{Cursor: 3}, []webhook.ID{4, 6}},
		{"after a cursor that is gone", webhook.Query{Cursor: 5}, []webhook.ID{6}},
		{"after the last", webhook.Query{Cursor: 6}, []webhook.ID{}},
		{"at most", webhook.Query{Limit: 2, Cursor: 1}, []webhook.ID{2, 3}},
		{"some IDs", webhook.Query{IDs: []webhook.ID{6, 99, 2, 2, 4}}, []webhook.ID{2, 4, 6}},
		{"some IDs after a cursor", webhook.Query{IDs: []webhook.ID{6, 2, 4}, Cursor: 2}, []webhook.ID{4, 6}},
		{"no IDs", webhook.Query{IDs: []webhook.ID{}}, []webhook.ID{}},
		{"a filter", webhook.Query{Filter: "status:500"}, []webhook.ID{2, 4, 6}},
		{"a range", webhook.Query{Filter: "id:2..4"}, []webhook.ID{2, 3, 4}},
		{"a range after a cursor", webhook.Query{Filter: "id:>=2", Cursor: 3}, []webhook.ID{4, 6}},
		{"nothing fits", webhook.Query{Filter: "id:5"}, []webhook.ID{}},
	} {
		q := tt.q
		q.Order = webhook.OrderArrival
		if got := recordIDs(readAll(t, s, q)); !slices.Equal(got, tt.want) {
			t.Errorf("%s, oldest first: %v, want %v", tt.name, got, tt.want)
		}
		if tt.q.Cursor != 0 || tt.q.Limit != 0 {
			continue
		}
		slices.Reverse(tt.want)
		if got := recordIDs(readAll(t, s, tt.q)); !slices.Equal(got, tt.want) {
			t.Errorf("%s, newest first: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestChunksAreBoundedAndGoOnWhereOneEnded(t *testing.T) {
	s := newStore(t)
	const n = 2*chunkEvents + 3
	fill(t, s, n)
	for _, order := range []webhook.Order{webhook.OrderTime, webhook.OrderArrival, webhook.OrderDuration} {
		q := webhook.Query{Order: order}
		all := readAll(t, s, q)
		want := recordIDs(all)
		if len(want) != n || len(all) != 3 || len(all[0].Records) != chunkEvents {
			t.Errorf("%q: %d events in %d chunks, the first of %d", order, len(want), len(all), len(all[0].Records))
		}
		if last := all[len(all)-1]; last.Next != 0 || last.Position.Event != n {
			t.Errorf("%q: the last chunk has next %s, position %+v", order, last.Next, last.Position)
		}
		q.Cursor, q.Limit = all[0].Next, chunkEvents+1
		rest := readAll(t, s, q)
		if got := recordIDs(rest); !slices.Equal(got, want[chunkEvents:2*chunkEvents+1]) {
			t.Errorf("%q: %d events after the first chunk, %s to %s", order, len(got), got[0], got[len(got)-1])
		}
		if next := rest[len(rest)-1].Next; next != want[2*chunkEvents] {
			t.Errorf("%q: it goes on after %s, want %s", order, next, want[2*chunkEvents])
		}
	}
	large := newEvent("large")
	large.Body = make([]byte, chunkBytes)
	for range 3 {
		mustPut(t, s, large)
	}
	all := readAll(t, s, webhook.Query{Limit: 3, Parts: everything})
	if len(all) != 3 {
		t.Errorf("three large bodies come in %d chunks", len(all))
	}
	if _, err := webhook.ReadPage(t.Context(), s, webhook.Query{Order: webhook.OrderDuration, Cursor: 99_999}); !errors.Is(err, webhook.ErrNotFound) {
		t.Errorf("a cursor that is gone = %v", err)
	}
}

// No transaction is open while the consumer works: with one, a write that makes
// the file grow would wait for the consumer, and hang here.
func TestAReadHoldsNothingBetweenChunks(t *testing.T) {
	s := newStore(t)
	fill(t, s, chunkEvents+1)
	chunks := 0
	for b, err := range s.Read(t.Context(), webhook.Query{Parts: everything, Order: webhook.OrderArrival}) {
		if err != nil {
			t.Fatal(err)
		}
		if chunks++; chunks == 1 {
			later := newEvent("later") // not part of what was asked for
			later.Body = make([]byte, 64<<20)
			mustPut(t, s, later)
			if _, err := s.Delete(t.Context(), []webhook.ID{chunkEvents + 1}); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if len(b.Records) != 0 {
			t.Errorf("read %v", recordIDs([]webhook.Chunk{b}))
		}
	}
	if chunks != 2 {
		t.Errorf("%d chunks", chunks)
	}
}

func TestAReadSaysWhatIsDamagedAndGoesOn(t *testing.T) {
	for _, tt := range []struct {
		name   string
		key    []byte
		listed bool // without payload and attempts
		reason string
	}{
		{"row", rowKey(2), false, "its checksum does not fit"},
		{"event", recordKey(2, kindEvent), false, "its checksum does not fit"},
		{"body", recordKey(2, kindBody), true, "the body: its checksum does not fit"},
		{"attempt", attemptKey(2, kindAttempt, 2), true, "attempt 2: its checksum does not fit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := three(t)
			damage(t, path, bucketEvents, tt.key)
			s := mustOpen(t, path, Options{ReadOnly: true})
			for _, q := range []webhook.Query{{}, {Order: webhook.OrderArrival}, {Order: webhook.OrderDuration}, {IDs: []webhook.ID{1, 2, 3}}, {Filter: "status:500"}} {
				for _, parts := range []webhook.Parts{{}, everything} {
					q.Parts = parts
					var skipped []webhook.DamagedError
					all := readAll(t, s, q)
					for _, b := range all {
						skipped = append(skipped, b.Damaged...)
					}
					want, events := []webhook.DamagedError{{ID: 2, Reason: tt.reason}}, 2
					if tt.listed && parts == (webhook.Parts{}) {
						want, events = nil, 3
					}
					if diff := cmp.Diff(want, skipped); diff != "" || len(records(all)) != events {
						t.Errorf("%+v: %d events, skipped (-want +got)\n%s", q, len(records(all)), diff)
					}
				}
			}
			_, err := webhook.ReadRecord(t.Context(), s, 2, everything)
			if want := "#2: the stored event is damaged: " + tt.reason; !errors.Is(err, webhook.ErrDamaged) || err.Error() != want {
				t.Errorf("ReadRecord = %v, want %s", err, want)
			}
		})
	}
}

func TestAReadEndsWithItsContextAndItsConsumer(t *testing.T) {
	s := newStore(t)
	fill(t, s, 2*chunkEvents)
	for _, order := range []webhook.Order{webhook.OrderTime, webhook.OrderDuration} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var last error
		chunks := 0
		for _, err := range s.Read(ctx, webhook.Query{Order: order}) {
			cancel()
			last = err
			chunks++
		}
		if !errors.Is(last, context.Canceled) || chunks != 2 {
			t.Errorf("%q: %d chunks, then %v", order, chunks, last)
		}
		for _, err := range s.Read(t.Context(), webhook.Query{Order: order}) {
			if err != nil {
				t.Error(err)
			}
			break
		}
	}
}
