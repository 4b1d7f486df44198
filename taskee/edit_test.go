package taskee

import (
	"errors"
	"testing"

	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/webhook"
)

func TestEdit(t *testing.T) {
	const (
		flat   = `{"type":"A","postalCode":"78701","total":1.0,"paid":true,"note":null}`
		nested = `{"type":"A","data":{"postalCode":"78701","total":1.0,"type":"inner"}}`
	)
	tests := []struct {
		name, body string
		edit       webhook.Edit
		want, note string
	}{
		{"a text stays a text", flat, webhook.Edit{Path: "postalCode", Value: "10001"}, `{"type":"A","postalCode":"10001","total":1.0,"paid":true,"note":null}`, ""},
		{"a text may be quoted", flat, webhook.Edit{Path: "postalCode", Value: `"10001"`}, `{"type":"A","postalCode":"10001","total":1.0,"paid":true,"note":null}`, ""},
		{"a number stays a number", flat, webhook.Edit{Path: "total", Value: "2"}, `{"type":"A","postalCode":"78701","total":2,"paid":true,"note":null}`, ""},
		{"what cannot stay says so", flat, webhook.Edit{Path: "total", Value: "much"}, `{"type":"A","postalCode":"78701","total":"much","paid":true,"note":null}`, "total was a number and is a text now"},
		{"another type of JSON says so", flat, webhook.Edit{Path: "paid", Value: "1"}, `{"type":"A","postalCode":"78701","total":1.0,"paid":1,"note":null}`, "paid was true or false and is a number now"},
		{"null has no type to keep", flat, webhook.Edit{Path: "note", Value: "7"}, `{"type":"A","postalCode":"78701","total":1.0,"paid":true,"note":7}`, ""},
		{"JSON is what it says", flat, webhook.Edit{Path: "postalCode", Value: "10001", JSON: true}, `{"type":"A","postalCode":10001,"total":1.0,"paid":true,"note":null}`, ""},
		{"an unknown field is added and told", `{"type":"A"}`, webhook.Edit{Path: "emial", Value: "x@example.com"}, `{"type":"A","emial":"x@example.com"}`, "the event had no emial: it was added as a text"},
		{"a path leads into the payload", nested, webhook.Edit{Path: "postalCode", Value: "10001"}, `{"type":"A","data":{"postalCode":"10001","total":1.0,"type":"inner"}}`, ""},
		{"the payload comes first", nested, webhook.Edit{Path: "type", Value: "B"}, `{"type":"A","data":{"postalCode":"78701","total":1.0,"type":"B"}}`, ""},
		{"then the body", `{"type":"A","data":{}}`, webhook.Edit{Path: "type", Value: "B"}, `{"type":"B","data":{}}`, ""},
		{"a whole path is understood", nested, webhook.Edit{Path: "data.postalCode", Value: "1"}, `{"type":"A","data":{"postalCode":"1","total":1.0,"type":"inner"}}`, ""},
		{"an unknown field of a nested body", `{"type":"A","data":{}}`, webhook.Edit{Path: "a", Value: "1"}, `{"type":"A","data":{"a":1}}`, "the event had no a: it was added as a number"},
		{"a field is left out", nested, webhook.Edit{Path: "postalCode", Unset: true}, `{"type":"A","data":{"total":1.0,"type":"inner"}}`, ""},
		{"what is not there", flat, webhook.Edit{Path: "email", Unset: true}, flat, "there is no email to leave out"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, note, err := Edit([]byte(tt.body), tt.edit)
			if err != nil || string(got) != tt.want || note != tt.note {
				t.Errorf("%s, %q, %v\nwant %s, %q", got, note, err, tt.want, tt.note)
			}
		})
	}
	if _, _, err := Edit([]byte(flat), webhook.Edit{Path: "total", Value: "{", JSON: true}); err == nil {
		t.Error("what is not JSON was set as JSON")
	}
	if _, _, err := Edit([]byte(flat), webhook.Edit{Path: "total.a", Value: "1"}); !errors.Is(err, jsjson.ErrPath) {
		t.Errorf("a path that leads nowhere: %v", err)
	}
	if _, _, err := Edit([]byte("{"), webhook.Edit{Path: "a", Unset: true}); err == nil {
		t.Error("a body that is not JSON was edited")
	}
}
