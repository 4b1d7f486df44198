package sandbox

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

func TestWritesSendTheirEvents(t *testing.T) {
	app, url := receiving(t, 200)
	r := newRig(t, func(o *Options) { o.Target = func() string { return url } })
	r.running()
	id := r.create(`"firstName":"Ann","tags":["a"]`)
	r.finished(1)
	r.must("PUT", "/contacts/"+id, `{"city":"Austin"}`, nil)
	r.finished(2)
	r.must("PUT", "/contacts/"+id, `{"tags":["a","b"]}`, nil)
	r.finished(4)
	r.must("POST", "/contacts/upsert", fmt.Sprintf(`{"locationId":%q,"email":"new@example.com"}`, r.location), nil)
	r.finished(5)
	r.must("DELETE", "/contacts/"+id, "", nil)
	page := r.finished(6)
	count := map[string]int{}
	for _, got := range app.all() {
		env := taskee.Parse([]byte(got.body))
		count[env.Type]++
		if env.WebhookID == "" || env.SentAt.IsZero() || !strings.Contains(got.body, `"locationId":"`+r.location+`"`) {
			t.Errorf("got %s", got.body)
		}
		if same, err := jsjson.Stringify([]byte(got.body)); err != nil || string(same) != got.body {
			t.Errorf("JSON.stringify writes it otherwise: %s", got.body)
		}
		signature, err := base64.StdEncoding.DecodeString(got.header.Get(taskee.HeaderEd25519))
		public := ed25519Signer().Ed25519.Public().(ed25519.PublicKey)
		if err != nil || !ed25519.Verify(public, []byte(got.body), signature) {
			t.Errorf("the signature is invalid: %v", got.header)
		}
	}
	want := map[string]int{"ContactCreate": 2, "ContactUpdate": 2, "ContactTagUpdate": 1, "ContactDelete": 1}
	if fmt.Sprint(count) != fmt.Sprint(want) {
		t.Errorf("sent %v, want %v", count, want)
	}
	if cause := page.Deliveries[0].Cause; cause != (Cause{"DELETE", "/contacts/" + id, "test"}) {
		t.Errorf("caused by %+v", cause)
	}
}

func TestWhatIsDeliveredAndWhatIsRetried(t *testing.T) {
	tests := []struct {
		name     string
		statuses []int
		state    State
		log      []int
	}{
		{"accepted", []int{204}, StateDelivered, []int{204}},
		{"429 twice", []int{429, 429, 200}, StateDelivered, []int{429, 429, 200}},
		{"429 for ever", []int{429}, StateFailed, []int{429, 429, 429, 429, 429, 429, 429}},
		{"500 is final", []int{500, 200}, StateFailed, []int{500}},
		{"so is a redirect", []int{302}, StateFailed, []int{302}},
		{"429, then 503", []int{429, 503}, StateFailed, []int{429, 503}},
		{"past the time limit", []int{0}, StateFailed, []int{408}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			app, url := receiving(t, tt.statuses...)
			r := newRig(t, func(o *Options) {
				o.Target, o.Timeout = func() string { return url }, 300*time.Millisecond
			})
			r.running()
			if _, err := r.s.Trigger(t.Context(), "InvoicePaid"); err != nil {
				t.Fatal(err)
			}
			d := r.finished(1).Deliveries[0]
			var log []int
			for _, a := range d.Attempts {
				log = append(log, a.Status)
			}
			if d.State != tt.state || fmt.Sprint(log) != fmt.Sprint(tt.log) || !d.NextRetry.IsZero() {
				t.Errorf("%s, attempts %v", d.State, log)
			}
			got := app.all()
			for _, one := range got {
				if one.body != got[0].body || one.header.Get(taskee.HeaderEd25519) != got[0].header.Get(taskee.HeaderEd25519) {
					t.Error("a retry has other bytes or another signature")
				}
			}
		})
	}
}

