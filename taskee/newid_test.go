package taskee

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/jsjson"
)

func TestWithNewID(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"flat", `{"type":"A", "timestamp": "2020-01-01T00:00:00Z", "n":1.0,"webhookId":"old"}`, `{"type":"A", "timestamp": "` + sentText + `", "n":1.0,"webhookId":"` + webhookID + `"}`},
		{"nested", `{"webhookId":"old","timestamp":"x","data":{"webhookId":"inner"}}`, `{"webhookId":"` + webhookID + `","timestamp":"` + sentText + `","data":{"webhookId":"inner"}}`},
		{"all under data", `{"data":{"webhookId":"old","timestamp":1769610900}}`, `{"data":{"webhookId":"` + webhookID + `","timestamp":1774765815}}`},
		{"milliseconds", `{"timestamp":1769610900123,"webhookId":"old"}`, `{"timestamp":1774765815007,"webhookId":"` + webhookID + `"}`},
		{"milliseconds in text", `{"timestamp":"1769610900123","webhookId":"old"}`, `{"timestamp":"1774765815007","webhookId":"` + webhookID + `"}`},
		{"missing", `{ "type": "A" }`, `{ "type": "A", "webhookId": "` + webhookID + `", "timestamp": "` + sentText + `" }`},
		{"missing in nothing", `{}`, `{"webhookId":"` + webhookID + `","timestamp":"` + sentText + `"}`},
		{"of another kind", `{"webhookId":null,"timestamp":{"a":1}}`, `{"webhookId":"` + webhookID + `","timestamp":"` + sentText + `"}`},
		{"equal keys", `{"webhookId":"a","webhookId":"b","timestamp":1,"timestamp":"x"}`, `{"webhookId":"a","webhookId":"` + webhookID + `","timestamp":1,"timestamp":"` + sentText + `"}`},
		{"white space around", " {\"webhookId\":\"a\",\"timestamp\":\"\"}\r\n", " {\"webhookId\":\"" + webhookID + "\",\"timestamp\":\"" + sentText + "\"}\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := []byte(tt.body)
			got, err := WithNewID(body, webhookID, at)
			if err != nil || string(got) != tt.want {
				t.Errorf("%s, %v, want %s", got, err, tt.want)
			}
			if string(body) != tt.body {
				t.Errorf("the body became %s", body)
			}
			if e := Parse(got); e.WebhookID != webhookID || at.Sub(e.SentAt) >= time.Second || at.Before(e.SentAt) {
				t.Errorf("%+v", e)
			}
		})
	}
	if got, err := WithNewID([]byte(`{}`), "5", at); err != nil || Parse(got).WebhookID != "5" || !strings.Contains(string(got), `"5"`) {
		t.Errorf("a webhookId of digits: %s, %v", got, err)
	}
}

func TestWithNewIDNeedsAnObject(t *testing.T) {
	for _, body := range []string{"[]", "1", `"x"`, "null", "[{}]"} {
		if got, err := WithNewID([]byte(body), webhookID, at); !errors.Is(err, ErrNotObject) || got != nil {
			t.Errorf("WithNewID(%s) = %s, %v", body, got, err)
		}
	}
	for _, body := range []string{"", "{", `{"a":1}x`, "type=A", `{"webhookId":"a","timestamp":[}`} {
		var e *jsjson.SyntaxError
		if got, err := WithNewID([]byte(body), webhookID, at); !errors.As(err, &e) || got != nil {
			t.Errorf("WithNewID(%s) = %s, %v", body, got, err)
		}
	}
}

// FuzzWithNewID checks that a body with a new ID is JSON with the new values and
// otherwise the same, and that a second time changes nothing.
func FuzzWithNewID(f *testing.F) {
	for _, s := range []string{`{"type":"A","webhookId":"b","timestamp":1769610900}`, `{ "data":{"webhookId":1, "timestamp":"x"} }`, "{}", "[]", `{"webhookId":1,"webhookId":{"a":[]}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		got, err := WithNewID(body, webhookID, at)
		if !bytes.Equal(before, body) {
			t.Fatal("the body was changed")
		}
		if err != nil {
			var e *jsjson.SyntaxError
			if !errors.Is(err, ErrNotObject) && !errors.As(err, &e) {
				t.Fatal(err)
			}
			return
		}
		if e := Parse(got); e.WebhookID != webhookID || e.SentAt.Unix() != at.Unix() {
			t.Fatalf("%s has %+v", got, e)
		}
		if again, err := WithNewID(got, webhookID, at); err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%s became %s: %v", got, again, err)
		}
		if _, err := jsjson.Stringify(got); err != nil {
			t.Fatal(err)
		}
	})
}
