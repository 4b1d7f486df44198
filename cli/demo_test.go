package cli

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/taskhook/taskhook/taskee"
)

func TestTheDemoSendsAnUnsignedEventToo(t *testing.T) {
	got := make(chan *http.Request, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer srv.Close()
	d := demoSender{url: srv.URL + "/webhooks"}
	if err := d.forge(t.Context(), "NoteCreate"); err != nil {
		t.Fatal(err)
	}
	r := <-got
	if r.URL.Path != "/webhooks" || r.Header.Get(taskee.HeaderRSA)+r.Header.Get(taskee.HeaderEd25519) != "" {
		t.Errorf("%s %v", r.URL, r.Header)
	}
}
