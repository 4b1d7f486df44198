package proxy

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// signing is a proxy's option to sign with a new development key, and that
// key's public half.
func signing(t *testing.T) (func(*Options), ed25519.PublicKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return func(o *Options) {
		o.Signer = func() (taskee.Signer, error) { return taskee.Signer{Ed25519: private}, nil }
	}, public
}

// asReceived is the request of the rig's stored event, to be changed.
func asReceived(change func(*webhook.Request)) *webhook.Request {
	r := &webhook.Request{
		Method: "POST", Path: "/received", RawQuery: "a=1", Body: []byte(contact),
		Header: http.Header{taskee.HeaderEd25519: {"c2lnbmVk"}, "X-Twice": {"1", "2"}, "Content-Type": {"application/json"}},
	}
	if change != nil {
		change(r)
	}
	return r
}

func TestAnEditedRequestIsSentAsItStands(t *testing.T) {
	addr, heads, bodies := recordingApp(t)
	r := newRig(t, addr)
	edited := &webhook.Request{
		Method: "PUT", Path: "/caf\xe9%2F", RawQuery: "b=<2>",
		Header: http.Header{
			"X-Latin": {"caf\xe9", "b"}, "x-lower": {"1"}, "X-Lower": {"0"}, "Content-Length": {"7"}, "Host": {"edited.test"},
			"Transfer-Encoding": {"chunked"}, "Connection": {"X-Hop"}, "X-Hop": {"1"},
		},
		Body: []byte("\x00\xff{}"),
	}
	got, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: r.stored(nil), Edited: edited, Sign: webhook.SignOriginal})
	if err != nil {
		t.Fatal(err)
	}
	want := "PUT /caf\xe9%2F?b=<2> HTTP/1.1\r\nHost: " + addr + "\r\nContent-Length: 4\r\nX-Latin: caf\xe9\r\nX-Latin: b\r\nX-Lower: 0\r\nX-Lower: 1\r\n" +
		"X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Host: edited.test\r\nX-Forwarded-Proto: https\r\n\r\n"
	if head := <-heads; head != want {
		t.Errorf("the app got\n%q, want\n%q", head, want)
	}
	if body := <-bodies; body != string(edited.Body) {
		t.Errorf("the app got %q", body)
	}
	sent := &webhook.Request{
		Method: "PUT", Path: "/caf\xe9%2F", RawQuery: "b=<2>", Body: edited.Body,
		Header: http.Header{"X-Latin": {"caf\xe9", "b"}, "X-Lower": {"0", "1"}, "Content-Length": {"4"}},
	}
	if diff := cmp.Diff(sent, got.Attempt.Sent); diff != "" {
		t.Errorf("recorded (-want +got)\n%s", diff)
	}
	if noted := strings.Join(got.Notes, "\n"); !strings.Contains(noted, "not sent as edited: Connection, Content-Length, Host, Transfer-Encoding") {
		t.Errorf("notes %q", got.Notes)
	}
	if e := r.store.event(t, 1); e.Method != http.MethodPost || e.Path != "/received" || string(e.Body) != contact || e.Host != "public.test" || len(e.Header) != 3 {
		t.Errorf("the stored event was changed: %+v", e)
	}
}

func TestTheHostOfAnEditedRequest(t *testing.T) {
	addr, heads, _ := recordingApp(t)
	r := newRig(t, addr, func(o *Options) { o.Host = HostPreserve })
	id := r.stored(nil)
	for host, want := range map[string]string{"": "public.test", "edited.test": "edited.test"} {
		edited := asReceived(func(r *webhook.Request) {
			if host != "" {
				r.Header.Set("Host", host)
			}
		})
		got, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: id, Edited: edited, NewID: false})
		if err != nil {
			t.Fatal(err)
		}
		if head := <-heads; !strings.Contains(head, "\r\nHost: "+want+"\r\n") || strings.Contains(strings.Join(got.Notes, ""), "not sent as edited") {
			t.Errorf("%q: the app got %q, notes %q", host, head, got.Notes)
		}
	}
}

