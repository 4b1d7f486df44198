package format

import (
	"math"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// TestForms shows every form in which a value is written.
func TestForms(t *testing.T) {
	const (
		us = time.Microsecond
		ms = time.Millisecond
	)
	retrying := webhook.Outcome{Answer: webhook.Answer{Status: 429, RetryAt: time.Date(2026, 11, 28, 13, 45, 0, 0, time.UTC)}}
	at := time.Date(2026, 11, 28, 14, 33, 28, 123_456_789, time.FixedZone("", 3600))
	tests := []struct{ name, got, want string }{
		{"an app that is down, in one word", Health(webhook.Health{Known: true, Error: "refused"}), "does not answer: refused"},
		{"an app that is down for no known reason", Health(webhook.Health{Known: true}), "does not answer"},

		{"no bytes", Bytes(0), "0 B"},
		{"bytes", Bytes(211), "211 B"},
		{"almost a KiB", Bytes(1000), "1 KiB"},
		{"some KiB", Bytes(1536), "1.5 KiB"},
		{"many KiB", Bytes(128 << 10), "128 KiB"},
		{"rounded", Bytes(10_300), "10 KiB"},
		{"the next unit", Bytes(1000 << 10), "1 MiB"},
		{"MiB", Bytes(5 << 20), "5 MiB"},
		{"GiB", Bytes(5 << 29), "2.5 GiB"},
		{"the most", Bytes(math.MaxInt64), "8 EiB"},
		{"an unknown size", Bytes(-1), "unknown"},

		{"a count", Count(999), "999"},
		{"thousands", Count(12345), "12,345"},
		{"millions", Count(1234567), "1,234,567"},
		{"below zero", Count(-1234), "-1,234"},
		{"none", Plural(0, "event", "events"), "0 events"},
		{"one", Plural(1, "event is", "events are"), "1 event is"},
		{"several", Plural(12345, "retry", "retries"), "12,345 retries"},

		{"no time", Duration(0), "0s"},
		{"microseconds", Duration(312 * us), "0.3ms"},
		{"some milliseconds", Duration(3149 * us), "3.1ms"},
		{"whole milliseconds", Duration(5 * ms), "5ms"},
		{"many milliseconds", Duration(312_400 * us), "312ms"},
		{"almost a second", Duration(999_600 * us), "999ms"},
		{"seconds", Duration(6290 * ms), "6.2s"},
		{"whole seconds", Duration(30 * time.Second), "30s"},
		{"almost a minute", Duration(59_980 * ms), "59.9s"},
		{"minutes", Duration(91 * time.Second), "1m 31s"},
		{"whole minutes", Duration(10 * time.Minute), "10m"},
		{"hours", Duration(1188*time.Minute + 34*time.Second), "19h 48m"},
		{"whole hours", Duration(12 * time.Hour), "12h"},
		{"days", Duration(51 * time.Hour), "2d 3h"},
		{"whole days", Duration(30 * day), "30d"},
		{"the longest", Duration(math.MaxInt64), "106751d 23h"},
		{"back in time", Duration(-90 * time.Second), "-1m 30s"},

		{"roughly nothing", rough(0), "1s"},
		{"roughly seconds", rough(44_500 * ms), "45s"},
		{"roughly minutes", rough(8*time.Minute + 40*time.Second), "9m"},
		{"roughly an hour", rough(59*time.Minute + 40*time.Second), "1h"},
		{"roughly hours", rough(30 * time.Hour), "30h"},
		{"roughly days", rough(75 * time.Hour), "3d"},
		{"to come", Until(at.Add(9*time.Minute), at), "in 9m"},
		{"about to come", Until(at.Add(ms), at), "in 1s"},
		{"come", Until(at, at), "due"},

		{"time of day", Clock(at), "14:33:28"},
		{"precise time of day", ClockMillis(at), "14:33:28.123"},
		{"today", ShortTime(at, at.UTC().Add(-14*time.Hour)), "14:33"},
		{"another day", ShortTime(at, at.AddDate(0, 0, -1)), "Nov 28 14:33"},
		{"another year", ShortTime(at, at.AddDate(1, 0, 0)), "Nov 28 2026 14:33"},
		{"in full", DateTime(at), "2026-11-28 14:33:28"},

		{"what follows from it", StateNext(webhook.StateOverdue), "resend it"},
		{"nothing follows", StateNext(webhook.StateDelivered), ""},
		{"an event that was delivered", StateLine(webhook.Outcome{Answer: webhook.Answer{Status: 204}}, 1, 6, at), "delivered"},
		{"an event that is sent again", StateLine(retrying, 2, 6, at), "retrying: retry 2 of 6 expected about 14:45"},
		{"an event that was to be sent again", StateLine(retrying, 1, 0, at.Add(time.Hour)), "overdue: the retry expected about 14:45 did not come"},
		{"a retry", Retry(2, "/", 6), "2/6"},
		{"a retry by an unknown policy", Retry(0, "/", 0), "1"},
		{"an answer", Answer(200, 3100*us), "200 in 3.1ms"},
		{"no answer", Answer(0, 30*time.Second), "no answer in 30s"},
		{"a verdict", Verdict(webhook.Verdict{Status: webhook.Valid, Key: "taskee", Scheme: "rsa"}), "valid: signed by taskee (rsa)"},
		{"a verdict without a key", Verdict(webhook.Verdict{Status: webhook.Unsigned}), "unsigned"},
		{"an app that was not probed", Health(webhook.Health{}), "not probed yet"},
		{"an app that is up", Health(webhook.Health{Known: true, Up: true, Address: "127.0.0.1:3000"}), "answers on 127.0.0.1:3000"},
		{"an app that is down", Health(webhook.Health{Known: true, Error: "tls: failed to verify certificate: x509: certificate has expired"}), "does not answer: tls: failed to verify certificate: x509: certificate has expired"},
		{"in the fewest words", HealthWord(webhook.Health{Known: true, Error: "http://localhost:3000: connection refused"}), "does not answer"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}
