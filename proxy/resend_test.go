package proxy

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

const contact = `{"type":"ContactCreate","webhookId":"11111111-1111-4111-8111-111111111111","timestamp":"2026-01-28T14:35:00.000Z","email":"a@example.com"}`

// stored puts an event into the rig's store as if it had been received.
func (r *rig) stored(change func(*webhook.Event)) webhook.ID {
	r.t.Helper()
	e := webhook.Event{
		Method: "POST", Path: "/received", RawQuery: "a=1", Host: "public.test", RemoteAddr: "203.0.113.9:1",
		Header: http.Header{taskee.HeaderEd25519: {"c2lnbmVk"}, "X-Twice": {"1", "2"}, "Content-Type": {"application/json"}},
		Body:   []byte(contact), BodySize: int64(len(contact)), Source: webhook.SourceTunnel,
		Verdict: webhook.Verdict{Status: webhook.Valid, Key: "taskee"},
		Answer:  webhook.Answer{Status: 500, By: webhook.ByApp},
	}
	if change != nil {
		change(&e)
	}
	if err := r.store.PutEvent(r.t.Context(), &e); err != nil {
		r.t.Fatal(err)
	}
	return e.ID
}

func TestAResendRepeatsWhatWasReceived(t *testing.T) {
	addr, heads, bodies := recordingApp(t)
	r := newRig(t, addr)
	id := r.stored(nil)
	got, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: id})
	if err != nil {
		t.Fatal(err)
	}
	want := "POST /received?a=1 HTTP/1.1\r\nHost: " + addr + "\r\nContent-Length: 138\r\nContent-Type: application/json\r\n" +
		"X-Ghl-Signature: c2lnbmVk\r\nX-Twice: 1\r\nX-Twice: 2\r\n" +
		"X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Host: public.test\r\nX-Forwarded-Proto: https\r\n\r\n"
	if head := <-heads; head != want {
		t.Errorf("the app got\n%q, want\n%q", head, want)
	}
	if body := <-bodies; body != contact {
		t.Errorf("the app got %s", body)
	}
	a := got.Attempt
	if a.Trigger != webhook.TriggerResend || a.Delivery != 2 || a.Sent != nil || a.StatusCode != http.StatusOK || string(a.Body) != "ok" || a.Answered != 0 {
		t.Errorf("recorded %+v", a)
	}
	if got.State != webhook.StateRecovered || len(got.Notes) != 0 {
		t.Errorf("state %s, notes %q", got.State, got.Notes)
	}
}

func TestAResendElsewhere(t *testing.T) {
	addr, heads, _ := recordingApp(t)
	r := newRig(t, "127.0.0.1:1")
	got, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: r.stored(nil), To: addr + "/other"})
	if err != nil || got.Attempt.Target != "http://"+addr+"/other?a=1" {
		t.Fatalf("%+v, %v", got.Attempt, err)
	}
	if head := <-heads; !strings.HasPrefix(head, "POST /other?a=1 ") {
		t.Errorf("the app got %q", head)
	}
}

func TestAnAppThatIsDownIsNoErrorOfAResend(t *testing.T) {
	r := newRig(t, "127.0.0.1:1")
	got, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: r.stored(nil)})
	if err != nil || got.Attempt.StatusCode != 0 || !strings.Contains(got.Attempt.Error, "refused") || got.State != webhook.StateFailed {
		t.Errorf("%+v, %v", got, err)
	}
	if len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "is your app running") {
		t.Errorf("notes %q", got.Notes)
	}
}

func TestWhatCannotBeResent(t *testing.T) {
	rejected := func(e *webhook.Event) {
		e.Verdict = webhook.Verdict{Status: webhook.Invalid, Reason: "the signature fits no trusted key"}
		e.Decision, e.Answer = webhook.RejectedSignature, byTaskhook(401, "")
	}
	tests := []struct {
		name   string
		event  func(*webhook.Event)
		resend webhook.Resend
		want   error
	}{
		{"unknown", nil, webhook.Resend{EventID: 99}, webhook.ErrNotFound},
		{"rejected for its signature", rejected, webhook.Resend{}, webhook.ErrUnverified},
		{"never read", func(e *webhook.Event) { e.NoBody, e.Body = true, nil }, webhook.Resend{}, webhook.ErrPruned},
		{"body gone", func(e *webhook.Event) { e.Body = nil }, webhook.Resend{}, webhook.ErrPruned},
		{"to nowhere", nil, webhook.Resend{To: "ftp://x"}, httpwire.ErrTarget},
		{"no such path", nil, webhook.Resend{Set: []webhook.Edit{{Path: "a.b.c", Value: "1"}}}, jsjson.ErrPath},
		{"no keys", nil, webhook.Resend{Sign: webhook.SignDev}, ErrNoSigner},
		{"line break in a header", func(e *webhook.Event) { e.Header["X-Bad"] = []string{"a\r\nInjected: 1"} }, webhook.Resend{}, ErrUnsendable},
		{"space in the path", func(e *webhook.Event) { e.Path = "/a b" }, webhook.Resend{}, ErrUnsendable},
		{"no method", func(e *webhook.Event) { e.Method = "" }, webhook.Resend{}, ErrUnsendable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr, heads, _ := recordingApp(t)
			r := newRig(t, addr)
			id := r.stored(tt.event)
			if tt.resend.EventID == 0 {
				tt.resend.EventID = id
			}
			if _, err := r.proxy.Resend(t.Context(), tt.resend); !errors.Is(err, tt.want) {
				t.Errorf("Resend: %v, want %v", err, tt.want)
			}
			if _, attempts := r.store.count(); attempts != 0 || len(heads) != 0 {
				t.Error("an attempt was made")
			}
		})
	}
	r := newRig(t, "")
	if _, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: r.stored(nil)}); !errors.Is(err, ErrNoTarget) {
		t.Errorf("without a target: %v", err)
	}
}