func TestFreshAndSetFollowTheEdit(t *testing.T) {
	option, _ := signing(t)
	addr, heads, bodies := recordingApp(t)
	r := newRig(t, addr+"/target?t=1", option)
	got, err := r.proxy.Resend(t.Context(), webhook.Resend{
		EventID: r.stored(nil), NewID: true, Set: []webhook.Edit{{Path: "email", Value: "c@example.com"}},
		Edited: asReceived(func(r *webhook.Request) {
			r.Body = []byte(`{"webhookId":"edited","email":"b@example.com","timestamp":"2020-01-01T00:00:00.000Z","n":1}`)
			r.RawQuery = "q=2"
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if head := <-heads; !strings.HasPrefix(head, "POST /target?t=1&q=2 ") || got.Attempt.Sent.RawQuery != "t=1&q=2" || got.Attempt.Sent.Path != "/target" {
		t.Errorf("the app got %q, recorded %+v", head, got.Attempt.Sent)
	}
	body := <-bodies
	if !strings.Contains(body, `"email":"c@example.com"`) || !strings.Contains(body, `"n":1`) || strings.Contains(body, "edited") || strings.Contains(body, "2020-") {
		t.Errorf("the app got %s", body)
	}
}

// TestHowAnEditedRequestIsSigned holds which signature is sent with which
// body: signed here, JSON is its own JSON.stringify.
func TestHowAnEditedRequestIsSigned(t *testing.T) {
	const (
		spaced  = `{"b": 1.0, "webhookId":"11111111-1111-4111-8111-111111111111"}`
		compact = `{"b":1,"webhookId":"11111111-1111-4111-8111-111111111111"}`
		noJSON  = "b=1&c=2"
	)
	body := func(text string) func(*webhook.Request) {
		return func(r *webhook.Request) { r.Body = []byte(text) }
	}
	tests := []struct {
		name      string
		edit      func(*webhook.Request)
		resend    webhook.Resend
		body      string
		signature string // "dev": by the development key
		notes     []string
	}{
		{"body changed", body(spaced), webhook.Resend{}, compact, "dev", []string{`first change at byte 6: " 1.0, \"webhookId\":\"11111" became "1,\"webhookId\":\"11111111-"`}},
		{"body changed, written so already", body(compact), webhook.Resend{}, compact, "dev", nil},
		{"body changed, dev", body(spaced), webhook.Resend{Sign: webhook.SignDev}, compact, "dev", []string{"JSON.stringify"}},
		{"body changed, keep", body(spaced), webhook.Resend{Sign: webhook.SignOriginal}, spaced, "c2lnbmVk", []string{"the signature is not"}},
		{"body changed, none", body(spaced), webhook.Resend{Sign: webhook.SignNone}, spaced, "", nil},
		{"body changed and signed by hand", func(r *webhook.Request) {
			r.Body = []byte(spaced)
			r.Header.Set(taskee.HeaderEd25519, "bWluZQ==")
		}, webhook.Resend{Sign: webhook.SignOriginal}, spaced, "bWluZQ==", nil},
		{"no JSON", body(noJSON), webhook.Resend{}, noJSON, "dev", []string{"it is not JSON (invalid JSON at byte 0"}},
		{"emptied", body(""), webhook.Resend{}, "", "dev", []string{"it is not JSON"}},
		{"headers changed", func(r *webhook.Request) { r.Header.Set(taskee.HeaderEd25519, "bWluZQ==") }, webhook.Resend{}, contact, "bWluZQ==", nil},
		{"signature taken out, body changed", func(r *webhook.Request) {
			r.Body = []byte(compact)
			r.Header.Del(taskee.HeaderEd25519)
		}, webhook.Resend{}, compact, "dev", nil},
		{"set on white space", nil, webhook.Resend{Set: []webhook.Edit{{Path: "email", Value: "[1.0]", JSON: true}}}, strings.Replace(contact, `"a@example.com"`, "[1]", 1), "dev", []string{"JSON.stringify"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			option, public := signing(t)
			addr, heads, bodies := recordingApp(t)
			r := newRig(t, addr, option)
			tt.resend.EventID = r.stored(nil)
			if tt.edit != nil {
				tt.resend.Edited = asReceived(tt.edit)
			}
			got, err := r.proxy.Resend(t.Context(), tt.resend)
			if err != nil {
				t.Fatal(err)
			}
			<-heads
			if body := <-bodies; body != tt.body || string(got.Attempt.Sent.Body) != body {
				t.Errorf("the app got %q, want %q, recorded %q", body, tt.body, got.Attempt.Sent.Body)
			}
			signature := got.Attempt.Sent.Header.Get(taskee.HeaderEd25519)
			if tt.signature == "dev" {
				raw, _ := base64.StdEncoding.DecodeString(signature)
				if !ed25519.Verify(public, []byte(tt.body), raw) {
					t.Errorf("the signature %q does not fit", signature)
				}
			} else if signature != tt.signature {
				t.Errorf("the signature is %q, want %q", signature, tt.signature)
			}
			if len(got.Notes) != len(tt.notes) {
				t.Fatalf("notes %q, want %q", got.Notes, tt.notes)
			}
			for i, want := range tt.notes {
				if !strings.Contains(got.Notes[i], want) {
					t.Errorf("note %q does not say %q", got.Notes[i], want)
				}
			}
		})
	}
}

func TestAnEditedRequestThatCannotBeSent(t *testing.T) {
	tests := []struct {
		name string
		edit func(*webhook.Request)
		want string
	}{
		{"no method", func(r *webhook.Request) { r.Method = "" }, `its method "" is invalid; use one such as POST`},
		{"method with a space", func(r *webhook.Request) { r.Method = "PO ST" }, `its method "PO ST" is invalid`},
		{"no path", func(r *webhook.Request) { r.Path = "" }, `its path "" does not begin with /`},
		{"path without a slash", func(r *webhook.Request) { r.Path = "hook" }, `its path "hook" does not begin with /`},
		{"query in the path", func(r *webhook.Request) { r.Path = "/hook?a=1" }, `its path "/hook?a=1" has a ?`},
		{"space in the path", func(r *webhook.Request) { r.Path = "/a b" }, `its path "/a b" has a space or a control character; write it percent-encoded`},
		{"line break in the query", func(r *webhook.Request) { r.RawQuery = "a\r\nX: 1" }, `its query "a\r\nX: 1" has a space or a control character`},
		{"header name", func(r *webhook.Request) { r.Header["X Y"] = []string{"1"} }, `"X Y" is not a header name`},
		{"header name of bytes", func(r *webhook.Request) { r.Header["X-\xe9"] = []string{"1"} }, `"X-\xe9" is not a header name`},
		{"header value", func(r *webhook.Request) { r.Header["X-A"] = []string{"1", "2\n"} }, "the header X-A has a line break"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr, heads, _ := recordingApp(t)
			r := newRig(t, addr)
			_, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: r.stored(nil), Edited: asReceived(tt.edit)})
			if !errors.Is(err, ErrUnsendable) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Resend: %v, want %s", err, tt.want)
			}
			if _, attempts := r.store.count(); attempts != 0 || len(heads) != 0 {
				t.Error("an attempt was made")
			}
		})
	}
	r := newRig(t, "127.0.0.1:1")
	_, err := r.proxy.Resend(t.Context(), webhook.Resend{
		EventID: r.stored(nil), NewID: true, Edited: asReceived(func(r *webhook.Request) { r.Body = []byte("{") }),
	})
	var syntax *jsjson.SyntaxError
	if !errors.As(err, &syntax) || syntax.Offset != 1 {
		t.Errorf("a new ID, and no JSON: %v", err)
	}
}

