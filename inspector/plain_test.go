package inspector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// follows runs a renderer in a bubble, lets play act on the feed, ends the
// context and returns what was written.
func follows(t *testing.T, render func(context.Context, *lockedBuffer) error, play func()) string {
	t.Helper()
	var out lockedBuffer
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- render(ctx, &out) }()
		synctest.Wait()
		play()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return out.String()
}

func TestPlainIsAlignedAndSaysWhy(t *testing.T) {
	f := some()
	o := PlainOptions{Location: time.UTC, Policy: retry.Policy{MaxRetries: 6}, From: &webhook.Position{}}
	got := follows(t, func(ctx context.Context, w *lockedBuffer) error { return Plain(ctx, w, f, o) }, func() {
		time.Sleep(3 * time.Second)
	})
	// The bubble's clock is years before the events, so the date is shown.
	golden(t, "plain.txt", got)
}

func TestPlainBeginsWithWhatComes(t *testing.T) {
	f := some()
	got := follows(t, func(ctx context.Context, w *lockedBuffer) error {
		return Plain(ctx, w, f, PlainOptions{Location: time.UTC})
	}, func() {
		time.Sleep(time.Second)
		f.try(webhook.Attempt{EventID: 2, Delivery: 2, Number: 1, Trigger: webhook.TriggerResend, Resend: 1, StartedAt: noon, StatusCode: 200})
	})
	want := "14:35:00  #2      ContactUpdate              ✓ valid      200      0s  ↑ recovered (resend 1)\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPlainTellsOfALateAnswerAndOfWhatWasBroken(t *testing.T) {
	f := some()
	got := follows(t, func(ctx context.Context, w *lockedBuffer) error {
		return Plain(ctx, w, f, PlainOptions{Location: time.UTC})
	}, func() {
		time.Sleep(time.Second)
		f.try(webhook.Attempt{
			EventID: 2, Delivery: 1, Number: 1, Trigger: webhook.TriggerLate, StartedAt: noon, StatusCode: 200, Duration: 94 * time.Second,
			Answered: 408, Notes: []string{"the app's answer begins with an empty line"},
		})
	})
	want := "14:36:34  #2      ContactUpdate              ✓ valid      200  1m 34s  ↑ recovered (late answer)\n" +
		"          ↳ the sender had been told 408; the app's answer begins with an empty line\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestPlainAdvisesNoWarnWhereItIsOn(t *testing.T) {
	f := &memory{}
	got := follows(t, func(ctx context.Context, w *lockedBuffer) error {
		return Plain(ctx, w, f, PlainOptions{Location: time.UTC})
	}, func() {
		v := webhook.Verdict{Status: webhook.Unsigned, Reason: "no signature", Next: "use --verify warn"}
		id := f.add(webhook.Summary{Event: webhook.Event{Type: "TaskCreate", ReceivedAt: noon, Verdict: v}})
		f.try(webhook.Attempt{EventID: id, Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, StartedAt: noon, StatusCode: 200})
		f.add(webhook.Summary{Event: webhook.Event{
			Type: "TaskUpdate", ReceivedAt: noon, Verdict: v, Decision: webhook.RejectedUnsigned,
			Answer: webhook.Answer{Status: 401, By: webhook.ByTaskhook, At: noon},
		}})
		time.Sleep(10 * time.Second)
	})
	if !strings.Contains(got, "↳ no signature\n") || !strings.Contains(got, "↳ no signature; use --verify warn\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestPlainNamesAnEventWhoseAnswerCameWithoutAnAttempt(t *testing.T) {
	f := &memory{}
	got := follows(t, func(ctx context.Context, w *lockedBuffer) error {
		return Plain(ctx, w, f, PlainOptions{Location: time.UTC})
	}, func() {
		id := f.add(webhook.Summary{Event: webhook.Event{Type: "TaskCreate", ReceivedAt: noon, Verdict: webhook.Verdict{Status: webhook.Valid}}})
		time.Sleep(10 * time.Second)
		f.answer(id, webhook.Answer{Status: 429, By: webhook.ByTaskhook, Reason: "the app is busy", RetryAt: time.Now().Add(10 * time.Minute)})
		time.Sleep(10 * time.Second)
	})
	want := `14:35:00  #1      TaskCreate                 ✓ valid                   … forwarding
14:35:00  #1      TaskCreate                 ✓ valid                   ↻ retrying: retry 1 expected about 00:10 (taskhook answered 429)
          ↳ the app is busy
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestPlainIsSafeOnATerminal(t *testing.T) {
	f := &memory{}
	evil := "\x1b[2J\u202e\nx"
	got := follows(t, func(ctx context.Context, w *lockedBuffer) error { return Plain(ctx, w, f, PlainOptions{}) }, func() {
		f.add(webhook.Summary{Event: webhook.Event{Type: evil, Verdict: webhook.Verdict{Status: webhook.Invalid, Reason: evil}, Decision: webhook.RejectedSignature, Answer: webhook.Answer{Status: 401, By: webhook.ByTaskhook}}})
		f.try(webhook.Attempt{EventID: 1, Trigger: webhook.Trigger(evil), Error: evil, Hint: evil})
	})
	if strings.ContainsAny(got, "\x1b\u202e") || strings.Contains(got, "\nx") {
		t.Errorf("%q acts", got)
	}
}

func TestPlainColoursOnlyWhenAsked(t *testing.T) {
	f := some()
	for _, color := range []bool{false, true} {
		got := follows(t, func(ctx context.Context, w *lockedBuffer) error {
			return Plain(ctx, w, f, PlainOptions{Color: color, From: &webhook.Position{}})
		}, func() {})
		if strings.Contains(got, "\x1b[") != color {
			t.Errorf("colour %v: %q", color, got)
		}
	}
}

// jsonLinesFromNow leaves out what is stored already.
func jsonLinesFromNow(ctx context.Context, w io.Writer, f *memory) error {
	from, err := present(ctx, f)
	if err != nil {
		return err
	}
	return JSONLines(ctx, w, f, from)
}

func TestJSONLinesSayHowAnEventWasAnsweredWithoutAnAttempt(t *testing.T) {
	f := &memory{}
	got := follows(t, func(ctx context.Context, w *lockedBuffer) error { return jsonLinesFromNow(ctx, w, f) }, func() {
		id := f.add(webhook.Summary{Event: webhook.Event{Type: "ContactCreate"}})
		time.Sleep(1500 * time.Millisecond) // its line is out
		f.answer(id, webhook.Answer{Status: 429, By: webhook.ByTaskhook, Reason: "taskhook is stopping"})
	})
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if last := lines[len(lines)-1]; len(lines) != 2 || !strings.Contains(last, `"kind":"event","id":1,`) || !strings.Contains(last, `"answered":429`) {
		t.Errorf("lines:\n%s", got)
	}
}

func TestJSONLinesAreTheContract(t *testing.T) {
	f := &memory{}
	got := follows(t, func(ctx context.Context, w *lockedBuffer) error { return jsonLinesFromNow(ctx, w, f) }, func() {
		f.add(webhook.Summary{Event: webhook.Event{Type: "TaskCreate", ReceivedAt: noon, Source: webhook.SourceLocal, Verdict: webhook.Verdict{Status: webhook.Valid, Scheme: "rsa", Key: "dev"}, BodySize: 2}})
		rejected := webhook.Summary{Event: webhook.Event{ReceivedAt: noon, Source: webhook.SourceTunnel, Verdict: webhook.Verdict{Status: webhook.Unsigned, Reason: "no signature"}, Decision: webhook.RejectedUnsigned, Answer: webhook.Answer{Status: 401, By: webhook.ByTaskhook}}}
		f.add(rejected)
		f.try(webhook.Attempt{EventID: 1, Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, Target: "http://127.0.0.1:3000", StartedAt: noon, StatusCode: 200, Answered: 200, Duration: 3100 * time.Microsecond})
	})
	want := `{"kind":"event","id":1,"type":"TaskCreate","webhookId":"","receivedAt":"2026-01-28T14:35:00Z","source":"local","verdict":"valid","scheme":"rsa","key":"dev","reason":"","redeliveryOf":0,"bodySize":2}
{"kind":"attempt","eventId":1,"delivery":1,"number":1,"trigger":"received","target":"http://127.0.0.1:3000","startedAt":"2026-01-28T14:35:00Z","status":200,"durationMs":3.1,"error":"","simulated":false,"answered":200,"state":"delivered"}
{"kind":"event","id":2,"type":"","webhookId":"","receivedAt":"2026-01-28T14:35:00Z","source":"tunnel","verdict":"unsigned","scheme":"","key":"","reason":"no signature","redeliveryOf":0,"bodySize":0,"answered":401,"decision":"unsigned"}
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestNothingIsLostBehindManyHints(t *testing.T) {
	const n = 10_000
	f := &memory{newsMax: 37}
	got := follows(t, func(ctx context.Context, w *lockedBuffer) error { return jsonLinesFromNow(ctx, w, f) }, func() {
		for i := range n {
			id := f.add(webhook.Summary{Event: webhook.Event{ReceivedAt: noon}})
			if i%3 != 0 {
				f.try(webhook.Attempt{EventID: id, Trigger: webhook.TriggerReceived, StatusCode: 200, Answered: 200})
			}
			if i%1000 == 0 {
				time.Sleep(700 * time.Millisecond)
			}
		}
	})
	events, attempts := map[int]int{}, 0
	for line := range strings.Lines(got) {
		var l struct {
			Kind        string
			ID, EventID int
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		switch l.Kind {
		case "event":
			events[l.ID]++
		case "attempt":
			attempts++
			if events[l.EventID] != 1 {
				t.Fatalf("the attempt at #%d comes before its event", l.EventID)
			}
		}
	}
	if len(events) != n || attempts != n-(n+2)/3 {
		t.Errorf("%d events and %d attempts of %d and %d", len(events), attempts, n, n-(n+2)/3)
	}
}

func TestUpdatesAreWrittenAtOnce(t *testing.T) {
	f := &memory{}
	follows(t, func(ctx context.Context, w *lockedBuffer) error {
		go func() {
			time.Sleep(500 * time.Millisecond)
			f.add(webhook.Summary{})
			synctest.Wait()
			if w.String() == "" {
				t.Error("nothing was written at the hint")
			}
		}()
		return jsonLinesFromNow(ctx, w, f)
	}, func() { time.Sleep(time.Second) })
}

// TestFollowersSleepWhileNothingHappens holds that an idle listener is not
// asked: only an event without an outcome is looked after.
func TestFollowersSleepWhileNothingHappens(t *testing.T) {
	for name, render := range map[string]func(context.Context, *lockedBuffer, *memory) error{
		"plain": func(ctx context.Context, w *lockedBuffer, f *memory) error { return Plain(ctx, w, f, PlainOptions{}) },
		"json":  func(ctx context.Context, w *lockedBuffer, f *memory) error { return jsonLinesFromNow(ctx, w, f) },
	} {
		f := &memory{}
		asked := func() int {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f.updated + f.reads
		}
		follows(t, func(ctx context.Context, w *lockedBuffer) error { return render(ctx, w, f) }, func() {
			before := asked()
			time.Sleep(24 * time.Hour)
			if n := asked() - before; n != 0 {
				t.Errorf("%s: the feed was asked %d times", name, n)
			}
			id := f.add(webhook.Summary{})
			time.Sleep(time.Minute) // while the app works on it
			f.try(webhook.Attempt{EventID: id, Trigger: webhook.TriggerReceived, StatusCode: 200, Answered: 200})
			time.Sleep(time.Second)
			before = asked()
			time.Sleep(24 * time.Hour)
			if n := asked() - before; n != 0 {
				t.Errorf("%s: after an event the feed was asked %d times", name, n)
			}
		})
	}
}

func TestAFeedThatEndsEndsItsFollowers(t *testing.T) {
	f := some()
	f.changes.Close()
	var out lockedBuffer
	if err := JSONLines(t.Context(), &out, f, webhook.Position{}); err != nil || out.String() == "" {
		t.Errorf("%v, wrote %q", err, out.String())
	}
}

type brokenPipe struct{}

var errPipe = errors.New("broken pipe")

func (brokenPipe) Write([]byte) (int, error) { return 0, errPipe }

func TestABrokenPipeEndsTheFollowers(t *testing.T) {
	f := some()
	from := webhook.Position{}
	if err := Plain(t.Context(), brokenPipe{}, f, PlainOptions{From: &from}); !errors.Is(err, errPipe) {
		t.Errorf("Plain: %v", err)
	}
	if err := JSONLines(t.Context(), brokenPipe{}, f, from); !errors.Is(err, errPipe) {
		t.Errorf("JSONLines: %v", err)
	}
	f.err = errTest
	if err := JSONLines(t.Context(), &lockedBuffer{}, f, webhook.Position{}); !errors.Is(err, errTest) {
		t.Errorf("a feed that cannot be read: %v", err)
	}
}

func TestWords(t *testing.T) {
	loc := time.UTC
	waiting := webhook.Outcome{Answer: webhook.Answer{Status: 429, RetryAt: noon.Add(10 * time.Minute)}}
	tests := []struct{ name, got, want string }{
		{"retrying", stateLong(waiting, 1, noon, retry.Policy{MaxRetries: 6}, loc), "retrying: retry 1 of 6 expected about 14:45"},
		{"retrying over midnight", stateLong(waiting, 2, noon.AddDate(0, 0, -1), retry.Policy{MaxRetries: 6}, loc), "retrying: retry 2 of 6 expected about Jan 28 14:45"},
		{"overdue", stateLong(waiting, 1, noon.Add(time.Hour), retry.Policy{}, loc), "overdue: the retry expected about 14:45 did not come"},
		{"wide text is cut between characters", fit("日本語", 4), "日… "},
		{"text with marks is one cell", fit("e\u0301x", 3), "e\u0301x "},
		{"emoji that terminals measure alike stay", fit("👩x", 4), "👩x "},
		{"joined emoji come apart", fit("👩\u200d💻", 6), "👩💻  "},
		{"a skin tone is left out", fit("👍\U0001f3fdx", 4), "👍x "},
		{"right end", fitRight("12", 4), "  12"},
		{"nothing", fit("abc", 0), ""},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
	for _, s := range webhook.States {
		sign, _ := stateSign(s)
		if n := len([]rune(sign)); n != 1 {
			t.Errorf("%s has the sign %q", s, sign)
		}
	}
	if got := fmt.Sprint(format.StateNext(webhook.StateDelivered)); got != "" {
		t.Errorf("delivered needs %q", got)
	}
}