func TestARejectedEventNeedsToBeAskedFor(t *testing.T) {
	addr, heads, _ := recordingApp(t)
	r := newRig(t, addr)
	id := r.stored(func(e *webhook.Event) {
		e.Verdict = webhook.Verdict{Status: webhook.Invalid, Reason: "the signature fits no trusted key"}
		e.Decision, e.Answer = webhook.RejectedSignature, byTaskhook(401, "")
	})
	_, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: id})
	if err == nil || !strings.Contains(err.Error(), "fits no trusted key") {
		t.Errorf("the error does not say why: %v", err)
	}
	got, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: id, Unverified: true})
	if err != nil || len(heads) != 1 || got.State != webhook.StateRejected {
		t.Errorf("%+v, %v", got, err)
	}
}

// checkNote holds that the notes say something; "": that there are none.
func checkNote(t *testing.T, notes []string, want string) {
	t.Helper()
	if noted := strings.Join(notes, "\n"); !strings.Contains(noted, want) || want == "" && noted != "" {
		t.Errorf("notes %q, want %q", notes, want)
	}
}

func TestChangedEventsAreSignedAnew(t *testing.T) {
	pub, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signer := func() (taskee.Signer, error) { return taskee.Signer{Ed25519: private}, nil }
	const received = "c2lnbmVk"
	tests := []struct {
		name      string
		resend    webhook.Resend
		signature string // "dev": by the development key
		changed   bool
		note      string
	}{
		{"set", webhook.Resend{Set: []webhook.Edit{{Path: "email", Value: `"b@example.com"`}}}, "dev", true, ""},
		{"as a new event", webhook.Resend{NewID: true}, "dev", true, ""},
		{"dev", webhook.Resend{Sign: webhook.SignDev}, "dev", false, ""},
		{"none", webhook.Resend{Sign: webhook.SignNone}, "", false, ""},
		{"corrupt", webhook.Resend{Sign: webhook.SignCorrupt}, "other", false, ""},
		{"set, with the original signature", webhook.Resend{Sign: webhook.SignOriginal, Set: []webhook.Edit{{Path: "email", Value: `"b@example.com"`}}}, received, true, "signature is not"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr, heads, bodies := recordingApp(t)
			r := newRig(t, addr, func(o *Options) { o.Signer = signer })
			tt.resend.EventID = r.stored(nil)
			got, err := r.proxy.Resend(t.Context(), tt.resend)
			if err != nil {
				t.Fatal(err)
			}
			<-heads
			body := <-bodies
			if (body != contact) != tt.changed {
				t.Errorf("the app got %s", body)
			}
			sent := got.Attempt.Sent
			if sent == nil || string(sent.Body) != body || sent.Path != "/received" || sent.Header.Get("X-Twice") != "1" {
				t.Fatalf("recorded %+v", sent)
			}
			sig := sent.Header.Get(taskee.HeaderEd25519)
			raw, _ := base64.StdEncoding.DecodeString(sig)
			fits := map[string]bool{"dev": ed25519.Verify(pub, []byte(body), raw), "other": sig != "" && sig != received, sig: true}
			if !fits[tt.signature] {
				t.Errorf("the signature is %q, want %q", sig, tt.signature)
			}
			checkNote(t, got.Notes, tt.note)
			if e := r.store.event(t, 1); string(e.Body) != contact || e.Header.Get(taskee.HeaderEd25519) != received {
				t.Error("the stored event was changed")
			}
		})
	}
}

