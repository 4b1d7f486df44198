package store

import (
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func TestAnAnswerOfTheAppThatItsSenderMissedRecoversTheEvent(t *testing.T) {
	gone := func(status int) webhook.Answer {
		a := byApp(status)
		a.SenderGone = true
		return a
	}
	late := func(status int, change func(*webhook.Attempt)) *webhook.Attempt {
		a := received(0, status)
		a.Trigger, a.Duration, a.Answered = webhook.TriggerLate, 94*time.Second, 408
		if change != nil {
			change(&a)
		}
		return &a
	}
	tooSlow := webhook.Answer{Status: 408, By: webhook.ByTaskhook, At: time.Now()}
	shielded := webhook.Answer{Status: 429, By: webhook.ByTaskhook, Shielded: true, At: time.Now(), RetryAt: time.Now().Add(time.Minute)}
	tests := []struct {
		name   string
		status int // of the app, to the event; 0: none in time
		answer webhook.Answer
		late   *webhook.Attempt
		want   webhook.State
	}{
		{"a late 200", 0, tooSlow, late(200, nil), webhook.StateRecovered},
		{"a late 500", 0, tooSlow, late(500, nil), webhook.StateFailed},
		{"a late 200 that broke off", 0, tooSlow, late(200, func(a *webhook.Attempt) { a.Error = "broken off" }), webhook.StateFailed},
		{"a late 200 to other bytes", 0, tooSlow, late(200, func(a *webhook.Attempt) { a.Sent = &webhook.Request{Body: []byte("other")} }), webhook.StateFailed},
		{"a late 200 under the shield", 0, shielded, late(200, nil), webhook.StateRetrying},
		{"a 200 behind the sender's back", 200, gone(200), nil, webhook.StateRecovered},
		{"a 500 behind the sender's back", 500, gone(500), nil, webhook.StateFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t)
			id := mustPut(t, s, newEvent("w"))
			first := received(id, tt.status)
			if err := s.PutAttempt(t.Context(), &first, &tt.answer); err != nil {
				t.Fatal(err)
			}
			attempts := 1
			if tt.late != nil {
				tt.late.EventID = id
				mustTry(t, s, *tt.late)
				attempts++
			}
			got := summary(t, s, id)
			if state := got.State(time.Now()); state != tt.want {
				t.Errorf("it is %s, want %s", state, tt.want)
			}
			if got.Attempts != attempts || got.Answer.Status != tt.answer.Status {
				t.Errorf("%d attempts, the sender was told %d", got.Attempts, got.Answer.Status)
			}
			all, err := s.Attempts(t.Context(), id)
			if err != nil || all[0].Trigger != webhook.TriggerReceived || all[0].StatusCode != tt.status {
				t.Errorf("the first attempt is %+v, %v", all[0], err)
			}
		})
	}
}

func TestARedeliveryOfWhatWasAnsweredLateIsADuplicate(t *testing.T) {
	s := newStore(t)
	id := mustPut(t, s, newEvent("w"))
	first := received(id, 0)
	if err := s.PutAttempt(t.Context(), &first, &webhook.Answer{Status: 429, By: webhook.ByTaskhook, Shielded: true, At: time.Now(), RetryAt: time.Now().Add(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	late := received(id, 200)
	late.Trigger = webhook.TriggerLate
	mustTry(t, s, late)
	if again := newEvent("w"); !summary(t, s, mustPut(t, s, again)).Duplicate {
		t.Error("nothing says that the app has processed it")
	}
}
