package taskee

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// input reads a documented request body, every field of which must have a
// name in ContactInput.
func input(t *testing.T, body string) ContactInput {
	t.Helper()
	var in ContactInput
	dec := json.NewDecoder(strings.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return in
}

func TestEveryEndpointIsCalledAndReadAsTheDocumentSays(t *testing.T) {
	const id = "contact_abc123"
	type result struct {
		contacts []Contact
		isNew    bool
		page     Page
	}
	one := func(c Contact, err error) (result, error) { return result{contacts: []Contact{c}}, err }
	many := func(p Page, err error) (result, error) { return result{contacts: p.Contacts, page: p}, err }
	for title, tt := range map[string]struct {
		uri  string
		call func(ctx context.Context, c *Client, in ContactInput) (result, error)
	}{
		"Get Contact": {"/contacts/" + id, func(ctx context.Context, c *Client, _ ContactInput) (result, error) {
			return one(c.Contact(ctx, id))
		}},
		"Update Contact": {"/contacts/" + id, func(ctx context.Context, c *Client, in ContactInput) (result, error) {
			return one(c.UpdateContact(ctx, id, in))
		}},
		"Delete Contact": {"/contacts/" + id, func(ctx context.Context, c *Client, _ ContactInput) (result, error) {
			return result{}, c.DeleteContact(ctx, id)
		}},
		"Upsert Contact": {"/contacts/upsert", func(ctx context.Context, c *Client, in ContactInput) (result, error) {
			contact, isNew, err := c.UpsertContact(ctx, in)
			return result{contacts: []Contact{contact}, isNew: isNew}, err
		}},
		"Get Contacts By BusinessId": {"/contacts/business/biz_1?limit=25&skip=50", func(ctx context.Context, c *Client, _ ContactInput) (result, error) {
			return many(c.BusinessContacts(ctx, "biz_1", 25, 50))
		}},
		"Create Contact": {"/contacts/", func(ctx context.Context, c *Client, in ContactInput) (result, error) {
			return one(c.CreateContact(ctx, in))
		}},
		"Get Contacts": {
			"/contacts/?limit=25&locationId=loc_xyz&query=a+b&startAfter=1704873600000&startAfterId=contact_0",
			func(ctx context.Context, c *Client, _ ContactInput) (result, error) {
				return many(c.Contacts(ctx, ContactQuery{
					LocationID: "loc_xyz", Limit: 25, Query: "a b",
					After: Cursor{"contact_0", time.UnixMilli(1704873600000)},
				}))
			},
		},
	} {
		t.Run(title, func(t *testing.T) {
			d := document(t)[title]
			client, asked := serve(t, http.StatusOK, d.answers[http.StatusOK])
			var in ContactInput
			if d.request != "" {
				in = input(t, d.request)
			}
			got, err := tt.call(t.Context(), client, in)
			if err != nil {
				t.Fatal(err)
			}
			checkRequest(t, d, asked.list(), tt.uri)
			want := asMap(t, d.answers[http.StatusOK])
			if contact, ok := want["contact"]; ok {
				want["contacts"] = []any{contact}
			}
			wanted, _ := want["contacts"].([]any)
			if len(got.contacts) != len(wanted) {
				t.Fatalf("%d contacts, want %d", len(got.contacts), len(wanted))
			}
			for i, c := range got.contacts {
				if diff := cmp.Diff(wanted[i], any(asMap(t, c))); diff != "" {
					t.Errorf("contact (-document +read):\n%s", diff)
				}
				if diff := cmp.Diff(wanted[i], any(asMap(t, string(c.Raw)))); diff != "" {
					t.Errorf("raw contact (-document +read):\n%s", diff)
				}
			}
			total, _ := want["total"].(float64)
			after, _ := want["startAfterId"].(string)
			if got.isNew || got.page.Total != int(total) || got.page.Next.ID != after {
				t.Errorf("new: %t, page %+v", got.isNew, got.page)
			}
			if after != "" && got.page.Next.Time.UnixMilli() != 1704873600000 {
				t.Errorf("cursor %v", got.page.Next)
			}
		})
	}
}

// checkRequest checks one request against the document.
func checkRequest(t *testing.T, d *documented, asked []call, uri string) {
	t.Helper()
	if len(asked) != 1 || asked[0].method != d.method || asked[0].uri != uri {
		t.Fatalf("asked %+v, want %s %s", asked, d.method, uri)
	}
	r := asked[0]
	for name, want := range map[string]string{
		"Authorization": "Bearer " + testToken, "Version": "2021-07-28", "Accept": "application/json",
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	switch {
	case d.request == "" && (r.body != "" || r.header.Get("Content-Type") != ""):
		t.Errorf("body %q of type %q, want none", r.body, r.header.Get("Content-Type"))
	case d.request != "":
		if diff := cmp.Diff(asMap(t, d.request), asMap(t, r.body)); diff != "" {
			t.Errorf("body (-document +sent):\n%s", diff)
		}
		if got := r.header.Get("Content-Type"); got != "application/json" {
			t.Errorf("Content-Type %q", got)
		}
	}
}

func TestEveryDocumentedParameterHasAField(t *testing.T) {
	text := "x"
	full := ContactInput{
		LocationID: text, FirstName: text, LastName: text, Email: text, Phone: text, Address1: text, City: text,
		State: text, Country: text, PostalCode: text, Source: text, Tags: []string{text},
	}
	sent := asMap(t, full)
	bodies := 0
	for title, d := range document(t) {
		for _, name := range d.parameters["body"] {
			bodies++
			if _, ok := sent[name]; !ok {
				t.Errorf("%s: %s is in no field of ContactInput", title, name)
			}
		}
		if got, want := d.parameters["header"], []string{"Authorization", "Version"}; !slices.Equal(got, want) {
			t.Errorf("%s: the document has the headers %q, want %q", title, got, want)
		}
	}
	if bodies != 29 {
		t.Errorf("the document has %d fields of bodies, want 29", bodies)
	}
}

func TestABodyHasWhatIsNamedAndNothingElse(t *testing.T) {
	for name, tt := range map[string]struct {
		in   ContactInput
		want string
	}{
		"nothing":                       {ContactInput{}, `{}`},
		"no tags are not tags left out": {ContactInput{Tags: []string{}}, `{"tags":[]}`},
		"a field is made empty by name": {ContactInput{City: "Austin", Extra: map[string]any{"firstName": "", "city": nil}}, `{"city":null,"firstName":""}`},
		"numbers in Extra keep their digits": {
			ContactInput{Extra: map[string]any{"n": json.RawMessage("12345678901234567890")}}, `{"n":12345678901234567890}`,
		},
		"custom fields as the family's API wants them": {
			ContactInput{CustomFields: []CustomField{{ID: "f1", Value: 3.5}, {Key: "size", Value: "L"}}},
			`{"customFields":[{"id":"f1","field_value":3.5},{"key":"size","field_value":"L"}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := json.Marshal(tt.in)
			if err != nil || string(got) != tt.want {
				t.Errorf("%s, %v, want %s", got, err, tt.want)
			}
		})
	}
	if _, err := json.Marshal(ContactInput{Extra: map[string]any{"f": func() {}}}); err == nil {
		t.Error("a function was written as JSON")
	}
}

func TestAContactKeepsWhatHasNoField(t *testing.T) {
	const text = `{"id":"c1","email":null,"tags":null,"dnd":true,"dateAdded":1704873600000,"dateUpdated":"soon",` +
		`"customFields":[{"id":"f1","value":["a"]},{"key":"k","field_value":2},null]}`
	var c Contact
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	want := Contact{
		ID: "c1", DateAdded: time.UnixMilli(1704873600000).UTC(), Raw: json.RawMessage(text),
		CustomFields: []CustomField{{ID: "f1", Value: []any{"a"}}, {Key: "k", Value: 2.0}, {}},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("contact (-want +got):\n%s", diff)
	}
}

func TestAnIDStaysOneSegmentOfThePath(t *testing.T) {
	c, asked := serve(t, http.StatusOK, `{"succeeded":true}`)
	if err := c.DeleteContact(t.Context(), "../a b?c#d%2f"); err != nil {
		t.Fatal(err)
	}
	if got := asked.list()[0].uri; got != "/contacts/..%2Fa%20b%3Fc%23d%252f" {
		t.Errorf("asked %s", got)
	}
	for _, id := range []string{"", " ", ".", ".."} {
		if err := c.DeleteContact(t.Context(), id); !errors.Is(err, ErrBadID) {
			t.Errorf("%q: %v", id, err)
		}
		if _, err := c.BusinessContacts(t.Context(), id, 0, 0); !errors.Is(err, ErrBadID) {
			t.Errorf("%q: %v", id, err)
		}
		if _, err := c.Contact(t.Context(), id); !errors.Is(err, ErrBadID) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if n := len(asked.list()); n != 1 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestABaseURLMayHaveAPath(t *testing.T) {
	c := newTestClient(t, ClientOptions{BaseURL: "https://api.example.com/v2/"})
	r, err := c.newRequest(t.Context(), request{method: http.MethodGet, path: contactsPath + "x"})
	if err != nil || r.URL.String() != "https://api.example.com/v2/contacts/x" {
		t.Errorf("%v, %v", r, err)
	}
	if got := newTestClient(t, ClientOptions{}).BaseURL(); got != "https://portalapi.taskee.ai" {
		t.Errorf("the default is %s", got)
	}
}

func TestWhatNoClientCanBeMadeOf(t *testing.T) {
	for _, tt := range []struct {
		name, token, base string
		want              error
	}{
		{"no token", "", "", ErrBadToken},
		{"white space alone", " \n", "", ErrBadToken},
		{"the whole header", "Bearer " + testToken, "", ErrBadToken},
		{"a second line", testToken + "\r\nX-Evil: 1", "", ErrBadToken},
		{"not ASCII", testToken + "é", "", ErrBadToken},
		{"no scheme", testToken, "127.0.0.1:4490", ErrBadBaseURL},
		{"another scheme", testToken, "ftp://host", ErrBadBaseURL},
		{"no host", testToken, "https:///x", ErrBadBaseURL},
		{"a password", testToken, "https://me:hunter2@host", ErrBadBaseURL},
		{"a broken URL with a password", testToken, "https://me:hunter2@host:port", ErrBadBaseURL},
		{"a query", testToken, "https://host/?a=1", ErrBadBaseURL},
		{"a fragment", testToken, "https://host/#a", ErrBadBaseURL},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := NewClient(tt.token, ClientOptions{BaseURL: tt.base})
			if c != nil || !errors.Is(err, tt.want) {
				t.Fatalf("%v, %v", c, err)
			}
			if strings.Contains(err.Error(), "pit_") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("it is told: %v", err)
			}
		})
	}
	if _, err := NewClient("\n "+testToken+"\n", ClientOptions{}); err != nil {
		t.Errorf("a token from a file: %v", err)
	}
}
