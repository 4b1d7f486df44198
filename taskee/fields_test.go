package taskee

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	sent := time.Date(2026, 1, 28, 14, 35, 0, 123e6, time.UTC)
	whole := Fields{"ContactCreate", "id-1", sent, "loc"}
	tests := []struct {
		name, body string
		want       Fields
	}{
		{"flat", `{"type":"ContactCreate","locationId":"loc","id":"x","timestamp":"2026-01-28T14:35:00.123Z","webhookId":"id-1"}`, whole},
		{"nested", `{"type":"ContactCreate","timestamp":"2026-01-28T14:35:00.123Z","webhookId":"id-1","data":{"locationId":"loc","type":"other","webhookId":"other"}}`, whole},
		{"all under data", `{"event":1,"data":{"type":"ContactCreate","timestamp":"2026-01-28T14:35:00.123Z","webhookId":"id-1","locationId":"loc"}}`, whole},
		{"spaced", " \r\n{ \"type\" :\t\"ContactCreate\" , \"locationId\":\"loc\",\n\"timestamp\": \"2026-01-28T14:35:00.123Z\" ,\"webhookId\" : \"id-1\" } \n", whole},
		{"escaped", `{"t\u0079pe":"Contact\u0043reate","locationId":"loc","timestamp":"2026-01-28T14:35:00.123Z","webhookId":"id\u002d1"}`, whole},
		{"the last of equal keys", `{"type":"A","webhookId":"a","type":"ContactCreate","webhookId":"id-1","data":{"locationId":"x"},"data":{"locationId":"loc"},"timestamp":1,"timestamp":1769610900123}`, whole},
		{"the last of equal keys, of another kind", `{"type":"A","type":7}`, Fields{}},
		{"cut off", `{"type":"ContactCreate","locationId":"loc","timestamp":"2026-01-28T14:35:00.123Z","webhookId":"id-1","note":"xx`, whole},
		{"broken inside", `{"type":"ContactCreate","locationId":"loc","timestamp":"2026-01-28T14:35:00.123Z","webhookId":"id-1","bad":[tru,],"type":"B"}`, whole},
		{"a byte order mark", "\ufeff" + `{"type":"A"}`, Fields{Type: "A"}},
		{"an unknown type", `{"type":"SomethingNew"}`, Fields{Type: "SomethingNew"}},
		{"a number as webhookId", `{"webhookId":1234567890123456789}`, Fields{WebhookID: "1234567890123456789"}},
		{"other kinds", `{"type":1,"webhookId":[1],"timestamp":{},"locationId":null,"data":[1]}`, Fields{}},
		{"data is text", `{"data":"{\"type\":\"A\"}"}`, Fields{}},
		{"not UTF-8", "{\"type\":\"A\xff\"}", Fields{Type: "A\ufffd"}},
		{"a name longer than names are", `{"type":"` + strings.Repeat("x", 300) + `","webhookId":"` + strings.Repeat("\xff", 200) + `"}`, Fields{}},
		{"an array", `[{"type":"A"}]`, Fields{}},
		{"a string", `"type"`, Fields{}},
		{"not JSON", "type=A", Fields{}},
		{"empty", "", Fields{}},
		{"an empty object", "{}", Fields{}},
		{"large", `{"type":"ContactCreate","blob":"` + strings.Repeat(`\"{`, 5<<20/3) + `","many":[` + strings.Repeat(`{"type":"x"},`, 100_000) + `1],"locationId":"loc","timestamp":"2026-01-28T14:35:00.123Z","webhookId":"id-1"}`, whole},
		{"deep", strings.Repeat(`{"data":`, 100_000), Fields{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Parse([]byte(tt.body)); got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestTimesInABody(t *testing.T) {
	want := time.Date(2026, 1, 28, 14, 35, 0, 0, time.UTC)
	tests := []struct {
		raw  string
		want time.Time
	}{
		{`"2026-01-28T14:35:00.000Z"`, want},
		{`"2026-01-28T14:35:00Z"`, want},
		{`"2026-01-28T20:05:00+05:30"`, want},
		{`"2026-01-28T14:35:00.000+0000"`, want},
		{`"2026-01-28T14:35:00"`, want},
		{`"2026-01-28 14:35:00"`, want},
		{`"2026-01-28 14:35:00.000Z"`, want},
		{`"2026-01-28"`, time.Date(2026, 1, 28, 0, 0, 0, 0, time.UTC)},
		{"1769610900000", want},
		{"1769610900", want},
		{"1769610900.0", want},
		{"1769610900.25", want.Add(250 * time.Millisecond)},
		{`"1769610900000"`, want},
		{`"1769610900"`, want},
		{"1.7696109e9", want},
		{"0", time.Unix(0, 0).UTC()},
		{`""`, time.Time{}}, {`"soon"`, time.Time{}}, {"null", time.Time{}}, {"true", time.Time{}}, {"[1769610900]", time.Time{}}, {"-1", time.Time{}},
		{"1e300", time.Time{}}, {"1e400", time.Time{}}, {"-1e400", time.Time{}}, {"9e15", time.Time{}}, {"1769610900x", time.Time{}},
		{`"9999-12-31T23:59:59-10:00"`, time.Time{}}, {`"0000-01-01T00:00:00Z"`, time.Time{}}, {`"2026-13-01"`, time.Time{}},
		{`"` + strings.Repeat("1", 100) + `"`, time.Time{}},
	}
	for _, tt := range tests {
		t.Run(tt.raw, func(t *testing.T) {
			got := Parse([]byte(`{"timestamp":` + tt.raw + `}`)).SentAt
			if !got.Equal(tt.want) || got.Location() != time.UTC {
				t.Errorf("%s, want %s", got, tt.want)
			}
			if _, err := got.MarshalJSON(); err != nil {
				t.Error(err)
			}
		})
	}
}

// FuzzParse holds that any bytes can be parsed, that what comes of it can be
// stored, and that the values of a valid object are those the standard library
// finds.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"type":"A","webhookId":"b","timestamp":1769610900,"data":{"locationId":"x"}}`, `{"data":{"type":"A"}}`, "[", "", `{"type":"\ud83d","timestamp":"9999-12-31T23:59:59-23:00"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e := Parse(body)
		if len(e.Type) > maxName || len(e.WebhookID) > maxName || len(e.LocationID) > maxName {
			t.Fatalf("%+v", e)
		}
		if _, err := json.Marshal(e); err != nil {
			t.Fatal(err)
		}
		var m map[string]json.RawMessage
		if json.Unmarshal(body, &m) != nil || m[fieldType] == nil {
			return
		}
		var want string
		if json.Unmarshal(m[fieldType], &want) == nil && len(want) < maxName/8 && len(m[fieldType]) < maxName && e.Type != want {
			t.Fatalf("type %q, want %q", e.Type, want)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	flat := `{"type":"ContactCreate","locationId":"ve9EPM428h8vShlRW1KT","timestamp":"2026-01-28T14:35:00.000Z","webhookId":"0f8fad5b-d9cb-469f-a165-70867728950e","note":"`
	order, _ := LookUp("OrderCreate")
	for name, body := range map[string][]byte{
		"2KiB of text":  []byte(flat + strings.Repeat("x", 2048-len(flat)-2) + `"}`),
		"a large order": order.Sample(Sample{WebhookID: webhookID, At: at}),
		"nested":        order.Sample(Sample{WebhookID: webhookID, At: at, Shape: ShapeNested}),
		"5MB of items":  []byte(`{"items":[` + strings.Repeat(`{"id":"x1","n":12345},`, 5<<20/22) + `1],` + flat[1:] + `"}`),
		"5MB of text":   []byte(flat + strings.Repeat("x", 5<<20) + `"}`),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if Parse(body).WebhookID == "" {
					b.Fatal("no webhookId")
				}
			}
		})
	}
}
