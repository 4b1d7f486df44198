package taskee

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestAnErrorSaysWhatTheAPISaysAndWhatToDo(t *testing.T) {
	documented := authorizationAnswers(t)
	for _, tt := range []struct {
		name    string
		call    string
		status  int
		body    string
		message []string
		hint    string
	}{
		{"token", "get", 401, documented[401], []string{"Invalid token"}, "rotated or deleted, or is an OAuth access token older than a day, or an API key of v1"},
		{"scope to read", "get", 403, documented[403], []string{"Insufficient scopes"}, "the scope contacts.readonly"},
		{"scope to write", "upsert", 403, documented[403], []string{"Insufficient scopes"}, "the scope contacts.write"},
		{"scope to delete", "delete", 403, documented[403], []string{"Insufficient scopes"}, "the scope contacts.write"},
		{"version", "create", 400, documented[400], []string{"Missing required header: Version"}, "the only Version that the API accepts: 2021-07-28"},
		{"one sentence", "create", 422, `{"statusCode":422,"message":"email must be an email"}`, []string{"email must be an email"}, "correct these fields"},
		{"all that is wrong", "update", 422, `{"statusCode":422,"message":["phone is wrong","country is wrong"]}`, []string{"phone is wrong", "country is wrong"}, "correct these fields"},
		{"phone", "create", 422, `{"statusCode":422,"message":["phone is wrong"]}`, []string{"phone is wrong"}, "+14155552671"},
		{"country", "update", 422, `{"statusCode":422,"message":["country is wrong"]}`, []string{"country is wrong"}, "such as US"},
		{"duplicate", "create", 400, `{"statusCode":400,"message":"This location does not allow duplicated contacts."}`, []string{"This location does not allow duplicated contacts."}, "use upsert"},
		{
			"duplicate of a known contact", "create", 400,
			`{"statusCode":400,"message":"no duplicates","meta":{"contactId":"c7","matchingField":"phone"}}`, []string{"no duplicates"}, "update contact c7",
		},
		{"unknown contact", "delete", 400, `{"statusCode":400,"message":"Contact with id c1 not found"}`, []string{"Contact with id c1 not found"}, "unknown or deleted"},
		{"unknown location", "create", 400, `{"statusCode":400,"message":"locationId is invalid"}`, []string{"locationId is invalid"}, "check the location ID"},
		{"stale cursor", "get", 400, `{"statusCode":400,"message":"startAfterId is not a contact of this location"}`, []string{"startAfterId is not a contact of this location"}, "start the list again"},
		{"wrong path", "get", 404, `<html>nothing here</html>`, nil, "check the base URL"},
		{"another word for the message", "get", 500, `{"error":"Internal"}`, []string{"Internal"}, "try again later"},
		{"a message of another type", "get", 500, `{"message":{"a":1},"traceId":"t-1"}`, nil, "try again later"},
		{"a write in trouble", "create", 503, ``, nil, "look before you send it again"},
		{"limit", "get", 429, `{"statusCode":429,"message":"Too Many Requests"}`, []string{"Too Many Requests"}, "100 in 10 s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client, _ := serve(t, tt.status, tt.body)
			client.maxWait = -1
			err := theCalls[tt.call](t.Context(), client)
			var e *APIError
			if !errors.As(err, &e) {
				t.Fatal(err)
			}
			if e.Status != tt.status || !slices.Equal(e.Message, tt.message) || !strings.Contains(e.Hint(), tt.hint) {
				t.Errorf("%+v\nhint: %s\nwant %q and %q", e, e.Hint(), tt.message, tt.hint)
			}
			text := err.Error()
			for _, want := range append(tt.message, strconv.Itoa(tt.status), e.Method, "/contacts/") {
				if !strings.Contains(text, want) {
					t.Errorf("%q does not say %q", text, want)
				}
			}
		})
	}
}

func TestAnErrorNamesTheRequestAndWhenToComeBack(t *testing.T) {
	api := &memory{answer: func(int, *http.Request) (*http.Response, error) {
		return response(http.StatusTooManyRequests, `{"message":"slow down","traceId":"from-body"}`, "Retry-After", "90", "X-Request-Id", "from-header"), nil
	}}
	c := clientOf(t, api)
	_, err := c.Contact(t.Context(), "c1")
	var e *APIError
	if !errors.As(err, &e) || e.RequestID != "from-header" || e.RetryAfter != 90*time.Second || e.Hint() != "try again in 1m 30s" {
		t.Fatalf("%+v", err)
	}
	if want := "GET /contacts/c1: 429 slow down (request from-header)"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
}

