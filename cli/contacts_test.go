package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/taskhook/taskhook/taskee"
)

// contactsToken is as long as a real one, and none.
const contactsToken = "pit_0f9a1c2e-aaaa-bbbb-cccc-5d6e7f809a1b"

// contactsAPI is an API on a socket that answers as the document's examples do,
// and remembers what it was asked.
type contactsAPI struct {
	*httptest.Server
	examples map[string]string // 200 by method and what follows /contacts/
	answer   func(w http.ResponseWriter, r *http.Request) bool

	mu    sync.Mutex
	asked []string // method, URI and body
}

func newContactsAPI(t *testing.T) *contactsAPI {
	t.Helper()
	api := &contactsAPI{examples: documentedExamples(t)}
	api.Server = httptest.NewServer(api)
	t.Cleanup(api.Close)
	return api
}

// documentedExamples are the answers of 200 in the document.
func documentedExamples(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "reference", "taskee-portal-api.txt"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	endpoint, good := "", false
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case len(words) > 3 && strings.HasPrefix(words[1], "/contacts/") && words[2] != "Authorization:":
			endpoint, good = words[0]+" "+strings.TrimPrefix(words[1], "/contacts/"), false
		case endpoint != "" && len(words) > 1 && words[0] == "200":
			good = true
		case good && strings.HasPrefix(line, "{"):
			line, _, _ = strings.Cut(line, " // false")
			if line = strings.TrimSpace(line); !json.Valid([]byte(line)) {
				line += "}"
			}
			all[endpoint], good = line, false
		}
	}
	if len(all) != 7 {
		t.Fatalf("the document has %d examples: %v", len(all), all)
	}
	return all
}