func TestNobodyAtTheURLIsFinal(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Target = func() string { return "http://127.0.0.1:1/" } })
	r.running()
	if _, err := r.s.Trigger(t.Context(), "ContactCreate"); err != nil {
		t.Fatal(err)
	}
	if d := r.finished(1).Deliveries[0]; d.State != StateFailed || d.Attempts[0].Status != 0 || d.Attempts[0].Error != "connection refused" {
		t.Errorf("%+v", d)
	}
}

// TestRetriesFollowTheClock holds that a pending retry waits for its time, and
// comes when the clock is moved there.
func TestRetriesFollowTheClock(t *testing.T) {
	app, url := receiving(t, 429, 200)
	r := newRig(t, func(o *Options) { o.Target, o.Speed = func() string { return url }, 1 })
	r.running()
	if _, err := r.s.Trigger(t.Context(), "ContactCreate"); err != nil {
		t.Fatal(err)
	}
	<-app.arrived
	var d Delivery
	for d.NextRetry.IsZero() || len(d.Attempts) == 0 {
		page, err := r.s.Log(LogQuery{State: StateRetrying})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Deliveries) > 0 {
			d = page.Deliveries[0]
		}
	}
	gap := d.NextRetry.Sub(d.Attempts[0].At)
	if shortest, longest := taskee.Policy().Bounds(1); gap < shortest || gap > longest+5*time.Second {
		t.Errorf("the retry is due after %s", gap)
	}
	if _, err := r.s.MoveClock(t.Context(), 12*time.Minute+10*time.Second); err != nil {
		t.Fatal(err)
	}
	if d = r.finished(1).Deliveries[0]; d.State != StateDelivered || len(d.Attempts) != 2 {
		t.Errorf("%+v", d)
	}
	if _, err := r.s.RetryNow(t.Context(), d.WebhookID); err == nil {
		t.Error("a delivered webhook was brought forward")
	}
}