func TestAnswersThatAreNoneOfTheAPI(t *testing.T) {
	for body, calls := range map[string][]string{
		"<html>welcome</html>": {"get", "create", "upsert", "update", "delete"},
		"":                     {"get", "delete"},
		"null":                 {"get", "create"},
		`{"contact":null}`:     {"get", "upsert"},
		`{"contact":"c1"}`:     {"get"},
		`{"contacts":[]}`:      {"get"},
		`[]`:                   {"get", "delete"},
		`{"contact":{"id":1}}`: {"update"},
	} {
		for _, call := range calls {
			t.Run(call+" "+body, func(t *testing.T) {
				c, _ := serve(t, http.StatusOK, body)
				if err := theCalls[call](t.Context(), c); !errors.Is(err, ErrNotAPI) {
					t.Errorf("%v, want %v", err, ErrNotAPI)
				}
			})
		}
	}
	c, _ := serve(t, http.StatusOK, `{"contact":{"id":"c1"}}`)
	if _, err := c.Contacts(t.Context(), ContactQuery{}); !errors.Is(err, ErrNotAPI) {
		t.Errorf("a page: %v", err)
	}
	c, _ = serve(t, http.StatusOK, `{"succeeded":false}`)
	if err := c.DeleteContact(t.Context(), "c1"); err == nil {
		t.Error("what was not deleted counts as deleted")
	}
	c, _ = serve(t, http.StatusOK, `{"succe`+`ded":true}`)
	if err := c.DeleteContact(t.Context(), "c1"); err != nil {
		t.Errorf("the family's spelling: %v", err)
	}
}

// endless is a body without an end that counts what was read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	clear(p)
	return len(p), nil
}

func TestAnAnswerIsReadWithinABound(t *testing.T) {
	body := &endless{}
	api := &memory{answer: func(int, *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body)}, nil
	}}
	c := clientOf(t, api)
	if _, err := c.Contact(t.Context(), "c1"); !errors.Is(err, ErrTooLarge) || body.read > 33<<20 {
		t.Errorf("%v after %d bytes", err, body.read)
	}
}

// told collects what could be printed of a client and its errors, in every way
// that people print.
func told(t *testing.T, values ...any) string {
	t.Helper()
	var b strings.Builder
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p"} {
			fmt.Fprintf(&b, verb+"\n", v)
		}
		for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
			slog.New(h).Info("m", "value", v)
		}
		if text, err := json.Marshal(v); err == nil {
			b.Write(text)
		}
	}
	return b.String()
}

// hasToken reports whether a text has the test's token in it, in hexadecimal
// digits too.
func hasToken(text string) bool {
	return strings.Contains(text, testToken) || strings.Contains(strings.ToLower(text), fmt.Sprintf("%x", testToken[4:]))
}

func TestATokenIsNeverPrinted(t *testing.T) {
	hidden, err := newSecret(testToken)
	if err != nil {
		t.Fatal(err)
	}
	holder := struct {
		Exported secret
		hidden   secret
		deeper   []secret
	}{hidden, hidden, []secret{hidden}}
	c := newTestClient(t, ClientOptions{})
	if text := told(t, hidden, &hidden, holder, &holder, c, *c.base, c.token, map[string]secret{"a": hidden}); hasToken(text) {
		t.Errorf("it is printed:\n%s", text)
	}
	if !hasToken(told(t, testToken)) || !strings.Contains(told(t, hidden), redacted) {
		t.Error("the test sees no token where there is one")
	}
}

