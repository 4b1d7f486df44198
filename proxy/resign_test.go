package proxy

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/taskhook/taskhook/proxy/fault"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// testSigner signs with the test keys "a" or "b".
func testSigner(t *testing.T, which string) taskee.Signer {
	t.Helper()
	return taskee.Signer{
		RSA:     testKey[*rsa.PrivateKey](t, "rsa4096-"+which),
		Ed25519: testKey[ed25519.PrivateKey](t, "ed25519-"+which),
	}
}

func testKey[K any](t *testing.T, name string) K {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "keys", "test-"+name+".private.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.(K)
}

// signDev chooses --sign dev with a pair.
func signDev(s taskee.Signer) func(*Options) {
	return func(o *Options) {
		o.Sign, o.Signer = webhook.SignDev, func() (taskee.Signer, error) { return s, nil }
	}
}

// signatures are what a signer makes of the test event.
func signatures(t *testing.T, s taskee.Signer, scheme string) http.Header {
	t.Helper()
	h, err := s.Sign([]byte(contact), scheme)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// headerApp is an app that notes the headers and bodies it gets.
func headerApp(t *testing.T) (addr string, headers chan http.Header, bodies chan string) {
	headers, bodies = make(chan http.Header, 100), make(chan string, 100)
	addr = app(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		headers <- r.Header
		bodies <- string(body)
	})
	return addr, headers, bodies
}

// signed posts the test event with headers and returns the stored event and its
// attempt.
func (r *rig) signed(h http.Header) (webhook.Event, webhook.Attempt) {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodPost, "http://"+r.addr+"/hook", strings.NewReader(contact))
	if err != nil {
		r.t.Fatal(err)
	}
	for name, values := range h {
		req.Header[name] = values
	}
	r.do(req)
	a := r.store.attempt(r.t)
	return r.store.event(r.t, a.EventID), a
}

func TestWithSignDevAVerifiedEventHasTheDevelopmentKeysSignature(t *testing.T) {
	platform, dev := testSigner(t, "a"), testSigner(t, "b")
	for _, scheme := range []string{taskee.SchemeRSA, taskee.SchemeEd25519, taskee.SchemeBoth} {
		t.Run(scheme, func(t *testing.T) {
			addr, headers, bodies := headerApp(t)
			r := newRig(t, addr, signDev(dev))
			came, want := signatures(t, platform, scheme), signatures(t, dev, scheme)
			e, a := r.signed(came)
			if got := <-headers; !sameSignatures(got, want) {
				t.Errorf("the app got %v", got)
			}
			if body := <-bodies; body != contact {
				t.Errorf("the app got %s", body)
			}
			if !sameSignatures(e.Header, came) {
				t.Errorf("stored %v", e.Header)
			}
			if a.Sent != nil || !sameSignatures(a.Signed, want) {
				t.Errorf("the attempt says sent %v, signed %v", a.Sent, a.Signed)
			}
		})
	}
}

func TestASignatureThatIsNotReplacedIsLeftOut(t *testing.T) {
	addr, headers, _ := headerApp(t)
	r := newRig(t, addr, signDev(testSigner(t, "b")))
	came := signatures(t, testSigner(t, "a"), taskee.SchemeRSA)
	came[taskee.HeaderEd25519] = []string{taskee.Absent}
	_, a := r.signed(came)
	if got := <-headers; got[taskee.HeaderEd25519] != nil || got[taskee.HeaderRSA] == nil {
		t.Errorf("the app got %v", got)
	}
	if values, there := a.Signed[taskee.HeaderEd25519]; !there || len(values) != 0 {
		t.Errorf("the attempt says %v", a.Signed)
	}
}

func TestWithSignDevATriggeredEventStaysAsItIs(t *testing.T) {
	dev := testSigner(t, "b")
	addr, headers, _ := headerApp(t)
	r := newRigWith(t, addr, verdict{Status: webhook.Valid, Key: devKey}, signDev(dev))
	came := signatures(t, dev, taskee.SchemeBoth)
	_, a := r.signed(came)
	if got := <-headers; !sameSignatures(got, came) || a.Signed != nil {
		t.Errorf("the app got %v, the attempt says %v", got, a.Signed)
	}
}