func TestFreshEventsHaveANameOfTheirOwn(t *testing.T) {
	_, private, _ := ed25519.GenerateKey(nil)
	addr, _, bodies := recordingApp(t)
	r := newRig(t, addr, func(o *Options) {
		o.Signer = func() (taskee.Signer, error) { return taskee.Signer{Ed25519: private}, nil }
	})
	id := r.stored(func(e *webhook.Event) { e.Answer.Status = 200 })
	seen := []string{"11111111-1111-4111-8111-111111111111"}
	for range 3 {
		got, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: id, NewID: true})
		if err != nil || len(got.Notes) != 0 {
			t.Fatalf("%q, %v", got.Notes, err)
		}
		name := taskee.Parse([]byte(<-bodies)).WebhookID
		if slices.Contains(seen, name) || len(name) != 36 || name[14] != '4' || !strings.Contains("89ab", name[19:20]) {
			t.Errorf("the webhookId is %q", name)
		}
		seen = append(seen, name)
	}
}

func TestAPlainResendOfAnAcceptedEventIsNoted(t *testing.T) {
	addr, _, _ := recordingApp(t)
	r := newRig(t, addr)
	id := r.stored(func(e *webhook.Event) { e.Answer.Status = 200 })
	got, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: id})
	if err != nil || len(got.Notes) != 1 || got.Notes[0] != webhook.NoteSameID {
		t.Errorf("notes %q, %v", got.Notes, err)
	}
}

func TestTheSchemeOfAResendIsThatOfTheEvent(t *testing.T) {
	tests := []struct {
		header http.Header
		want   string
	}{
		{nil, taskee.SchemeRSA},
		{http.Header{taskee.HeaderRSA: {"x"}}, taskee.SchemeRSA},
		{http.Header{taskee.HeaderEd25519: {"x"}}, taskee.SchemeEd25519},
		{http.Header{taskee.HeaderRSA: {"x"}, taskee.HeaderEd25519: {"x"}}, taskee.SchemeBoth},
		{http.Header{taskee.HeaderRSA: {taskee.Absent}, taskee.HeaderEd25519: {"x"}}, taskee.SchemeEd25519},
	}
	for _, tt := range tests {
		if got := schemeOf(tt.header); got != tt.want {
			t.Errorf("schemeOf(%v) = %s, want %s", tt.header, got, tt.want)
		}
	}
}

func TestWhatIsNoticedAboutAnAnswer(t *testing.T) {
	tests := []struct {
		name         string
		target, path string
		status       int
		body         string
		key          string
		took         time.Duration
		unsuccessful bool
		slow         bool
		hint         string // "": none
	}{
		{"fine", "3000", "/", 200, `{"success":true}`, "taskee", 0, false, false, ""},
		{"success false", "3000", "/", 200, `{"message":"x","success": false}`, "", 0, true, false, "answer 429"},
		{"success false deeper", "3000", "/", 200, `{"data":{"success":false}}`, "", 0, false, false, ""},
		{"success false but not 2xx", "3000", "/x", 500, `{"success":false}`, "", 0, false, false, ""},
		{"success false but not JSON", "3000", "/x", 200, `<"success":false>`, "", 0, false, false, ""},
		{"404 at /", "3000", "/", 404, "", "", 0, false, false, "taskhook listen 3000/webhooks"},
		{"405 at / elsewhere", "app.test:8080", "/", 405, "", "", 0, false, false, "taskhook listen app.test:8080/webhooks"},
		{"redirect at / with https", "https://app.test", "/", 308, "", "", 0, false, false, "taskhook listen https://app.test/webhooks"},
		{"redirect elsewhere", "3000", "/hook", 302, "", "", 0, false, false, "redirects to /elsewhere"},
		{"404 elsewhere", "3000", "/hook", 404, "", "", 0, false, false, ""},
		{"401 to a dev-signed event", "3000", "/hook", 401, "", "dev", 0, false, false, "taskhook keys env"},
		{"403 to a dev-signed event", "3000", "/hook", 403, "", "dev", 0, false, false, "taskhook keys env"},
		{"401 to a real event", "3000", "/hook", 401, "", "taskee", 0, false, false, ""},
		{"slow", "3000", "/hook", 200, "", "", slowAnswer + 1, false, true, "answer at once"},
		{"just not slow", "3000", "/hook", 200, "", "", slowAnswer, false, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			target, err := httpwire.ParseTarget(tt.target)
			if err != nil {
				t.Fatal(err)
			}
			a := webhook.Attempt{StatusCode: tt.status, Body: []byte(tt.body), Duration: tt.took, Header: http.Header{"Location": {"/elsewhere"}}}
			annotate(&a, &request{target: target, path: tt.path}, webhook.Verdict{Key: tt.key}, nil)
			if a.Unsuccessful != tt.unsuccessful || a.Slow != tt.slow || !strings.Contains(a.Hint, tt.hint) || tt.hint == "" && a.Hint != "" {
				t.Errorf("noticed %+v", a)
			}
		})
	}
}
