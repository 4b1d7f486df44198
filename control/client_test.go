package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/taskhook/taskhook/webhook"
)

func TestNoListener(t *testing.T) {
	t.Run("none ever ran", func(t *testing.T) {
		if _, err := Dial(t.TempDir()); !errors.Is(err, ErrNoListener) {
			t.Errorf("Dial = %v", err)
		}
	})
	t.Run("no data directory", func(t *testing.T) {
		if _, err := Dial(t.TempDir() + "/none"); !errors.Is(err, ErrNoListener) {
			t.Errorf("Dial = %v", err)
		}
	})
	t.Run("it was killed and left its socket", func(t *testing.T) {
		dir := privateDir(t)
		leaveSocket(t, dir)
		_, err := dial(t, dir).Listener(t.Context())
		if !errors.Is(err, ErrNoListener) || err.Error() != ErrNoListener.Error() {
			t.Errorf("Listener = %v", err)
		}
	})
	t.Run("it ended, and another one is found", func(t *testing.T) {
		dir := privateDir(t)
		stop := serve(t, dir, Handler(newFakeBackend()))
		c := dial(t, dir)
		stop()
		if _, err := c.Listener(t.Context()); !errors.Is(err, ErrNoListener) {
			t.Errorf("Listener = %v", err)
		}
		serve(t, dir, Handler(newFakeBackend()))
		if _, err := c.Listener(t.Context()); err != nil {
			t.Errorf("Listener of the next one = %v", err)
		}
	})
	t.Run("it ends in the middle of an answer", func(t *testing.T) {
		dir := privateDir(t)
		serve(t, dir, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(versionHeader, protocol)
			_, _ = io.WriteString(w, `{"version":"1`)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}))
		_, err := dial(t, dir).Listener(t.Context())
		if !errors.Is(err, ErrNoListener) || !strings.HasPrefix(err.Error(), "the listener ended before it answered") {
			t.Errorf("Listener = %v", err)
		}
	})
}

func TestVersions(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"a newer version", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(versionHeader, "99")
			_, _ = io.WriteString(w, "{}")
		}, "this taskhook is older than the running listener (control protocol 99 there, 5 here)"},
		{"an older version", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(versionHeader, "4")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"message":"in words of its own"}`)
		}, "the running listener is older than this taskhook (control protocol 4 there, 5 here)"},
		{"no listener at all", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "hello")
		}, "something other than a listener answers on the control socket (status 200)"},
		{"a request the listener does not know", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(versionHeader, protocol)
			http.NotFound(w, r)
		}, "the running listener does not know this request: restart it with this version of taskhook"},
		{"an answer of another shape", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(versionHeader, protocol)
			_, _ = io.WriteString(w, `{"version":7}`)
		}, "understand the listener's answer: json: cannot unmarshal number into Go struct field Listener.version of type string"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := privateDir(t)
			serve(t, dir, tt.handler)
			_, err := dial(t, dir).Listener(t.Context())
			if err == nil || err.Error() != tt.want {
				t.Errorf("Listener = %v, want %q", err, tt.want)
			}
			var version *VersionError
			if strings.Contains(tt.name, "er version") && !errors.As(err, &version) {
				t.Errorf("%v is no VersionError", err)
			}
		})
	}
}

// TestHandlerRefuses holds that nothing is done for a request that is not
// understood.
func TestHandlerRefuses(t *testing.T) {
	tests := []struct {
		name, version, path, body string
		status                    int
		want                      string
	}{
		{"another version", "1", pathDelete, "[1]", 400, `{"message":"this listener speaks version 5 of the control protocol, the request is of version \"1\""}`},
		{"no version", "", pathDelete, "[1]", 400, `of version \"\"`},
		{"a filter it does not know", protocol, pathRead, `{"color":"red"}`, 400, `unknown field \"color\"`},
		{"not JSON", protocol, pathDelete, `[1`, 400, "read the request"},
		{"not found", protocol, pathFind, `"x"`, 404, `{"codes":["not-found"],"message":"event not found"}`},
		{"refused", protocol, pathResend, resendOf(2), 409, `"unverified"`},
		{"without body", protocol, pathResend, resendOf(3), 410, `"pruned"`},
		{"a filter that is none", protocol, pathRead, `{"filter":"(","limit":1}`, 400, `"syntax":{"Offset":`},
		{"unknown path", protocol, "/reboot", `{}`, 404, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeBackend()
			r := httptest.NewRequest(http.MethodPost, tt.path, strings.NewReader(tt.body))
			r.Header.Set(versionHeader, tt.version)
			w := httptest.NewRecorder()
			Handler(f).ServeHTTP(w, r)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("answer %d %s, want %d %s", w.Code, w.Body, tt.status, tt.want)
			}
			if len(f.events) != 3 {
				t.Error("an event was deleted")
			}
		})
	}
}

// resendOf is the argument of a resend as a client writes it.
func resendOf(id webhook.ID) string {
	text, _ := json.Marshal(exactly[webhook.Resend]{webhook.Resend{EventID: id}})
	return string(text)
}

func TestUnknownCodesArePassedOver(t *testing.T) {
	err := failure{Codes: []string{"of-the-future", "pruned"}, Message: "text"}.err()
	if err.Error() != "text" || !errors.Is(err, webhook.ErrPruned) {
		t.Errorf("err = %v", err)
	}
}

// hung is a listener that takes a request and says nothing.
type hung struct{}

func (hung) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestCallsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Client{http: http.Client{Transport: hung{}}}
		c.life, c.end = context.WithCancel(context.Background())
		defer c.end()
		_, err := c.Find(t.Context(), "latest")
		if !errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), "the listener did not answer within 30s") {
			t.Errorf("a listener that hangs: %v", err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("the person left"))
		if _, err = c.Find(ctx, "latest"); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled with a cause of its own: %v", err)
		}
	})
}

func TestCallsAfterCloseFail(t *testing.T) {
	dir := privateDir(t)
	serve(t, dir, Handler(newFakeBackend()))
	c := dial(t, dir)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Listener(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Listener = %v", err)
	}
	if _, err := c.Watch(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Watch = %v", err)
	}
}