// TestAnotherBodyRecoversNothing holds that an event is recovered by its own
// bytes alone, however they are addressed and signed.
func TestAnotherBodyRecoversNothing(t *testing.T) {
	tests := []struct {
		name   string
		resend webhook.Resend
		want   webhook.State
	}{
		{"as it is", webhook.Resend{}, webhook.StateRecovered},
		{"signed anew", webhook.Resend{Sign: webhook.SignDev}, webhook.StateRecovered},
		{"other headers", webhook.Resend{Edited: asReceived(func(r *webhook.Request) { r.Header.Set("X-A", "1"); r.Path = "/other" })}, webhook.StateRecovered},
		{"white space that is not sent", webhook.Resend{Edited: asReceived(func(r *webhook.Request) { r.Body = []byte(contact + " ") })}, webhook.StateRecovered},
		{"another body", webhook.Resend{Edited: asReceived(func(r *webhook.Request) { r.Body = []byte("{}") })}, webhook.StateFailed},
		{"as a new event", webhook.Resend{NewID: true}, webhook.StateFailed},
		{"set", webhook.Resend{Set: []webhook.Edit{{Path: "email", Value: "x"}}}, webhook.StateFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			option, _ := signing(t)
			addr, _, _ := recordingApp(t)
			r := newRig(t, addr, option)
			tt.resend.EventID = r.stored(nil)
			got, err := r.proxy.Resend(t.Context(), tt.resend)
			if err != nil || got.Attempt.StatusCode != http.StatusOK || got.State != tt.want {
				t.Errorf("%s, %v, want %s", got.State, err, tt.want)
			}
		})
	}
}

func TestAnEditedWebhookIDIsANewEventToTheApp(t *testing.T) {
	option, _ := signing(t)
	addr, _, _ := recordingApp(t)
	r := newRig(t, addr, option)
	id := r.stored(func(e *webhook.Event) { e.Answer.Status = 200 })
	for body, noted := range map[string]bool{
		strings.Replace(contact, "a@example.com", "b@example.com", 1): true,
		strings.Replace(contact, "11111111-", "22222222-", 1):         false,
	} {
		got, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: id, Edited: asReceived(func(r *webhook.Request) { r.Body = []byte(body) })})
		if err != nil || (len(got.Notes) > 0) != noted {
			t.Errorf("%s: notes %q, %v", body, got.Notes, err)
		}
	}
}
