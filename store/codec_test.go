package store

import (
	"bytes"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/webhook"
)

func TestDecisionsAreStoredAsBefore(t *testing.T) {
	order := []webhook.Decision{"", "unsigned", "bad signature", "malformed", "loop", "browser", "ignored", "passed"}
	if len(decisions) < len(order) || !slices.Equal(decisions[:len(order)], order) {
		t.Errorf("stored decisions %q, want first %q", decisions, order)
	}
}

// FuzzRow holds that no bytes panic, and that a row that decodes encodes to
// the same bytes but for what is reserved.
func FuzzRow(f *testing.F) {
	key := idKey(7)
	r := row{verdict: 1, by: 2, status: 429, flags: flagMarked, share: 3, received: -1, earlier: 4, stored: math.MaxUint64}
	f.Add(r.encode(key))
	f.Add(make([]byte, rowSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == rowSize { // let it be read
			copy(b[6:8], []byte{0, 0})
			copy(b[112:], make([]byte, rowSize-boltfile.SumSize-112))
			copy(b[rowSize-boltfile.SumSize:], sealedSum(key, b[:rowSize-boltfile.SumSize]))
		}
		var got row
		if got.decode(key, b) != nil {
			return
		}
		if again := got.encode(key); !bytes.Equal(again, b) {
			t.Errorf("decoded  %x\nencoded %x", b, again)
		}
		_ = got.class()
		if got.decode(idKey(8), b) == nil {
			t.Error("it is taken for another event's")
		}
	})
}

func sealedSum(key, payload []byte) []byte {
	return boltfile.Seal(key, append(make([]byte, boltfile.SumSize), payload...))[:boltfile.SumSize]
}

func TestExtrasOfALaterVersionAreSkipped(t *testing.T) {
	want := received(1, 200)
	want.Notes, want.Waited, want.Host, want.Unforwarded = []string{"its answer had two lengths", ""}, time.Second, "app.test", true
	want.Trailer = http.Header{"X-Sum": {"7", "8"}}
	want.Signed = http.Header{"X-Wh-Signature": {"c2ln"}, "X-Ghl-Signature": {}}
	b := newAttemptRecords(&want).attempt
	b = append(b, 0x7f, 2, 'h', 'i') // number 127, two bytes
	var got webhook.Attempt
	if _, _, err := readAttempt(b[boltfile.SumSize:], &got); err != nil {
		t.Fatal(err)
	}
	if got.Delivery = want.Delivery; !cmp.Equal(want.Notes, got.Notes) || got.Waited != want.Waited || got.Unforwarded != want.Unforwarded || got.Host != want.Host || !cmp.Equal(want.Trailer, got.Trailer) || !cmp.Equal(want.Signed, got.Signed) {
		t.Errorf("read %+v", got)
	}
	if _, _, err := readAttempt(b[boltfile.SumSize:len(b)-1], &got); err == nil {
		t.Error("a record that is cut short was read")
	}
}

func TestRareValuesOfAnEventAreKept(t *testing.T) {
	want := newEvent("w")
	want.Trailer, want.Notes = http.Header{"X-Sum": {"7"}}, []string{"a note"}
	want.Head, want.Count = "POST /%zz HTTP/1.1\nHost: x", 1224
	var got webhook.Event
	if err := readEvent(newEventRecord(want)[boltfile.SumSize:], &got, true); err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(want.Trailer, got.Trailer) || !cmp.Equal(want.Notes, got.Notes) || got.Head != want.Head || got.Count != want.Count {
		t.Errorf("read %+v", got)
	}
}

func TestExtrasCostNothingWhereThereAreNone(t *testing.T) {
	e := newEvent("w")
	if n := testing.AllocsPerRun(100, func() { (&codec{}).eventExtras(e) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzEventRecord and FuzzAttemptRecord hold that no bytes panic or take much
// memory, and that what decodes survives another round.
func FuzzEventRecord(f *testing.F) {
	f.Add(newEventRecord(newEvent("w"))[boltfile.SumSize:])
	noted := newEvent("w")
	noted.Trailer, noted.Notes = http.Header{"X-Sum": {"7"}}, []string{"a note"}
	noted.Head, noted.Count = "POST /%zz HTTP/1.1", 1224
	f.Add(newEventRecord(noted)[boltfile.SumSize:])
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var e, again webhook.Event
		if readEvent(b, &e, true) != nil {
			return
		}
		if err := readEvent(newEventRecord(&e)[boltfile.SumSize:], &again, true); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, again); diff != "" {
			t.Error(diff)
		}
	})
}

func FuzzAttemptRecord(f *testing.F) {
	a := received(1, 500)
	a.Sent = &webhook.Request{Method: "POST", Body: []byte("x"), Header: http.Header{"A": nil}}
	records := newAttemptRecords(&a)
	f.Add(records.attempt[boltfile.SumSize:], records.sent[boltfile.SumSize:])
	f.Fuzz(func(t *testing.T, attempt, sent []byte) {
		var a, again webhook.Attempt
		if _, _, err := readAttempt(attempt, &a); err == nil {
			records := newAttemptRecords(&a)
			records.setDelivery(a.Delivery)
			if _, _, err := readAttempt(records.attempt[boltfile.SumSize:], &again); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(a, again); diff != "" {
				t.Error(diff)
			}
		}
		if s, err := readSent(sent); err == nil {
			records := newAttemptRecords(&webhook.Attempt{Sent: s})
			if again, err := readSent(records.sent[boltfile.SumSize:]); err != nil || !cmp.Equal(s, again) {
				t.Errorf("%v, %s", err, cmp.Diff(s, again))
			}
		}
	})
}

func TestEveryFlippedBitOfARecordIsSeen(t *testing.T) {
	key := idKey(7)
	r := row{verdict: 1, status: 200, share: 1}
	for name, record := range map[string][]byte{"row": r.encode(key), "record": boltfile.Seal(key, newEventRecord(newEvent("w")))} {
		for bit := range len(record) * 8 {
			record[bit/8] ^= 1 << (bit % 8)
			var got row
			_, err := boltfile.Unseal(key, record)
			if name == "row" {
				err = got.decode(key, record)
			}
			if err == nil {
				t.Fatalf("%s: bit %d is not seen", name, bit)
			}
			record[bit/8] ^= 1 << (bit % 8)
		}
	}
}

func TestTimesInRowsSurviveOrAreDrawnToTheirLimits(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		want := time.Unix(0, rapid.Int64().Draw(r, "nanoseconds")).UTC()
		if got := fromNanos(nanos(want)); want.UnixNano() != 0 && !got.Equal(want) && want.Year() >= 1678 && want.Year() <= 2261 {
			r.Errorf("%v became %v", want, got)
		}
	})
	if nanos(time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC)) != math.MinInt64 || nanos(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)) != math.MaxInt64 {
		t.Error("times out of range are not drawn to the limits")
	}
	if !fromNanos(nanos(time.Time{})).IsZero() {
		t.Error("the zero time is not kept")
	}
}
