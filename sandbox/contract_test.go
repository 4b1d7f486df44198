package sandbox

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// section is the part of the document about one endpoint.
func section(t *testing.T, title string) string {
	t.Helper()
	text := document(t)
	at := strings.Index(text, title)
	if at < 0 {
		t.Fatalf("the document has no %q", title)
	}
	rest := text[at+len(title):]
	if end := regexp.MustCompile(`(?m)^(GET|PUT|POST|DELETE) /`).FindStringIndex(rest[1:]); end != nil {
		// The request's own line begins so too: the section ends at the next title.
		if next := regexp.MustCompile(`(?m)^(GET|PUT|POST|DELETE) /\S* [A-Z][^:\n]*β–Ό`).FindStringIndex(rest); next != nil {
			rest = rest[:next[0]]
		}
	}
	return rest
}

var (
	bodyLine     = regexp.MustCompile(`(?m)^JSON Body\n(\{.*\})$`)
	responseLine = regexp.MustCompile(`(?m)^200 .*\n(\{.*\})`)
	remark       = regexp.MustCompile(` //[^}]*`)
	// The document's own page hides addresses of e-mail.
	hiddenAddress = regexp.MustCompile(`\[email.protected\]`)
)

// example is a JSON text of the document with the address that it hides.
func example(text string) string {
	text = remark.ReplaceAllString(text, " ")
	return hiddenAddress.ReplaceAllString(text, "jane@example.com")
}

// hasShape holds that an answer has every field of the document's example, of
// the same JSON type.
func hasShape(t *testing.T, path string, want, got any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			t.Errorf("%s is %T, want an object", path, got)
			return
		}
		for name, value := range want {
			one, has := object[name]
			if !has {
				t.Errorf("%s.%s is missing", path, name)
				continue
			}
			hasShape(t, path+"."+name, value, one)
		}
	case []any:
		list, ok := got.([]any)
		if !ok || len(want) > 0 && len(list) == 0 {
			t.Errorf("%s is %v, want a list with something in it", path, got)
			return
		}
		if len(want) > 0 {
			hasShape(t, path+"[0]", want[0], list[0])
		}
	default:
		if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", got) {
			t.Errorf("%s is %T, want %T", path, got, want)
		}
	}
}

// TestEveryEndpointAnswersAsTheDocumentShows reads the requests and the
// responses from the document itself.
func TestEveryEndpointAnswersAsTheDocumentShows(t *testing.T) {
	tests := []struct {
		title, method, path string
		hasBody             bool
	}{
		{"GET /contacts/{contactId} Get Contact", "GET", "/contacts/ID", false},
		{"PUT /contacts/{contactId} Update Contact", "PUT", "/contacts/ID", true},
		{"DELETE /contacts/{contactId} Delete Contact", "DELETE", "/contacts/ID", false},
		{"POST /contacts/upsert Upsert Contact", "POST", "/contacts/upsert", true},
		{"GET /contacts/business/{businessId} Get Contacts By BusinessId", "GET", "/contacts/business/biz1?limit=25&skip=0", false},
		{"POST /contacts/ Create Contact", "POST", "/contacts/", true},
		{"GET /contacts/ Get Contacts", "GET", "/contacts/?locationId=loc_xyz&limit=25", false},
	}
	for _, tt := range tests {
		t.Run(tt.title, func(t *testing.T) {
			fixtures, err := ReadFixtures(strings.NewReader(`{"locations":[{"id":"loc_xyz","name":"Documented","country":"US"}],"contacts":[{"id":"contact_abc123","locationId":"loc_xyz",
				"firstName":"Alice","lastName":"Jones","email":"alice@example.com","phone":"+14155550001","address1":"123 Main St","city":"San Francisco","state":"CA","country":"US",
				"postalCode":"94105","tags":["lead","vip"],"businessId":"biz1"}]}`))
			if err != nil {
				t.Fatal(err)
			}
			r := newRig(t, func(o *Options) { o.Fixtures = fixtures })
			made, text, err := r.s.CreateToken(t.Context(), TokenRequest{Name: new("agency"), Scopes: []string{"contacts.readonly", "contacts.write"}})
			if err != nil || made.LocationID != "" {
				t.Fatal(err)
			}
			r.token = text
			doc := section(t, tt.title)
			body := ""
			if tt.hasBody {
				m := bodyLine.FindStringSubmatch(doc)
				if m == nil {
					t.Fatal("the document shows no body")
				}
				body = example(m[1])
			}
			m := responseLine.FindStringSubmatch(doc)
			if m == nil {
				t.Fatal("the document shows no response")
			}
			var want, got any
			if err := json.Unmarshal([]byte(example(m[1])), &want); err != nil {
				t.Fatalf("the document's response: %v", err)
			}
			r.must(tt.method, strings.ReplaceAll(tt.path, "ID", "contact_abc123"), body, &got)
			hasShape(t, "answer", want, got)
		})
	}
}

