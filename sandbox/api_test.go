package sandbox

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// familyVersion is the version that the family's SDK asks for by default.
const familyVersion = "2023-02-21"

func TestChecksComeInThePlatformsOrder(t *testing.T) {
	r := newRig(t)
	id := r.create(`"firstName":"Jane"`)
	_, narrow, err := r.s.CreateToken(t.Context(), TokenRequest{Name: new("narrow"), LocationID: r.location, Scopes: []string{"locations.readonly"}})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, method, path, body string
		header                   []string
		status                   int
		text                     string
	}{
		{"unknown path before all else", "GET", "/nowhere", "", []string{"Authorization:"}, 404, "Cannot GET /nowhere"},
		{"method before the token", "PATCH", "/contacts/" + id, "", []string{"Authorization:"}, 405, "not allowed"},
		{"no token", "GET", "/contacts/" + id, "", []string{"Authorization:"}, 401, "Invalid token"},
		{"another scheme", "GET", "/contacts/" + id, "", []string{"Authorization: Basic " + r.token}, 401, "Invalid token"},
		{"an unknown token", "GET", "/contacts/" + id, "", []string{"Authorization: Bearer pit_x", "Version:"}, 401, "Invalid token"},
		{"the version before the scope", "GET", "/contacts/" + id, "", []string{"Authorization: Bearer " + narrow, "Version:"}, 400, "Version"},
		{"the family's version", "GET", "/contacts/" + id, "", []string{"Version: " + familyVersion}, 400, "the accepted version is 2021-07-28"},
		{"the scope before the parameters", "GET", "/contacts/?limit=x", "", []string{"Authorization: Bearer " + narrow}, 403, "Insufficient scopes"},
		{"no location", "GET", "/contacts/", "", nil, 400, "locationId"},
		{"another location", "GET", "/contacts/?locationId=other", "", nil, 403, "does not have access"},
		{"limit 0", "GET", "/contacts/?limit=0&locationId=" + r.location, "", nil, 400, "limit"},
		{"limit 101", "GET", "/contacts/?limit=101&locationId=" + r.location, "", nil, 400, "limit"},
		{"limit of no number", "GET", "/contacts/?limit=ten&locationId=" + r.location, "", nil, 400, "limit"},
		{"a cursor of no time", "GET", "/contacts/?startAfter=x&locationId=" + r.location, "", nil, 400, "startAfter"},
		{"a cursor of no contact", "GET", "/contacts/?startAfterId=nobody&locationId=" + r.location, "", nil, 400, "startAfterId"},
		{"an unknown contact", "GET", "/contacts/unknown", "", nil, 400, "not found"},
		{"an id that is none", "GET", "/contacts/%2e%2e%2fx", "", nil, 400, "Invalid id"},
		{"a path with dots", "GET", "/contacts/../locations/x", "", nil, 404, "Cannot GET"},
		{"no content type", "POST", "/contacts/", "{}", []string{"Content-Type:"}, 400, "Content-Type"},
		{"another content type", "POST", "/contacts/", "{}", []string{"Content-Type: text/plain"}, 400, "application/json"},
		{"no JSON", "POST", "/contacts/", "{", nil, 400, "not valid JSON"},
		{"no object", "POST", "/contacts/", "[]", nil, 400, "not valid JSON"},
		{"two texts", "POST", "/contacts/", "{} {}", nil, 400, "not valid JSON"},
		{"too deep", "POST", "/contacts/", `{"customFields":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "}", nil, 400, "deeper than 32"},
		{"too large", "POST", "/contacts/", `{"firstName":"` + strings.Repeat("x", maxBody) + `"}`, nil, 413, "too large"},
		{"upsert is no contact", "GET", "/contacts/upsert", "", nil, 405, "not allowed"},
		{"an unknown location", "GET", "/locations/unknown", "", nil, 403, "does not have access"},
		{"a skip below zero", "GET", "/contacts/business/b?skip=-1", "", nil, 400, "skip"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, text := r.call(tt.method, tt.path, tt.body, tt.header...)
			if resp.StatusCode != tt.status || !strings.Contains(text, tt.text) {
				t.Errorf("answered %d %s, want %d %s", resp.StatusCode, text, tt.status, tt.text)
			}
			if tt.status == http.StatusMethodNotAllowed && len(resp.Header["Allow"]) == 0 {
				t.Error("405 without Allow")
			}
		})
	}
}

func TestEverythingWrongIsInOneList(t *testing.T) {
	r := newRig(t)
	tests := []struct{ body, want string }{
		{`{}`, `["locationId should not be empty"]`},
		{`{"locationId":5,"firstName":1,"email":"x","phone":"12","country":"usa","tags":"a","businessId":"a b"}`,
			`["locationId must be a string","firstName must be a string","tags must be an array","email must be an email","phone must be a valid phone number in E.164 format","country must be a valid ISO31661 Alpha2 code","businessId must be a valid id"]`},
		{`{"locationId":"l","fristName":"x","more":{}}`, `["property fristName should not exist","property more should not exist"]`},
		{`{"locationId":"l","tags":[1]}`, `["each value in tags must be a string"]`},
		{`{"locationId":"l","email":{},"tags":["a",null]}`, `["email must be a string","each value in tags must be a string"]`},
		{`{"locationId":"l","country":"UK"}`, `["country must be a valid ISO31661 Alpha2 code"]`},
		{`{"locationId":"l","phone":"+1234567890123456"}`, `["phone must be a valid phone number in E.164 format"]`},
		{`{"locationId":"l","email":"a@b"}`, `["email must be an email"]`},
		{`{"locationId":"l","email":"a\u0000@example.com"}`, `["email must be an email"]`},
	}
	for _, tt := range tests {
		for _, path := range []string{"/contacts/", "/contacts/upsert"} {
			resp, text := r.call("POST", path, tt.body)
			if want := `{"statusCode":422,"message":` + tt.want + "}\n"; resp.StatusCode != http.StatusUnprocessableEntity || text != want {
				t.Errorf("%s %s: %d %s", path, tt.body, resp.StatusCode, text)
			}
		}
	}
	// What the document itself prints has to pass.
	r.create(`"phone":"+1234567890","email":"jane@example.com","country":"US"`)
	id := r.create(`"name":"Ann Lee","companyName":"Example","customFields":[{"id":"f","value":1}],"email":null`)
	resp, text := r.call("PUT", "/contacts/"+id, `{"country":"XX"}`)
	if resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("an update: %d %s", resp.StatusCode, text)
	}
	if _, text = r.call("GET", "/contacts/"+id, ""); !strings.Contains(text, `"firstName":"Ann","lastName":"Lee","tags":[],"companyName":"Example","customFields":[{"id":"f","value":1}]`) {
		t.Errorf("the family's fields: %s", text)
	}
}

// duplicates sets the location's setting.
func (r *rig) duplicates(d Duplicates) {
	r.t.Helper()
	if _, err := r.s.ChangeSettings(r.t.Context(), Settings{Duplicates: &d}); err != nil {
		r.t.Fatal(err)
	}
}

// creates reports whether a contact can be created.
func (r *rig) creates(fields string) bool {
	resp, _ := r.call("POST", "/contacts/", fmt.Sprintf(`{"locationId":%q,%s}`, r.location, fields))
	return resp.StatusCode == http.StatusOK
}

func (r *rig) upsert(fields string) answeredContact {
	r.t.Helper()
	var out answeredContact
	r.must("POST", "/contacts/upsert", fmt.Sprintf(`{"locationId":%q,%s}`, r.location, fields), &out)
	return out
}

func TestDuplicatesFollowTheLocationsSetting(t *testing.T) {
	r := newRig(t)
	r.create(`"firstName":"Ann","email":"Ann@Example.com","phone":"+15550000001"`)
	bob := r.create(`"firstName":"Bob","email":"bob@example.com","phone":"+15550000002"`)
	if r.creates(`"email":"ann@example.com"`) || r.creates(`"phone":"+15550000002"`) {
		t.Error("a duplicate was created")
	}
	if resp, _ := r.call("PUT", "/contacts/"+bob, `{"email":"ann@example.com"}`); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("an update to another's address: %d", resp.StatusCode)
	}
	if resp, _ := r.call("PUT", "/contacts/"+bob, `{"email":"bob@example.com"}`); resp.StatusCode != http.StatusOK {
		t.Errorf("an update to one's own address: %d", resp.StatusCode)
	}
	if r.duplicates(Duplicates{Allow: true}); !r.creates(`"email":"bob@example.com"`) {
		t.Error("a duplicate was refused where they are allowed")
	}
	if _, err := r.s.ChangeSettings(t.Context(), Settings{Duplicates: &Duplicates{Check: []string{"name"}}}); err == nil {
		t.Error("duplicates by name were accepted")
	}
}

func TestAnUpsertFollowsTheLocationsSetting(t *testing.T) {
	r := newRig(t)
	ann := r.create(`"firstName":"Ann","email":"Ann@Example.com","phone":"+15550000001"`)
	bob := r.create(`"firstName":"Bob","email":"bob@example.com","phone":"+15550000002"`)
	// Two contacts match by one field each: the first of the order wins, and
	// the other's phone is not copied over.
	got := r.upsert(`"email":"ann@example.com","phone":"+15550000002","lastName":"Lee"`)
	if got.New || got.Contact.ID != ann || got.Contact.Phone != "+15550000001" || got.Contact.LastName != "Lee" {
		t.Errorf("by e-mail: %+v", got)
	}
	r.duplicates(Duplicates{Check: []string{"phone", "email"}})
	if got = r.upsert(`"email":"ann@example.com","phone":"+15550000002"`); got.Contact.ID != bob || got.Contact.Email != "bob@example.com" {
		t.Errorf("by phone: %+v", got)
	}
	r.duplicates(Duplicates{Check: []string{"phone"}})
	if got = r.upsert(`"email":"ann@example.com"`); !got.New {
		t.Errorf("by what is not compared: %+v", got)
	}
	r.duplicates(Duplicates{Allow: true})
	if got = r.upsert(`"email":"bob@example.com","phone":"+15550000002"`); !got.New {
		t.Errorf("where duplicates are allowed: %+v", got)
	}
}

func TestTagsOfAnUpdateReplaceAll(t *testing.T) {
	r := newRig(t)
	id := r.create(`"tags":["a","b","a"," "],"businessId":"biz","source":"API"`)
	var out answeredContact
	r.must("PUT", "/contacts/"+id, `{"tags":["c"]}`, &out)
	if !slices.Equal(out.Contact.Tags, []string{"c"}) || out.Contact.BusinessID != "biz" {
		t.Errorf("%+v", out)
	}
	r.must("PUT", "/contacts/"+id, `{"businessId":null}`, &out)
	var list struct{ Total int }
	if r.must("GET", "/contacts/business/biz", "", &list); list.Total != 0 {
		t.Errorf("%d contacts of a business that no contact belongs to now", list.Total)
	}
}

func TestATokenOfOneLocationReachesNoOther(t *testing.T) {
	fixtures, err := ReadFixtures(strings.NewReader(`{"locations":[{"id":"other","name":"Other"}],"contacts":[{"id":"theirs","locationId":"other","businessId":"biz"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(o *Options) { o.Fixtures = fixtures })
	for _, ask := range [][3]string{
		{"GET", "/contacts/theirs", ""}, {"PUT", "/contacts/theirs", `{"firstName":"x"}`}, {"DELETE", "/contacts/theirs", ""},
	} {
		if resp, text := r.call(ask[0], ask[1], ask[2]); resp.StatusCode != http.StatusBadRequest || !strings.Contains(text, "not found") {
			t.Errorf("%v: %d %s", ask, resp.StatusCode, text)
		}
	}
	if resp, _ := r.call("POST", "/contacts/", `{"locationId":"other"}`); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a create elsewhere: %d", resp.StatusCode)
	}
	var list struct{ Total int }
	if r.must("GET", "/contacts/business/biz", "", &list); list.Total != 0 {
		t.Error("contacts of another location were listed")
	}
}

// TestEveryContactIsOnOnePage adds and deletes contacts between the pages of a
// list: whatever was there all the time is seen exactly once.
func TestEveryContactIsOnOnePage(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := newRig(t)
		if _, err := r.s.ChangeSettings(context.Background(), Settings{RateLimit: new(bool)}); err != nil {
			rt.Fatal(err)
		}
		n := 0
		add := func() string {
			n++
			return r.create(fmt.Sprintf(`"firstName":"N%d"`, n))
		}
		steady := map[string]int{}
		for range rapid.IntRange(0, 12).Draw(rt, "stored") {
			steady[add()] = 0
		}
		size := rapid.IntRange(1, 4).Draw(rt, "limit")
		query := fmt.Sprintf("/contacts/?locationId=%s&limit=%d", r.location, size)
		idOnly := rapid.Bool().Draw(rt, "id alone")
		for cursor := ""; ; {
			var page struct {
				Contacts     []struct{ ID string }
				StartAfterID string
				StartAfter   int64
			}
			r.must("GET", query+cursor, "", &page)
			for _, c := range page.Contacts {
				steady[c.ID]++
			}
			if len(page.Contacts) < size {
				break
			}
			if cursor = "&startAfterId=" + page.StartAfterID; !idOnly {
				cursor += fmt.Sprintf("&startAfter=%d", page.StartAfter)
			}
			for range rapid.IntRange(0, 2).Draw(rt, "added") {
				add()
			}
			if rapid.Bool().Draw(rt, "deletes") {
				victim := page.Contacts[rapid.IntRange(0, len(page.Contacts)-1).Draw(rt, "victim")].ID
				r.must("DELETE", "/contacts/"+victim, "", nil)
			}
		}
		for id, times := range steady {
			if times != 1 {
				rt.Errorf("%s was seen %d times", id, times)
			}
		}
	})
}

func TestASearchLooksIntoNameEmailAndPhone(t *testing.T) {
	r := newRig(t)
	ann := r.create(`"firstName":"Ann","lastName":"Lee","email":"a@x.example.com","phone":"+15550000001"`)
	r.create(`"firstName":"Bob"`)
	for _, query := range []string{"ann", "ANN+LEE", "a%40X", "0000001", "%2b1555"} {
		var page struct {
			Contacts []struct{ ID string }
			Total    int
		}
		if r.must("GET", "/contacts/?locationId="+r.location+"&query="+query, "", &page); page.Total != 1 || page.Contacts[0].ID != ann {
			t.Errorf("%s: %+v", query, page)
		}
	}
	r.must("PUT", "/contacts/"+ann, `{"firstName":"Zoe"}`, nil)
	var page struct{ Total int }
	if r.must("GET", "/contacts/?locationId="+r.location+"&query=ann", "", &page); page.Total != 0 {
		t.Error("an old name is still found")
	}
}

func TestTheClockHasLimits(t *testing.T) {
	r := newRig(t)
	for _, d := range []time.Duration{math.MaxInt64, math.MinInt64, 11 * year} {
		if now, err := r.s.MoveClock(t.Context(), d); err == nil {
			t.Errorf("moved by %s to %s", d, now)
		}
	}
	if _, err := r.s.MoveClock(t.Context(), -time.Hour); err != nil {
		t.Error(err)
	}
}

func TestARequestTooManyIsAnswered429(t *testing.T) {
	r := newRig(t)
	var last *http.Response
	limited := 0
	for range 2*rateMax + 1 {
		if last, _ = r.call("GET", "/locations/"+r.location, ""); last.StatusCode == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited == 0 || last.Header.Get("X-RateLimit-Max") != "100" || last.Header.Get("X-RateLimit-Interval-Milliseconds") != "10000" {
		t.Errorf("%d were limited, %v", limited, last.Header)
	}
	if _, err := r.s.ChangeSettings(t.Context(), Settings{RateLimit: new(bool)}); err != nil {
		t.Fatal(err)
	}
	if resp, _ := r.call("GET", "/locations/"+r.location, ""); resp.StatusCode != http.StatusOK {
		t.Errorf("with the limit off: %d", resp.StatusCode)
	}
}

func TestOnlyThisMachineIsAnswered(t *testing.T) {
	r := newRig(t)
	tests := []struct {
		host, header string
		status       int
	}{
		{"localhost:4490", "", 200}, {"127.0.0.1", "", 200}, {"[::1]:1", "", 200}, {"x.localhost", "", 200},
		{"evil.example.com", "", 403}, {"10.0.0.1", "", 403}, {"", "", 403},
		{"localhost", "Origin: http://evil.example.com", 403}, {"localhost", "Origin: http://localhost", 200}, {"localhost", "Sec-Fetch-Site: cross-site", 403},
	}
	for _, tt := range tests {
		req := r.request("GET", "/locations/"+r.location, "")
		req.Host = tt.host
		if name, value, ok := strings.Cut(tt.header, ": "); ok {
			req.Header.Set(name, value)
		}
		w := newRecorder()
		r.s.Handler(HandlerOptions{}).ServeHTTP(w, req)
		if w.Code != tt.status {
			t.Errorf("%q %q: %d %s", tt.host, tt.header, w.Code, w.Body)
		}
	}
	for _, secret := range []string{"", "Authorization: Bearer wrong"} {
		if resp, _ := r.call("GET", "/_sandbox/tokens", "", "Authorization:", secret); resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("the admin API with %q: %d", secret, resp.StatusCode)
		}
	}
	if resp, text := r.call("GET", "/_sandbox/tokens", "", "Authorization: Bearer secret"); resp.StatusCode != http.StatusOK || strings.Contains(text, r.token) || strings.Contains(text, "hash") {
		t.Errorf("the admin API: %d %s", resp.StatusCode, text)
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	r := newRig(t)
	if _, err := r.s.ChangeSettings(t.Context(), Settings{RateLimit: new(bool)}); err != nil {
		t.Fatal(err)
	}
	var clients sync.WaitGroup
	for n := range 8 {
		clients.Go(func() {
			for i := range 20 {
				resp, text := r.call("POST", "/contacts/", fmt.Sprintf(`{"locationId":%q,"email":"c%d-%d@example.com"}`, r.location, n, i))
				if resp.StatusCode != http.StatusOK {
					t.Errorf("%d %s", resp.StatusCode, text)
				}
				r.call("POST", "/contacts/upsert", fmt.Sprintf(`{"locationId":%q,"email":"shared@example.com","lastName":"L%d"}`, r.location, i))
				r.call("GET", "/contacts/?locationId="+r.location+"&query=shared", "")
			}
		})
	}
	clients.Wait()
	var page struct {
		Total    int
		Contacts []struct{ LastName string }
	}
	if r.must("GET", "/contacts/?locationId="+r.location, "", &page); page.Total != 161 {
		t.Errorf("%d contacts", page.Total)
	}
	// The search knows what the file has, whoever wrote last.
	r.must("GET", "/contacts/?locationId="+r.location+"&query=shared@", "", &page)
	last := page.Contacts[0].LastName
	if r.must("GET", "/contacts/?locationId="+r.location+"&query="+last, "", &page); page.Total != 1 {
		t.Errorf("the last name %s is found %d times", last, page.Total)
	}
}