func TestWhatIsNotVerifiedIsNeverSignedAnew(t *testing.T) {
	platform, dev := testSigner(t, "a"), testSigner(t, "b")
	tests := []struct {
		name    string
		verdict verdict
		mode    string
		change  func(*Options)
	}{
		{"invalid", verdict{Status: webhook.Invalid}, ModeWarn, signDev(dev)},
		{"unsigned", verdict{Status: webhook.Unsigned}, ModeWarn, signDev(dev)},
		{"not checked", valid, ModeOff, signDev(dev)},
		{"without --sign dev", valid, ModeEnforce, func(*Options) {}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr, headers, _ := headerApp(t)
			r := newRigWith(t, addr, tt.verdict, tt.change, func(o *Options) { o.Mode = tt.mode })
			came := signatures(t, platform, taskee.SchemeRSA)
			_, a := r.signed(came)
			if got := <-headers; !sameSignatures(got, came) || a.Signed != nil {
				t.Errorf("the app got %v, the attempt says %v", got, a.Signed)
			}
		})
	}
}

func TestAnEventThatCannotBeSignedComesAgain(t *testing.T) {
	for name, rule := range map[string]string{"forwarded": "", "with a fault": "delay:1ms"} {
		t.Run(name, func(t *testing.T) {
			addr, headers, _ := headerApp(t)
			r := newRig(t, addr, func(o *Options) {
				o.Sign, o.Signer = webhook.SignDev, func() (taskee.Signer, error) { return taskee.Signer{}, errors.New("secret-place is damaged") }
			})
			if rule != "" {
				parsed, err := fault.Parse(rule)
				if err != nil {
					t.Fatal(err)
				}
				r.proxy.Faults().Add(parsed)
			}
			resp, body := r.post("/hook", contact)
			if resp.StatusCode != http.StatusTooManyRequests || strings.Contains(body, "secret-place") || len(headers) > 0 {
				t.Errorf("%d %s, the app got %d events", resp.StatusCode, body, len(headers))
			}
			r.message(body)
			if answer := r.store.answer(1); answer.By != webhook.ByTaskhook || answer.RetryAt.IsZero() {
				t.Errorf("stored %+v", answer)
			}
			r.post("/hook", contact)
			if log := r.log.String(); strings.Count(log, "secret-place is damaged") != 1 || !strings.Contains(r.proxy.Degraded(), "events cannot be signed") {
				t.Errorf("degraded: %q, the log says %s", r.proxy.Degraded(), log)
			}
			signDev(testSigner(t, "b"))(&r.proxy.opts)
			r.post("/hook", contact)
			if why := r.proxy.Degraded(); why != "" {
				t.Errorf("still degraded: %s", why)
			}
		})
	}
}

func TestAFaultCorruptsTheDevelopmentKeysSignature(t *testing.T) {
	dev := testSigner(t, "b")
	addr, headers, _ := headerApp(t)
	r := newRig(t, addr, signDev(dev))
	rule, err := fault.Parse("signature:corrupt")
	if err != nil {
		t.Fatal(err)
	}
	r.proxy.Faults().Add(rule)
	want := signatures(t, dev, taskee.SchemeEd25519)
	_, a := r.signed(signatures(t, testSigner(t, "a"), taskee.SchemeEd25519))
	got := (<-headers).Get(taskee.HeaderEd25519)
	if different := differences(got, want.Get(taskee.HeaderEd25519)); different == 0 || different > 4 {
		t.Errorf("the app got %s in place of %s", got, want)
	}
	if a.Sent == nil || a.Signed != nil {
		t.Errorf("recorded %+v", a)
	}
}