// TestTheDocumentsCurlCommandsWork holds the two commands under
// "Authorization".
func TestTheDocumentsCurlCommandsWork(t *testing.T) {
	fixtures, err := ReadFixtures(strings.NewReader(`{"locations":[{"id":"ve9EPM428h8vShlRW1KT","name":"My Sub-Account","address":"123 Main St","city":"Austin","state":"TX","country":"US","timezone":"America/Chicago"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(o *Options) { o.Fixtures = fixtures })
	_, r.token, err = r.s.CreateToken(t.Context(), TokenRequest{Name: new("agency"), Scopes: []string{"contacts.write", "locations.readonly"}})
	if err != nil {
		t.Fatal(err)
	}
	doc := document(t)
	curl := regexp.MustCompile(`(?s)curl --request (GET|POST) \\ --url https://portalapi\.taskee\.ai(\S+) (.*?)\n`)
	data := regexp.MustCompile(`--data '(.*)'`)
	n := 0
	for _, m := range curl.FindAllStringSubmatch(doc, -1) {
		n++
		body := ""
		if d := data.FindStringSubmatch(m[3]); d != nil {
			body = strings.ReplaceAll(example(d[1]), "LOCATION_ID", "ve9EPM428h8vShlRW1KT")
		}
		var got any
		r.must(m[1], m[2], body, &got)
	}
	if n != 2 {
		t.Errorf("%d commands were found in the document", n)
	}
	var location Location
	r.must("GET", "/locations/ve9EPM428h8vShlRW1KT", "", &location)
	if location.Name != "My Sub-Account" || location.Timezone != "America/Chicago" {
		t.Errorf("%+v", location)
	}
}

// TestErrorsHaveTheDocumentsShape holds the three that it prints.
func TestErrorsHaveTheDocumentsShape(t *testing.T) {
	r := newRig(t)
	_, narrow, err := r.s.CreateToken(t.Context(), TokenRequest{Name: new("narrow"), LocationID: r.location, Scopes: []string{"contacts.readonly"}})
	if err != nil {
		t.Fatal(err)
	}
	doc := document(t)
	for _, tt := range []struct {
		want   string
		header []string
	}{
		{`{ "statusCode": 401, "message": "Invalid token" }`, []string{"Authorization:"}},
		{`{ "statusCode": 403, "message": "Insufficient scopes" }`, []string{"Authorization: Bearer " + narrow}},
		{`{ "statusCode": 400, "message": "Missing required header: Version" }`, []string{"Version:"}},
	} {
		if !strings.Contains(doc, tt.want) {
			t.Errorf("the document has no %s", tt.want)
		}
		_, got := r.call("POST", "/contacts/", `{}`, tt.header...)
		var a, b any
		if json.Unmarshal([]byte(tt.want), &a) != nil || json.Unmarshal([]byte(got), &b) != nil || fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("answered %s, want %s", got, tt.want)
		}
	}
}