func (api *contactsAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	api.mu.Lock()
	api.asked = append(api.asked, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
	api.mu.Unlock()
	if api.answer != nil && api.answer(w, r) {
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+contactsToken {
		fail(w, http.StatusUnauthorized, "Invalid token")
		return
	}
	endpoint := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/contacts/")
	if _, ok := api.examples[endpoint]; !ok {
		endpoint = r.Method + " {contactId}"
		if strings.HasPrefix(r.URL.Path, "/contacts/business/") {
			endpoint = "GET business/{businessId}"
		}
	}
	_, _ = io.WriteString(w, api.examples[endpoint])
}

func fail(w http.ResponseWriter, status int, message string) {
	reply(w, status, map[string]any{"statusCode": status, "message": message})
}

func (api *contactsAPI) list() []string {
	api.mu.Lock()
	defer api.mu.Unlock()
	return slices.Clone(api.asked)
}

// contacts runs a contacts command against the API.
func (api *contactsAPI) contacts(t *testing.T, args ...string) ran {
	t.Helper()
	return runContacts(t, t.TempDir(), "", map[string]string{
		envToken: contactsToken, envBaseURL: api.URL, envLocation: "loc_env",
	}, args...)
}

// runContacts runs a contacts command with an environment of its own. Nothing
// that it prints may have the token in it.
func runContacts(t *testing.T, dir, in string, env map[string]string, args ...string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	code := Run(t.Context(), append(append([]string{"contacts"}, args...), "--data-dir", dir), Streams{
		In: strings.NewReader(in), Out: &out, Err: &errs, Env: func(name string) string { return env[name] },
	})
	r := ran{out.String(), errs.String(), code}
	if strings.Contains(r.out+r.err, "pit_") {
		t.Errorf("a token is printed: %s%s", r.out, r.err)
	}
	return r
}

func TestContactsCommandsAskWhatTheDocumentSays(t *testing.T) {
	file := filepath.Join(t.TempDir(), "contact.json")
	if err := os.WriteFile(file, []byte(`{"locationId":"loc_file","email":"a@example.com","n":12345678901234567890}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, args, asked, out, errs string
	}{
		{"get", "get contact_abc123", "GET /contacts/contact_abc123", "+14155552671", ""},
		{"list", "list", "GET /contacts/?locationId=loc_env", "Alice Jones", ""},
		{
			"list by every flag", "list --location l --limit 7 --query jane --start-after 1704873600000 --start-after-id c0",
			"GET /contacts/?limit=7&locationId=l&query=jane&startAfter=1704873600000&startAfterId=c0", "contact_abc123", "",
		},
		{"list after a date", "list --start-after 2024-01-10T08:00:00Z", "GET /contacts/?locationId=loc_env&startAfter=1704873600000", "contact_abc123", ""},
		{"by business", "by-business biz_1 --limit 25 --skip 5", "GET /contacts/business/biz_1?limit=25&skip=5", "Alice", ""},
		{
			"create", "create --email jane@example.com --first-name Jane --tag lead --tag vip --postal-code 94105",
			`POST /contacts/ {"email":"jane@example.com","firstName":"Jane","locationId":"loc_env","postalCode":"94105","tags":["lead","vip"]}`, "contact_new456", "",
		},
		{
			"create from a file, edited", "create --from " + file + " --email b@example.com --set source=API --set dnd=true",
			`POST /contacts/ {"dnd":true,"email":"b@example.com","locationId":"loc_file","n":12345678901234567890,"source":"API"}`, "contact_new456", "",
		},
		{
			"the location of the command line beats the file's", "create --location l --from " + file,
			`POST /contacts/ {"email":"a@example.com","locationId":"l","n":12345678901234567890}`, "contact_new456", "",
		},
		{"update", "update contact_abc123 --last-name Smith", `PUT /contacts/contact_abc123 {"lastName":"Smith"}`, "Smith", ""},
		{"update makes empty", "update c --city= --set tags=[]", `PUT /contacts/c {"city":"","tags":[]}`, "Smith", ""},
		{"upsert", "upsert --phone +14155551234", `POST /contacts/upsert {"locationId":"loc_env","phone":"+14155551234"}`, "+14155551234", "updated contact_abc123"},
		{"delete", "delete contact_abc123", "DELETE /contacts/contact_abc123", "deleted contact_abc123", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			api := newContactsAPI(t)
			api.contacts(t, strings.Fields(tt.args)...).check(t, 0, tt.out, cmp.Or(tt.errs, moreNote(tt.args)))
			if got := api.list(); len(got) != 1 || got[0] != tt.asked {
				t.Errorf("asked %q\nwant %q", got, tt.asked)
			}
		})
	}
}

// moreNote is what a list says of the contacts that it leaves out: the
// document's example has one of 42.
func moreNote(args string) string {
	if strings.HasPrefix(args, "by-business") {
		return "1 contact of 42; continue with --skip 6, or list all with --all"
	}
	return ""
}

func TestContactsInJSONAreWhatTheAPISaid(t *testing.T) {
	said := `{"id":"c1", "email":"a\u0040b.c",` + "\n" + ` "n":1.50e3, "big":12345678901234567890, "html":"<&>", "none":null}`
	kept := `"id":"c1","email":"a\u0040b.c","n":1.50e3,"big":12345678901234567890,"html":"<&>","none":null}` + "\n"
	for _, tt := range []struct{ args, answer, want string }{
		{"get c1", `{"contact":` + said + `}`, `{"kind":"contact",` + kept},
		{"update c1 --city x", `{"contact":` + said + `}`, `{"kind":"contact",` + kept},
		{"create --city x", `{"contact":` + said + `}`, `{"kind":"contact",` + kept},
		{"upsert --city x", `{"contact":` + said + `,"new":true}`, `{"kind":"contact","new":true,` + kept},
		{"get c1", `{"contact":{}}`, `{"kind":"contact"}` + "\n"},
		{
			"list", `{"contacts":[` + said + `,{"id":"c2"}],"total":2,"startAfterId":"c2","startAfter":1704873600000}`,
			`{"kind":"contact",` + kept + `{"kind":"contact","id":"c2"}` + "\n" + `{"kind":"page","total":2,"startAfterId":"c2","startAfter":1704873600000}` + "\n",
		},
		{"by-business b1", `{"contacts":[],"total":0}`, `{"kind":"page","total":0}` + "\n"},
		{"delete c1 c2", `{"succeeded":true}`, `{"kind":"deletedContact","id":"c1"}` + "\n" + `{"kind":"deletedContact","id":"c2"}` + "\n"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			api := newContactsAPI(t)
			api.answer = func(w http.ResponseWriter, _ *http.Request) bool { _, _ = io.WriteString(w, tt.answer); return true }
			r := api.contacts(t, append(strings.Fields(tt.args), "--json")...)
			if r.code != 0 || r.out != tt.want || r.err != "" {
				t.Errorf("exit code %d, %s\n got %s\nwant %s", r.code, r.err, r.out, tt.want)
			}
			jsonLines(t, r.out)
		})
	}
}

func TestContactsTablesAreSafeToPrint(t *testing.T) {
	const evil = `{"id":"c1","firstName":"\u001b[31mJane\u001b]0;x\u0007","email":"a\nb","tags":["x\u202ey"],"\u001b[2J":1}`
	for _, args := range []string{"get c1", "list", "list --all"} {
		api := newContactsAPI(t)
		api.answer = func(w http.ResponseWriter, r *http.Request) bool {
			body := `{"contact":` + evil + `}`
			if r.URL.Path == "/contacts/" {
				body = `{"contacts":[` + evil + `],"total":1}`
			}
			_, _ = io.WriteString(w, body)
			return true
		}
		r := api.contacts(t, strings.Fields(args)...)
		if r.code != 0 || !strings.Contains(r.out, "Jane") || strings.ContainsAny(r.out+r.err, "\x1b\a\u202e") || strings.Contains(r.out, "a\nb") {
			t.Errorf("%s: exit code %d, printed %q %q", args, r.code, r.out, r.err)
		}
	}
}

func TestAllContactsArePagedThrough(t *testing.T) {
	pages := map[string]string{
		"":   `{"contacts":[{"id":"c1"},{"id":"c2"}],"total":3,"startAfterId":"c2","startAfter":2000}`,
		"c2": `{"contacts":[{"id":"c3"}],"total":3,"startAfterId":"c3","startAfter":3000}`,
		"c3": `{"contacts":[],"total":3}`,
	}
	api := newContactsAPI(t)
	api.answer = func(w http.ResponseWriter, r *http.Request) bool {
		_, _ = io.WriteString(w, pages[r.URL.Query().Get("startAfterId")])
		return true
	}
	r := api.contacts(t, "list", "--all", "--json")
	if want := `{"kind":"contact","id":"c1"}` + "\n" + `{"kind":"contact","id":"c2"}` + "\n" + `{"kind":"contact","id":"c3"}` + "\n"; r.out != want || r.code != 0 {
		t.Errorf("exit code %d, %s%s", r.code, r.out, r.err)
	}
	if asked := api.list(); len(asked) != 3 || !strings.Contains(asked[0], "limit=100") {
		t.Errorf("asked %q", asked)
	}
	t.Run("what came before an error is printed", func(t *testing.T) {
		pages["c2"] = "oops"
		api.contacts(t, "list", "--all").check(t, 1, "c2", "hint: check the base URL")
	})
	t.Run("one page tells where the next begins", func(t *testing.T) {
		api.contacts(t, "list", "--limit", "2").check(t, 0, "c1", "2 contacts of 3; continue with --start-after-id c2 --start-after 2000, or list all with --all")
	})
	t.Run("the last page does not", func(t *testing.T) {
		pages["c2"] = `{"contacts":[{"id":"c3"}],"total":3,"startAfterId":"c3","startAfter":3000}`
		api.contacts(t, "list", "--limit", "2", "--start-after-id", "c2").check(t, 0, "c3", "")
	})
	t.Run("a page without any says so", func(t *testing.T) {
		api.contacts(t, "list", "--start-after-id", "c3").check(t, 0, "ID", "no contacts match")
	})
}

func TestDeletingGoesOnPastWhatIsNotThere(t *testing.T) {
	api := newContactsAPI(t)
	status := http.StatusBadRequest
	api.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/c1") {
			return false
		}
		fail(w, status, "no c1")
		return true
	}
	api.contacts(t, "delete", "c1", "c2").check(t, 1, "deleted c2", "400 no c1")
	if n := len(api.list()); n != 2 {
		t.Errorf("%d requests", n)
	}
	status = http.StatusUnauthorized
	r := api.contacts(t, "delete", "c1", "c2")
	r.check(t, 1, "", "401 no c1")
	if n := len(api.list()); n != 3 || r.out != "" {
		t.Errorf("it goes on after 401: %d requests, %s", n, r.out)
	}
}

func TestContactsArgumentsThatAreNotUnderstood(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"list.json": "[]", "null.json": "null", "bad.json": "{"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	noLocation := map[string]string{envToken: contactsToken, envBaseURL: "http://127.0.0.1:1"}
	for _, tt := range []struct{ args, want string }{
		{"what", `unknown command "what"`},
		{"get", "ID is missing"},
		{"get ", "ID is missing"},
		{"delete", "ID… is missing"},
		{"list --limit 0", "want a whole number from 1 to 100"},
		{"list --limit 101", "want a whole number from 1 to 100"},
		{"list --start-after soon", "invalid --start-after"},
		{"list", "the location is missing"},
		{"create --email a@example.com", "hint: name it with --location ID or TASKEE_LOCATION_ID"},
		{"upsert --email a@example.com", "the location is missing"},
		{"create", "no fields are given"},
		{"update c1", "no fields are given"},
		{"update c1 --set x", "want PATH=VALUE"},
		{"update c1 --set a.b=1", "no such path"},
		{"update c1 --from " + filepath.Join(dir, "list.json"), "want one JSON object"},
		{"update c1 --from " + filepath.Join(dir, "null.json"), "want one JSON object"},
		{"update c1 --from " + filepath.Join(dir, "bad.json"), "want one JSON object"},
		{"by-business b1 --skip -1", "want a whole number, 0 or more"},
		{"get ..", "invalid ID"},
		{"get c1 --base-url ftp://x", "want http://host or https://host"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			runContacts(t, t.TempDir(), "", noLocation, strings.Fields(tt.args)...).check(t, 2, "", tt.want)
		})
	}
	t.Run("a body on standard input", func(t *testing.T) {
		api := newContactsAPI(t)
		r := runContacts(t, t.TempDir(), `{"city":"Austin"}`, map[string]string{envToken: contactsToken, envBaseURL: api.URL}, "update", "c1", "--from", "-")
		r.check(t, 0, "", "")
		if got := api.list(); got[0] != `PUT /contacts/c1 {"city":"Austin"}` {
			t.Errorf("asked %q", got)
		}
	})
}

func TestContactsSayWhatToDoAboutAFailure(t *testing.T) {
	for _, tt := range []struct {
		status      int
		args, wants string
	}{
		{401, "get c1", "hint: use a new token"},
		{403, "get c1", "the scope contacts.readonly"},
		{403, "update c1 --city x", "the scope contacts.write"},
		{400, "get c1", "unknown or deleted"},
		{422, "create --city x", "hint: correct these fields"},
		{302, "get c1", "redirects are not followed"},
		{503, "create --city x", "look before you send it again"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			api := newContactsAPI(t)
			api.answer = func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Location", "http://127.0.0.1:1/")
				fail(w, tt.status, "it says "+contactsToken)
				return true
			}
			api.contacts(t, strings.Fields(tt.args)...).check(t, 1, "", tt.wants)
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		a := &app{stdout: io.Discard, stderr: io.Discard, env: func(string) string { return contactsToken }}
		c, err := a.openAPI(newVersionCommand(a), &apiFlags{baseURL: "http://127.0.0.1:1"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Contact(ctx, "c1")
		if code := exitCode(ctx, a.apiError(c, err)); code != exitCancelled {
			t.Errorf("exit code %d for %v", code, err)
		}
	})
}

func TestAContactIsOneLine(t *testing.T) {
	tests := []struct{ name, raw, want string }{
		{"fields as they are spelled", `{ "id": "c1", "n": 1.0, "t": "<b>" }`, `{"kind":"contact","new":true,"id":"c1","n":1.0,"t":"<b>"}`},
		{"no fields", `{ }`, `{"kind":"contact","new":true}`},
		{"null in place of a contact", ``, `{"kind":"contact","new":true}`},
		{"text that acts on a terminal", "{\"id\":\"\u202e\"}", `{"kind":"contact","new":true,"id":"\u202e"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			err := contactLine(&out, taskee.Contact{Raw: json.RawMessage(tt.raw)}, map[string]bool{"new": true})
			if err != nil || out.String() != tt.want+"\n" {
				t.Errorf("%s, %v, want %s", out.String(), err, tt.want)
			}
		})
	}
}