// differences counts the bytes in which two texts of one length differ.
func differences(a, b string) (n int) {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

func TestAResendIsSignedAsAReceivedEvent(t *testing.T) {
	platform, dev := testSigner(t, "a"), testSigner(t, "b")
	came := signatures(t, platform, taskee.SchemeRSA)
	trusted := func(o *Options) {
		o.Check = func(webhook.Event) webhook.Verdict { return webhook.Verdict{Status: webhook.Valid} }
	}
	change := []webhook.Edit{{Path: "email", Value: "b@example.com"}}
	tests := []struct {
		name   string
		event  func(*webhook.Event)
		resend webhook.Resend
		check  func(*Options)
		dev    bool // the app gets the development key's signature of the stored bytes
	}{
		{"as it was", nil, webhook.Resend{}, nil, true},
		{"its original signature", nil, webhook.Resend{Sign: webhook.SignOriginal}, nil, false},
		{"the original signature of other bytes", nil, webhook.Resend{Sign: webhook.SignOriginal, Set: change}, nil, false},
		{"a signature that a person wrote", nil, webhook.Resend{Edited: &webhook.Request{Method: "POST", Path: "/hook", Body: []byte(contact), Header: http.Header{taskee.HeaderRSA: {"bXk="}}}}, nil, false},
		{"none", nil, webhook.Resend{Sign: webhook.SignNone}, nil, false},
		{"never verified", func(e *webhook.Event) { e.Verdict = webhook.Verdict{Status: webhook.Invalid} }, webhook.Resend{}, nil, false},
		{"never checked, and verified now", func(e *webhook.Event) { e.Verdict = webhook.Verdict{Status: webhook.Unchecked} }, webhook.Resend{}, trusted, true},
		{"verified, says a file", func(e *webhook.Event) { e.Source = webhook.SourceImport }, webhook.Resend{}, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr, headers, _ := headerApp(t)
			r := newRig(t, addr, signDev(dev))
			if tt.check != nil {
				tt.check(&r.proxy.opts)
			}
			id := r.stored(func(e *webhook.Event) {
				e.Header = came.Clone()
				if tt.event != nil {
					tt.event(e)
				}
			})
			tt.resend.EventID = id
			got, err := r.proxy.Resend(t.Context(), tt.resend)
			if err != nil {
				t.Fatal(err)
			}
			if h := <-headers; sameSignatures(h, signatures(t, dev, taskee.SchemeRSA)) != tt.dev {
				t.Errorf("the app got %v", h)
			}
			if (got.Attempt.Signed != nil) != tt.dev || tt.dev && (got.Attempt.Sent != nil || got.State != webhook.StateRecovered) {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestASimulationIsSignedOnce(t *testing.T) {
	dev := testSigner(t, "b")
	var calls atomic.Int32
	addr, headers, _ := headerApp(t)
	r := newRig(t, addr, func(o *Options) {
		o.Sign, o.Signer = webhook.SignDev, func() (taskee.Signer, error) {
			calls.Add(1)
			return dev, nil
		}
	})
	id := r.stored(func(e *webhook.Event) { e.Header = signatures(t, testSigner(t, "a"), taskee.SchemeRSA) })
	_, err := r.proxy.Simulate(t.Context(), retry.SimulationRequest{
		Resend:     webhook.Resend{EventID: id},
		Simulation: retry.Simulation{Policy: taskee.Policy(), Fail: 2, Mask: true, Speed: retry.Instant},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(headers) != 3 || calls.Load() != 1 {
		t.Fatalf("%d sends, %d times the keys", len(headers), calls.Load())
	}
	for range 3 {
		if h := <-headers; !sameSignatures(h, signatures(t, dev, taskee.SchemeRSA)) {
			t.Errorf("the app got %v", h)
		}
	}
}

func TestAnAppThatRefusesASignatureHasAHint(t *testing.T) {
	tests := []struct {
		key  string
		dev  bool
		want string
	}{
		{"taskee", false, "taskhook listen --sign dev"},
		{"taskee", true, "taskhook keys env"},
		{devKey, false, "taskhook keys env"},
	}
	for _, tt := range tests {
		target := app(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
		sign := func(*Options) {}
		if tt.dev {
			sign = signDev(testSigner(t, "b"))
		}
		r := newRigWith(t, target, verdict{Status: webhook.Valid, Key: tt.key}, sign)
		_, a := r.signed(signatures(t, testSigner(t, "a"), taskee.SchemeRSA))
		if !strings.Contains(a.Hint, tt.want) {
			t.Errorf("%+v: %q", tt, a.Hint)
		}
	}
}
