package verify

import (
	"crypto/ed25519"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func TestALargeBodyIsSearchedOnDemandOnly(t *testing.T) {
	s := loadSigners(t)
	v := New(platform(t))
	body := []byte(`"` + strings.Repeat("x", requestPathLimit) + `"`)
	arrived := append(body, '\n')
	for scheme, h := range map[string]map[string][]string{
		"rsa":     rsaHeader(b64(signRSA(s.rsaA, body))),
		"ed25519": edHeader(b64(ed25519.Sign(s.edA, body))),
	} {
		t.Run(scheme, func(t *testing.T) {
			if got := v.Verify(h, body); got.Status != webhook.Valid {
				t.Errorf("as signed: %+v", got)
			}
			got := v.Verify(h, arrived)
			if got.Status != webhook.Invalid || !strings.Contains(got.Reason, "a body of 65539 bytes is not searched") || !strings.Contains(got.Next, "taskhook verify") {
				t.Errorf("on arrival: %+v", got)
			}
			got = v.Diagnose(h, arrived)
			if got.Status != webhook.Invalid || !strings.Contains(got.Reason, "a newline was added") {
				t.Errorf("on demand: %+v", got)
			}
		})
	}
}

func TestAFloodThinsOutTheSearchAndNeverTheVerdict(t *testing.T) {
	s := loadSigners(t)
	synctest.Test(t, func(t *testing.T) {
		v := New(platform(t))
		body := []byte(event)
		bad, good := edHeader(b64(ed25519.Sign(s.edA, []byte("another")))), edHeader(b64(ed25519.Sign(s.edA, body)))
		searched := 0
		for range 400 {
			got := v.Verify(bad, body)
			if got.Status != webhook.Invalid {
				t.Fatalf("a bad signature is %s", got.Status)
			}
			if !strings.Contains(got.Reason, "so many bad signatures") {
				searched++
			}
		}
		if searched < 50 || searched > 200 {
			t.Errorf("%d of 400 bad signatures were searched in full", searched)
		}
		newline := append([]byte(event), '\n')
		if got := v.Verify(good, body); got.Status != webhook.Valid || got.Reason != "" {
			t.Errorf("a good one in the flood: %+v", got)
		}
		if got := v.Diagnose(good, newline); !strings.Contains(got.Reason, "a newline was added") {
			t.Errorf("on demand in the flood: %+v", got)
		}
		time.Sleep(time.Second)
		if got := v.Verify(good, newline); !strings.Contains(got.Reason, "a newline was added") {
			t.Errorf("a second after the flood: %+v", got)
		}
	})
}

func TestTheAllowanceFillsUpToItsBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b budget
		if !b.spend(budgetBurst) || b.spend(1) {
			t.Error("the burst is not what may be taken at once")
		}
		for range 1000 { // in steps far below one unit
			time.Sleep(time.Second / budgetPerSecond / 10)
			b.spend(budgetBurst)
		}
		if !b.spend(99) || b.spend(2) {
			t.Error("small steps of time are lost, or count too much")
		}
		time.Sleep(time.Hour)
		if b.spend(budgetBurst+1) || !b.spend(budgetBurst) {
			t.Error("an hour fills more than the burst")
		}
	})
}

func TestHundredsOfSignaturesAreNotTried(t *testing.T) {
	s := loadSigners(t)
	v := New(platform(t))
	h := rsaHeader("")
	for i := range 300 {
		h["X-Wh-Signature"] = append(h["X-Wh-Signature"], b64(append(make([]byte, 510), byte(i), byte(i>>8))))
	}
	h["X-Wh-Signature"] = append(h["X-Wh-Signature"], b64(signRSA(s.rsaA, nil)))
	got := v.Verify(h, nil)
	if got.Status != webhook.Invalid || !strings.Contains(got.Reason, "came with 301 values") || !strings.Contains(got.Reason, "only 2 different signatures were tried") {
		t.Errorf("%+v", got)
	}
}

func TestWithoutAnyKeyNothingIsValid(t *testing.T) {
	s := loadSigners(t)
	got := New(nil, nil).Verify(rsaHeader(b64(signRSA(s.rsaA, nil))), nil)
	if got.Status != webhook.Invalid || !strings.Contains(got.Reason, "no trusted key (there is none)") {
		t.Errorf("%+v", got)
	}
}

func TestAKeyInBothListsIsTrusted(t *testing.T) {
	s := loadSigners(t)
	trusted, _ := platform(t)
	got := New(trusted, trusted).Verify(edHeader(b64(ed25519.Sign(s.edA, nil))), nil)
	if got.Status != webhook.Valid {
		t.Errorf("%+v", got)
	}
}

func TestAKeyWithoutANameIsCalledByItsFingerprint(t *testing.T) {
	s := loadSigners(t)
	k := keyFile(t, "", "test-ed25519-a.pem")
	got := New([]Key{k}, nil).Verify(edHeader(b64(ed25519.Sign(s.edA, nil))), nil)
	if got.Status != webhook.Valid || got.Key != k.Fingerprint() {
		t.Errorf("%+v", got)
	}
}

func TestAVerifierServesManyAtOnce(t *testing.T) {
	s := loadSigners(t)
	trusted, dev := platform(t)
	v := New(append(trusted, dev...), nil)
	body, altered := []byte(event), []byte(event+"\n")
	headers := []map[string][]string{
		rsaHeader(b64(signRSA(s.rsaA, body))), rsaHeader(b64(signRSA(s.rsaB, body))),
		edHeader(b64(ed25519.Sign(s.edA, body))), edHeader(b64(ed25519.Sign(s.edB, body))),
	}
	var wg sync.WaitGroup
	for _, h := range headers {
		wg.Go(func() {
			for range 20 {
				if got := v.Verify(h, body); got.Status != webhook.Valid {
					t.Errorf("%+v", got)
				}
				if got := v.Verify(h, altered); got.Status != webhook.Invalid {
					t.Errorf("%+v", got)
				}
			}
		})
	}
	wg.Wait()
}

func TestTheSenderCannotWriteTerminalEscapesIntoTheReason(t *testing.T) {
	v := New(platform(t))
	for _, h := range []map[string][]string{
		rsaHeader("\x1b[31mred"), rsaHeader(strings.Repeat("A", 100) + "\x1b]0;title\x07"),
		{"X-\x1b[31m-Signature": {"x"}},
	} {
		if got := v.Verify(h, nil); strings.ContainsAny(got.Reason+got.Next, "\x1b\x07\n") {
			t.Errorf("%q", got.Reason)
		}
	}
}
