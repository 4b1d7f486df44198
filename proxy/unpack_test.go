package proxy

import (
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// gzipped compresses a text.
func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestACompressedWebhookIsReadAndPassedOnAsItCame(t *testing.T) {
	addr, heads, bodies := recordingApp(t)
	r := newRig(t, addr)
	sent := string(gzipped(t, contact))
	rawAnswer(t, r.raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n"+
		fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(sent), sent)))
	if head := <-heads; !strings.Contains(head, "Content-Encoding: gzip\r\n") {
		t.Errorf("the app got %q", head)
	}
	if <-bodies != sent {
		t.Error("the app got other bytes")
	}
	e := r.store.event(t, 1)
	want := taskee.Parse([]byte(contact))
	if e.Type != want.Type || e.WebhookID != want.WebhookID || !e.SentAt.Equal(want.SentAt) || e.Type == "" {
		t.Errorf("type %q, webhookId %q, sent %v", e.Type, e.WebhookID, e.SentAt)
	}
	if string(e.Body) != sent || e.BodySize != int64(len(sent)) {
		t.Errorf("%d bytes are stored, %d were sent", e.BodySize, len(sent))
	}
}

// TestAHeaderThatLiesAboutTheBody has what a proxy leaves that decompressed the
// body and not the header.
func TestAHeaderThatLiesAboutTheBody(t *testing.T) {
	e := &webhook.Event{Header: http.Header{"Content-Encoding": {"gzip"}}, Body: []byte(contact)}
	new(Proxy).inspect(e, nil)
	if e.Type != "ContactCreate" {
		t.Errorf("the type is %q", e.Type)
	}
}

func TestACompressedAnswerIsReadForSuccess(t *testing.T) {
	for text, want := range map[string]bool{`{"success":false}`: true, `{"success":true}`: false} {
		answer := string(gzipped(t, text))
		addr := answering(t, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"+fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(answer), answer))
		r := newRig(t, addr)
		_, got := rawAnswer(t, r.raw("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"))
		a := r.store.attempt(t)
		if got != answer || string(a.Body) != answer {
			t.Errorf("%s: the sender got %d bytes, %d are stored, the app sent %d", text, len(got), len(a.Body), len(answer))
		}
		if a.Unsuccessful != want {
			t.Errorf("%s: unsuccessful %v", text, a.Unsuccessful)
		}
	}
}

func TestACompressedBodyIsEditedAsItReads(t *testing.T) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	addr, heads, bodies := recordingApp(t)
	r := newRig(t, addr, func(o *Options) {
		o.Signer = func() (taskee.Signer, error) { return taskee.Signer{Ed25519: private}, nil }
	})
	compressed := func(body []byte) webhook.ID {
		return r.stored(func(e *webhook.Event) {
			e.Header["Content-Encoding"] = []string{"gzip"}
			e.Body, e.BodySize = body, int64(len(body))
		})
	}
	id := compressed(gzipped(t, contact))
	set := []webhook.Edit{{Path: "email", Value: "b@example.com"}}
	got, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: id, Set: set})
	if err != nil {
		t.Fatal(err)
	}
	if head, body := <-heads, <-bodies; strings.Contains(head, "Content-Encoding") || !strings.Contains(body, `"b@example.com"`) {
		t.Errorf("the app got\n%s%s", head, body)
	}
	if sent := got.Attempt.Sent; sent == nil || len(sent.Header["Content-Encoding"]) != 0 {
		t.Errorf("recorded %+v", sent)
	}
	checkNote(t, got.Notes, "the body came compressed (gzip) and is sent as plain text")
	if e := r.store.event(t, id); e.Header.Get("Content-Encoding") != "gzip" {
		t.Error("the stored event was changed")
	}

	if _, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: id}); err != nil {
		t.Fatal(err)
	}
	if head, body := <-heads, <-bodies; !strings.Contains(head, "Content-Encoding: gzip") || body != string(gzipped(t, contact)) {
		t.Error("without an edit the app did not get the bytes as they came")
	}
	_, err = r.proxy.Resend(t.Context(), webhook.Resend{EventID: compressed([]byte("\x1f\x8bbroken")), Set: set})
	if want := "the body cannot be edited: the gzip stream ends too early"; err == nil || err.Error() != want {
		t.Errorf("a broken body: %v, want %s", err, want)
	}
}

func TestAnEditOfWhatIsNotJSONNamesIt(t *testing.T) {
	r := newRig(t, "127.0.0.1:1")
	form := r.stored(func(e *webhook.Event) { e.Body = []byte("type=a&b=1") })
	broken := r.stored(func(e *webhook.Event) { e.Body = []byte(`{"a":1,}`) })
	for id, want := range map[webhook.ID]string{
		form:   "edit the body: this is a form (application/x-www-form-urlencoded), not JSON: a: invalid JSON at byte 1",
		broken: "edit the body: a: invalid JSON at byte 7",
	} {
		_, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: id, Set: []webhook.Edit{{Path: "a", Value: "2"}}})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", id, err, want)
		}
	}
}

func TestAnEditedBodyKeepsItsNumbers(t *testing.T) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	addr, _, bodies := recordingApp(t)
	r := newRig(t, addr, func(o *Options) {
		o.Signer = func() (taskee.Signer, error) { return taskee.Signer{Ed25519: private}, nil }
	})
	id := r.stored(func(e *webhook.Event) { e.Body = []byte(`{"id":9007199254740993,"n":1.0,"a":1}`) })
	got, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: id, Set: []webhook.Edit{{Path: "a", Value: "12345678901234567891"}}})
	if err != nil {
		t.Fatal(err)
	}
	if body := <-bodies; body != `{"id":9007199254740993,"n":1,"a":12345678901234567891}` {
		t.Errorf("the app got %s", body)
	}
	checkNote(t, got.Notes, "larger than JavaScript has exactly")
}
