package tunnel

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	probe = "Taskhook-Probe"
	nonce = "n0nce"
)

// mirror answers a probe as the proxy does.
func mirror(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Ngrok-Skip-Browser-Warning") == "" {
		w.Header().Set("Ngrok-Error-Code", "ERR_NGROK_6024")
		return
	}
	w.Header().Set(probe, r.Header.Get(probe))
	w.WriteHeader(http.StatusNoContent)
}

func TestReachFindsTheWayBackThroughTheTunnel(t *testing.T) {
	e := startEdge(t)
	o, _ := options(t, e)
	tun := openTunnel(t, o)
	serve(t, tun, mirror)
	client := e.Client()
	defer client.CloseIdleConnections()
	took, err := Reach(t.Context(), client, tun.Status().URL, probe, nonce)
	if err != nil || took <= 0 {
		t.Errorf("%v, %v", took, err)
	}
}

func TestReachSaysWhoAnswersInstead(t *testing.T) {
	e := startEdge(t)
	client := e.Client()
	defer client.CloseIdleConnections()
	_, err := Reach(t.Context(), client, "https://offline.ngrok.app", probe, nonce)
	var te *Error
	if !errors.As(err, &te) || te.Code != "ERR_NGROK_3200" || te.Hint == "" || !strings.Contains(te.Message, "offline.ngrok.app") {
		t.Errorf("an offline endpoint: %v", err)
	}

	for _, c := range []struct {
		name string
		h    http.HandlerFunc
		want string
	}{
		{"another nonce", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(probe, "another")
			w.WriteHeader(http.StatusNoContent)
		}, "something else answers 204"},
		{"no nonce", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, "something else answers 204"},
		{"nonce on a page", func(w http.ResponseWriter, r *http.Request) { w.Header().Set(probe, r.Header.Get(probe)) }, "something else answers 200"},
		{"redirect", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://login.example/\u202e")
			w.WriteHeader(http.StatusFound)
		}, "redirects to https://login.example/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := httptest.NewServer(c.h)
			defer srv.Close()
			_, err := Reach(t.Context(), srv.Client(), srv.URL, probe, nonce)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\u202e") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestReachSaysWhyThereIsNoAnswer(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(mirror))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // it is told of the handshake that fails
	srv.StartTLS()
	defer srv.Close()
	strangers := &http.Client{Transport: &http.Transport{}}
	defer strangers.CloseIdleConnections()
	for _, c := range []struct{ name, address, want string }{
		{"untrusted certificate", srv.URL, "is not trusted"},
		{"nobody there", "http://" + closedPort(t), "connection refused"},
		{"not a URL", "http://[", "cannot be called"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Reach(t.Context(), strangers, c.address, probe, nonce); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := Reach(t.Context(), srv.Client(), srv.URL, probe, nonce); err != nil {
		t.Errorf("with the right certificate: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	cancel(interrupted)
	if _, err := Reach(ctx, srv.Client(), srv.URL, probe, nonce); !errors.Is(err, interrupted) {
		t.Errorf("cancelled: %v", err)
	}
}