func TestWhenAWebhookIsSentAgainIsTold(t *testing.T) {
	_, url := receiving(t, 429)
	announced, moved := make(chan time.Duration, 10), make(chan time.Time, 10)
	r := newRig(t, func(o *Options) {
		o.Target, o.Speed = func() string { return url }, 60
		o.Announce = func(_ context.Context, _ []byte, retryIn time.Duration) { announced <- retryIn }
		o.Rescheduled = func(_ context.Context, _ string, at time.Time) { moved <- at }
	})
	r.running()
	if _, err := r.s.Trigger(t.Context(), "ContactCreate"); err != nil {
		t.Fatal(err)
	}
	shortest, longest := taskee.Policy().Bounds(1)
	if in := <-announced; in < shortest/60 || in > longest/60 {
		t.Errorf("a 429 is followed by a retry after %s", in)
	}
	var d Delivery
	for len(d.Attempts) == 0 {
		page, err := r.s.Log(LogQuery{})
		if err != nil {
			t.Fatal(err)
		}
		d = page.Deliveries[0]
	}
	if _, err := r.s.MoveClock(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	if at := <-moved; !at.Equal(d.NextRetry.Add(-time.Second)) {
		t.Errorf("the retry comes at %s, want a second before %s", at, d.NextRetry)
	}
}

func TestTheLastAttemptIsAnnouncedAsSuch(t *testing.T) {
	_, url := receiving(t, 429)
	announced := make(chan time.Duration, 10)
	r := newRig(t, func(o *Options) {
		o.Target = func() string { return url }
		o.Announce = func(_ context.Context, _ []byte, retryIn time.Duration) { announced <- retryIn }
	})
	r.running()
	if _, err := r.s.Trigger(t.Context(), "ContactCreate"); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 7; n++ {
		if in := <-announced; (in == webhook.NoRetry) != (n == 7) {
			t.Errorf("attempt %d: again in %s", n, in)
		}
	}
}

func TestARetryIsBroughtForward(t *testing.T) {
	app, url := receiving(t, 429, 200)
	r := newRig(t, func(o *Options) { o.Target, o.Speed = func() string { return url }, 1 })
	r.running()
	id, err := r.s.Trigger(t.Context(), "ContactCreate")
	if err != nil {
		t.Fatal(err)
	}
	<-app.arrived
	for {
		page, err := r.s.Log(LogQuery{Status: 429})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Deliveries) == 1 {
			break
		}
	}
	if _, err := r.s.RetryNow(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if d := r.finished(1).Deliveries[0]; d.State != StateDelivered {
		t.Errorf("%+v", d)
	}
}

// TestScheduledRetriesSurviveTheEnd ends the sandbox without a warning after
// the first 429 and opens its file again.
func TestScheduledRetriesSurviveTheEnd(t *testing.T) {
	app, url := receiving(t, 429, 200)
	target := func(o *Options) { o.Target, o.Speed = func() string { return url }, 1 }
	r := newRig(t, target)
	stop := r.running()
	for range 3 {
		if _, err := r.s.Trigger(t.Context(), "ContactCreate"); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		<-app.arrived
	}
	stop()
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	r.open(target)
	r.running()
	if _, err := r.s.MoveClock(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if page := r.finished(3); page.Rates.Delivered != 3 {
		t.Errorf("%+v", page.Rates)
	}
	if n := len(app.all()); n < 3 || n > 6 {
		t.Errorf("%d sends", n)
	}
}

func TestTheAppsSettingsDecideWhatIsSent(t *testing.T) {
	app, url := receiving(t, 200)
	other, otherURL := receiving(t, 200)
	r := newRig(t)
	r.running()
	set := func(do func(a *App)) {
		t.Helper()
		a, err := r.s.App()
		if err != nil {
			t.Fatal(err)
		}
		do(&a)
		if _, err := r.s.SetApp(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	trigger := func(types ...string) {
		t.Helper()
		for _, one := range types {
			if _, err := r.s.Trigger(t.Context(), one); err != nil {
				t.Fatal(err)
			}
		}
	}
	trigger("ContactCreate") // nowhere to go yet
	if d := r.finished(1).Deliveries[0]; d.State != StateUnsent || !strings.Contains(d.Reason, "no URL is known") {
		t.Errorf("%+v", d)
	}
	set(func(a *App) {
		a.DefaultURL = url
		a.Events = map[string]AppEvent{"ContactDelete": {Off: true}, "ContactUpdate": {URL: otherURL}, "INSTALL": {URL: otherURL}}
	})
	trigger("ContactDelete", "ContactUpdate", "AppInstall", "ContactCreate")
	r.finished(5)
	if len(app.all()) != 2 || len(other.all()) != 1 {
		t.Errorf("%d to the default URL, %d to the event's own", len(app.all()), len(other.all()))
	}
	set(func(a *App) { a.Scopes = []string{"invoices.readonly"} })
	trigger("ContactCreate", "InvoicePaid")
	page := r.finished(7)
	if page.Deliveries[1].State != StateUnsent || !strings.Contains(page.Deliveries[1].Reason, "contacts.readonly") || page.Deliveries[0].State != StateDelivered {
		t.Errorf("%+v", page.Deliveries[:2])
	}
}

func TestEveryEventOfTheCatalogueCanBeTriggered(t *testing.T) {
	app, url := receiving(t, 200)
	r := newRig(t, func(o *Options) {
		o.Target, o.People, o.Shape = func() string { return url }, 2, taskee.ShapeNested
	})
	r.running()
	all := taskee.Catalogue()
	for _, one := range all {
		if _, err := r.s.Trigger(t.Context(), one.Name); err != nil {
			t.Fatalf("%s: %v", one.Name, err)
		}
	}
	r.finished(len(all))
	for _, got := range app.all() {
		if same, err := jsjson.Stringify([]byte(got.body)); err != nil || string(same) != got.body || !strings.Contains(got.body, `"data":{"locationId":"`+r.location) {
			t.Errorf("sent %s", got.body)
		}
	}
	if _, err := r.s.Trigger(t.Context(), "Nothing"); err == nil {
		t.Error("an unknown event was triggered")
	}
}

func TestFaultsOfThePlatform(t *testing.T) {
	app, url := receiving(t, 200)
	r := newRig(t, func(o *Options) { o.Target, o.People = func() string { return url }, 1 })
	r.running()
	must := func(f Fault) {
		t.Helper()
		if err := r.s.SetFault(f); err != nil {
			t.Fatal(err)
		}
	}
	must(Fault{Kind: "unsigned", Rate: 1})
	must(Fault{Kind: "fields", Rate: 1, Seed: 3})
	if _, err := r.s.Trigger(t.Context(), "ContactCreate"); err != nil {
		t.Fatal(err)
	}
	d := r.finished(1).Deliveries[0]
	if got := app.all()[0]; got.header.Get(taskee.HeaderEd25519) != taskee.Absent || !strings.HasPrefix(d.Fault, "fields are missing: ") {
		t.Errorf("%v, fault %q", got.header, d.Fault)
	}
	must(Fault{Kind: "api", Rate: 1, Status: 503})
	if resp, text := r.call("GET", "/locations/"+r.location, ""); resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, `"statusCode":503`) {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	if n := r.s.ClearFaults(); n != 3 {
		t.Errorf("%d faults were on", n)
	}
	must(Fault{Kind: "token", Rate: 1, After: 1})
	first, _ := r.call("GET", "/locations/"+r.location, "")
	second, _ := r.call("GET", "/locations/"+r.location, "")
	if first.StatusCode != http.StatusOK || second.StatusCode != http.StatusUnauthorized {
		t.Errorf("a token in mid-run: %d, then %d", first.StatusCode, second.StatusCode)
	}
	for _, bad := range []Fault{{}, {Kind: "api", Rate: 1, Status: 404}, {Kind: "fields", Rate: 2}, {Kind: "token", Rate: 1, After: -1}} {
		if r.s.SetFault(bad) == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

func TestARotatedKeySurvivesTheEnd(t *testing.T) {
	r := newRig(t)
	before, err := r.s.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.s.RotateKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := r.s.PublicKeys()
	if err != nil || bytes.Equal(before["ed25519"], after["ed25519"]) || len(after["rsa"]) == 0 {
		t.Errorf("the keys are the same, %v", err)
	}
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	r.open()
	again, err := r.s.PublicKeys()
	if err != nil || !bytes.Equal(again["ed25519"], after["ed25519"]) {
		t.Errorf("the rotated keys are forgotten, %v", err)
	}
	if err := r.s.RestoreKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again, err = r.s.PublicKeys(); err != nil || !bytes.Equal(again["ed25519"], before["ed25519"]) {
		t.Errorf("the keys are not back, %v", err)
	}
}

func TestTheSameSeedPlansTheSameRetries(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for seed := range uint64(100) {
		h := Delivery{Seed: seed}
		plan := retry.Plan(taskee.Policy(), seed)
		for n := 1; n <= 7; n++ {
			h.conclude(Attempt{Status: 429}, 1, now)
			if want := plan.Gap(n + 1); n < 7 && h.NextRetry.Sub(now) != want || n == 7 && h.State != StateFailed {
				t.Fatalf("seed %d, try %d: %s, next %s", seed, n, h.State, h.NextRetry)
			}
		}
	}
}

func FuzzInput(f *testing.F) {
	for _, seed := range []string{`{}`, `{"locationId":"l","tags":["a"],"email":"a@b.co"}`, `{"name":"a b","more":{"x":[1]}}`, `[`, `{"phone":null}`, "{\"firstName\":\"\\ud800\"}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := readInput(body)
		if err != nil {
			return
		}
		_ = in.check(true)
		var c Contact
		in.apply(&c)
		shown := mustJSON(c.object())
		if _, err := jsjson.Stringify(shown); err != nil {
			t.Errorf("%q is answered with %s: %v", body, shown, err)
		}
		if _, err := jsjson.Stringify(contactFields(c)); err != nil {
			t.Errorf("%q: %v", body, err)
		}
	})
}