func TestATokenThatComesBackIsNotTold(t *testing.T) {
	echo := `{"statusCode":401,"message":["` + testToken + ` is wrong"],"traceId":"` + testToken + `","meta":{"contactId":"` + testToken + `"}}`
	for name, answer := range map[string]func() (*http.Response, error){
		"in a message": func() (*http.Response, error) {
			return response(http.StatusUnauthorized, echo, "X-Request-Id", testToken), nil
		},
		"in a trace":  func() (*http.Response, error) { return response(http.StatusBadRequest, echo), nil },
		"in an error": func() (*http.Response, error) { return nil, errors.New("malformed answer: " + testToken) },
		"in no JSON":  func() (*http.Response, error) { return response(http.StatusOK, "Bearer "+testToken), nil },
	} {
		t.Run(name, func(t *testing.T) {
			api := &memory{answer: func(int, *http.Request) (*http.Response, error) { return answer() }}
			c := clientOf(t, api)
			_, err := c.Contacts(t.Context(), ContactQuery{LocationID: "l1", Query: "jane@example.com"})
			if err == nil {
				t.Fatal("no error")
			}
			text := told(t, err)
			var e *APIError
			if errors.As(err, &e) {
				text += e.Hint()
			}
			if hasToken(text) {
				t.Errorf("it is told: %s", text)
			}
			if strings.Contains(err.Error(), "jane") {
				t.Errorf("the query is told: %v", err)
			}
		})
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	var reached calls
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { reached.add(r) }))
	t.Cleanup(thief.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		for name, call := range theCalls {
			t.Run(strconv.Itoa(status)+" "+name, func(t *testing.T) {
				api := httptest.NewServer(http.RedirectHandler(thief.URL, status))
				defer api.Close()
				c := newTestClient(t, ClientOptions{BaseURL: api.URL})
				err := call(t.Context(), c)
				var e *APIError
				if !errors.As(err, &e) || e.Status != status || !strings.Contains(e.Hint(), "redirects are not followed") {
					t.Errorf("%v", err)
				}
			})
		}
	}
	if n := len(reached.list()); n != 0 {
		t.Errorf("the other host got %d requests", n)
	}
}

// FuzzAnswer gives the client any answer: it must end with a contact, or an
// error that has a bound and not the token.
func FuzzAnswer(f *testing.F) {
	f.Add(200, []byte(contactBody), "", "")
	f.Add(200, []byte(`{"contacts":[{"id":"a","dateAdded":1e99,"tags":[null]},null],"total":-1,"startAfter":"x","meta":{"startAfter":1}}`), "0", "10000")
	f.Add(422, []byte(`{"message":["a",1,{"b":[]},"`+testToken+`"],"meta":{"contactId":7}}`), "-1", "1e9")
	f.Add(429, []byte("\xff{"), "99999999999", "99999999999")
	f.Add(400, []byte(`{"message":"`+strings.Repeat("é", 2000)+`"}`), "", "")
	f.Fuzz(func(t *testing.T, status int, body []byte, remaining, interval string) {
		if status < 200 || status > 599 {
			t.Skip("no status of an answer")
		}
		api := &memory{answer: func(int, *http.Request) (*http.Response, error) {
			return response(status, string(body), headerRemaining, remaining, headerInterval, interval, "Retry-After", interval), nil
		}}
		c := clientOf(t, api)
		c.maxWait = -1
		contact, err := c.Contact(t.Context(), "c1")
		if err == nil && (!json.Valid(contact.Raw) || !bytes.Contains(body, contact.Raw)) {
			t.Errorf("raw contact %q of %q", contact.Raw, body)
		}
		page, err2 := c.Contacts(t.Context(), ContactQuery{})
		for _, err := range []error{err, err2} {
			if err != nil && (strings.Contains(err.Error(), testToken) || status >= 300 && len(err.Error()) > maxMessages*(maxMessageSize+8)+2000) {
				t.Errorf("an error of %d bytes: %v", len(err.Error()), err)
			}
		}
		if err2 == nil {
			checkCursor(t, page.Next)
		}
	})
}

// checkCursor checks that a cursor can be sent.
func checkCursor(t *testing.T, at Cursor) {
	t.Helper()
	api := &memory{answer: func(int, *http.Request) (*http.Response, error) {
		return response(http.StatusOK, `{"contacts":[]}`), nil
	}}
	c := clientOf(t, api)
	if _, err := c.Contacts(context.Background(), ContactQuery{After: at}); err != nil {
		t.Fatal(err)
	}
	_, query, _ := strings.Cut(api.list()[0].uri, "?")
	sent, err := url.ParseQuery(query)
	if err != nil || sent.Get("startAfterId") != at.ID {
		t.Errorf("%+v was sent as %q: %v", at, query, err)
	}
}
