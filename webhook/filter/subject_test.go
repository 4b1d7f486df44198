package filter

import (
	"strings"
	"testing"
)

func TestAPayloadSaysWhomItIsAbout(t *testing.T) {
	tests := []struct {
		name, eventType, body string
		yes, no               []string
	}{
		{
			"flat", "NoteCreate", `{"type":"NoteCreate","locationId":"loc1","id":"note1","contactId":"Con1"}`,
			[]string{"location:loc1", "contact:con1", "location:other|loc1", "contact:con*", "location:loc? contact:Con1"},
			[]string{"location:loc", "contact:note1", `location:""`, `contact:""`, "!location:loc1", "contact:loc1"},
		},
		{"nested", "NoteCreate", `{"type":"NoteCreate","data":{"locationId":"loc1","contactId":"con1"}}`, []string{"location:loc1", "contact:con1"}, nil},
		{"a location beside data", "NoteCreate", `{"locationId":"loc1","data":{"contactId":"con1"}}`, []string{"location:loc1 contact:con1"}, nil},
		{"a contact's own event", "ContactCreate", `{"type":"ContactCreate","locationId":"loc1","id":"con1"}`, []string{"contact:con1"}, nil},
		{"nested", "ContactDelete", `{"data":{"id":"con1"}}`, []string{"contact:con1"}, []string{"location:*?"}},
		{"of a type that is made up", "ContactSmile", `{"id":"con1"}`, []string{"contact:con1"}, nil},
		{"another's ID", "OpportunityCreate", `{"id":"opp1","contactId":"con1"}`, []string{"contact:con1"}, []string{"contact:opp1"}},
		{"an ID and no contact", "UserCreate", `{"id":"user1"}`, []string{`contact:""`, `location:""`}, []string{"contact:user1"}},
		{"an object", "ConversationUpdate", `{"contact":{"name":"Jane","id":"con1"}}`, []string{"contact:con1"}, []string{"contact:Jane"}},
		{"an object, nested", "ConversationUpdate", `{"data":{"contact":{"id":"con1"}}}`, []string{"contact:con1"}, nil},
		{"of an invoice", "InvoicePaid", `{"_id":"inv1","contactDetails":{"id":"con1"}}`, []string{"contact:con1"}, nil},
		{"of an appointment", "AppointmentCreate", `{"appointment":{"id":"app1","contactId":"con1"}}`, []string{"contact:con1"}, []string{"contact:app1"}},
		{"not an ID", "NoteCreate", `{"locationId":null,"contactId":{"x":1},"contact":true}`, []string{`location:"" contact:""`}, nil},
		{"a number", "NoteCreate", `{"locationId":17,"contactId":-3}`, []string{"location:17 contact:-3"}, []string{"location:1"}},
		{"given twice", "NoteCreate", `{"locationId":"loc1","locationId":"loc2"}`, []string{"location:loc2"}, []string{"location:loc1"}},
		{"escaped", "NoteCreate", `{"locationId":"l\u006fc1"}`, []string{"location:loc1"}, nil},
		{"broken off", "NoteCreate", `{"locationId":"loc1","contactId":"co`, []string{"location:loc1"}, []string{"contact:co"}},
		{"not JSON", "", "location:loc1", []string{`location:""`}, []string{"location:loc1"}},
		{"an array", "", `[{"locationId":"loc1"}]`, nil, []string{"location:loc1"}},
		{"too long", "NoteCreate", `{"locationId":"` + strings.Repeat("x", maxIdentifier) + `"}`, []string{`location:""`}, nil},
	}
	for _, tt := range tests {
		e := contact()
		e.Type, e.body = tt.eventType, []byte(tt.body)
		for _, text := range tt.yes {
			if !match(t, text, e) {
				t.Errorf("%s: %s does not select it", tt.name, text)
			}
		}
		for _, text := range tt.no {
			if match(t, text, e) {
				t.Errorf("%s: %s selects it", tt.name, text)
			}
		}
	}
}

func TestACompressedPayloadSaysWhomItIsAbout(t *testing.T) {
	e := compressed(t, `{"locationId":"loc1","id":"con1"}`)
	if !match(t, "location:loc1 contact:con1", e) {
		t.Error("it says nobody")
	}
}

func TestWhomAnEventIsAboutIsReadForEachEvent(t *testing.T) {
	s := mustParse(t, "location:loc1 contact:con1").At(noon, workers)
	for body, want := range map[string]bool{
		`{"locationId":"loc1","contactId":"con1"}`: true,
		`{"locationId":"loc1","contactId":"con2"}`: false,
		`{}`: false,
	} {
		e := contact()
		e.body = []byte(body)
		row := RowOf(&e.Summary)
		if got, err := s.Match(&row, e); err != nil || got != want {
			t.Errorf("%s: %v, %v", body, got, err)
		}
	}
}

func TestWhomAnEventIsAboutIsKnownWhenItIsReceived(t *testing.T) {
	for _, text := range []string{"location:loc1", "!contact:con1"} {
		if _, err := ParseReceived(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
