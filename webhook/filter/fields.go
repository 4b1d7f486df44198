package filter

import (
	"fmt"
	"strings"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// field is one name that may stand before a colon.
type field struct {
	name    string
	forms   string // what may follow the colon
	meaning string
	example string
	values  []value // for completion, and for those of an enumeration
	unused  []value // understood as well, and not offered: no event has them yet
	known   stage   // from when on it can be answered
	cost    int     // what has to be read of an event
	parse   parseTerm
}

// value is one that may follow the colon.
type value struct{ name, meaning string } // meaning: "" where the name says it all

// fields is the language's table: the parser, the completion and the
// reference are made of it. It is in the order people read it.
var fields = [...]field{
	{name: "type", forms: "NAME", meaning: `the event's type; * and ? stand for any letters; "" for none`,
		example: "type:Contact*|Task*", parse: oneOf(readName, func(c *candidate) string { return c.row.Type })},
	{name: "status", forms: "5xx | 429 | 200..299 | >=400 | none", meaning: "the app's answer to the last attempt; none: there was no answer",
		example: "status:5xx|429", values: named("2xx", "3xx", "4xx", "5xx", "429", "none"), known: afterwards,
		parse: numbers(quantity{unit: status, least: 1, plain: true, none: true}, func(c *candidate) int64 { return c.ofAttempt(int64(c.row.LastStatus)) })},
	{name: "state", forms: "STATE", meaning: "what has become of the event: " + strings.Join(names(states[:]), ", "),
		example: "state:failed|overdue", values: states[:], known: afterwards,
		parse: oneOf(readChoice, func(c *candidate) string { return string(c.row.Outcome.State(c.now)) })},
	{name: "verdict", forms: "valid | invalid | unsigned | unchecked | skipped", meaning: "what the signature check found",
		example: "verdict:invalid|unsigned", values: named(webhook.Valid, webhook.Invalid, webhook.Unsigned, webhook.Unchecked, webhook.Skipped),
		parse: oneOf(readChoice, func(c *candidate) string { return string(c.row.Verdict) })},
	{name: "is", forms: "WORD", meaning: "a property of the event: " + strings.Join(names(traitValues()), ", "),
		example: "is:marked|duplicate", values: traitValues(),
		parse: oneOf(readTrait, func(c *candidate) *candidate { return c })},
	{name: "id", forms: "12 | 12..40 | >=12", meaning: "the event's number; #12 is short for id:12",
		example: "id:12..40", known: onceStored, parse: numbers(quantity{unit: whole, plain: true}, func(c *candidate) int64 { return int64(c.row.ID) })},
	{name: "wh", forms: "BEGINNING", meaning: `the beginning of the webhookId; "" for events without one`,
		example: "wh:3f2a", cost: costEvent, parse: oneOf(readBeginning, func(c *candidate) string { return c.event.WebhookID })},
	{name: "location", forms: "ID", meaning: `the ID of the location that the payload is about, as it names it in either shape; "" for none`,
		example: "location:ve9EPM428h8vShlRW1KT", cost: costBody, parse: oneOf(readName, func(c *candidate) string { return c.about().location })},
	{name: "contact", forms: "ID", meaning: `the ID of the contact that the payload is about; "" for none`,
		example: "contact:nmFmQEsNgz6AVpgLVUJ0", cost: costBody, parse: oneOf(readName, func(c *candidate) string { return c.about().contact })},
	{name: "header", forms: "NAME | NAME=VALUE", meaning: "a header that is present, or has VALUE in one of its values; with * or ? the whole value",
		example: "header:content-type=json", cost: costEvent, parse: parseHeader},
	{name: "body", forms: "TEXT", meaning: "a text in the body, in any case, and however JSON spells it", example: `body:"jane doe"`,
		cost: costBody, parse: oneOf(readBodyPart, func(c *candidate) *bodyText { return &c.body })},
	{name: "path", forms: "TEXT", meaning: "a text in the path with its query, as sent or with its %-codes read; with * or ? the whole path",
		example: "path:/webhooks", cost: costEvent, parse: oneOf(readPathPart, func(c *candidate) *candidate { return c })},
	{name: "method", forms: "NAME", meaning: "the request's method", example: "method:PUT|DELETE",
		values: named("POST", "GET", "PUT", "PATCH", "DELETE"), cost: costEvent,
		parse: oneOf(readName, func(c *candidate) string { return c.event.Method })},
	{name: "source", forms: "tunnel | local | sandbox", meaning: "where the event came from",
		example: "source:tunnel", values: named(webhook.SourceTunnel, webhook.SourceLocal, webhook.SourceSandbox),
		cost: costEvent, parse: oneOf(readChoice, func(c *candidate) string { return string(c.event.Source) })},
	{name: "key", forms: "NAME", meaning: `the key that fits the signature; "" for none`, example: "key:dev",
		cost: costEvent, parse: oneOf(readName, func(c *candidate) string { return c.event.Verdict.Key })},
	{name: "scheme", forms: "NAME", meaning: `the signature's scheme; "" for none`, example: "scheme:ed25519",
		values: named("rsa", "ed25519"), cost: costEvent,
		parse: oneOf(readName, func(c *candidate) string { return c.event.Verdict.Scheme })},
	{name: "answer", forms: "401 | 5xx | none", meaning: "what the sender was told; none: nothing yet",
		example: "answer:429", values: named("2xx", "4xx", "5xx", "401", "429", "none"), known: afterwards,
		parse: numbers(quantity{unit: status, least: 1, plain: true, none: true}, func(c *candidate) int64 { return int64(c.row.Outcome.Answer.Status) })},
	{name: "attempts", forms: "2 | >1 | 0", meaning: "how many attempts were made", example: "attempts:>1", known: afterwards,
		parse: numbers(quantity{unit: whole, plain: true}, func(c *candidate) int64 { return int64(c.row.Attempts) })},
	{name: "since", forms: "10m | 2d | today | 14:05 | 2026-11-25T10:00", meaning: "received at that time or later; a time of day is its last occurrence",
		example: "since:10m", values: named("10m", "1h", "1d", "today", "yesterday"), parse: parseTime},
	{name: "before", forms: "as since:", meaning: "received earlier", example: "before:14:05",
		values: named("10m", "1h", "1d", "today", "yesterday"), parse: parseTime},
	{name: "dur", forms: ">500ms | <1s | 1s..5s", meaning: "how long the last attempt took", example: "dur:>500ms",
		values: named(">500ms", ">1s", ">5s"), known: afterwards,
		parse: numbers(quantity{unit: elapsed}, func(c *candidate) int64 { return c.ofAttempt(int64(c.row.LastDuration)) })},
	{name: "size", forms: ">10k | <2MB | 0", meaning: "the body's length: k, m, g or KiB, MiB, GiB are powers of 1024, kB, MB, GB of 1000",
		example: "size:>10k", values: named(">1k", ">10k", ">100k", ">1m"),
		parse: numbers(quantity{unit: size, plain: true}, func(c *candidate) int64 { return c.row.BodySize })},
}

// named makes values of names that need no explanation.
func named[T ~string](all ...T) []value {
	values := make([]value, len(all))
	for i, name := range all {
		values[i] = value{name: string(name)}
	}
	return values
}

func names(values []value) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = v.name
	}
	return all
}

// lookup finds a field by its name in lower case.
func lookup(name string) (field, bool) {
	for _, f := range fields {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

func fieldNames() []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

// states are the states that events come to, in the order people read them.
var states = [...]value{
	{string(webhook.StateForwarding), "its sender still waits for an answer"},
	{string(webhook.StateDelivered), "your app answered 2xx"},
	{string(webhook.StateRetrying), "answered 429: Taskee sends it again, and the list says when"},
	{string(webhook.StateOverdue), fmt.Sprintf("that retry is more than %d minutes late", webhook.OverdueAfter/time.Minute)},
	{string(webhook.StateFailed), "Taskee will not send it again: another status, a seventh 429, or its sender left"},
	{string(webhook.StateRecovered), "failed, and delivered later by a resend or a late answer"},
	{string(webhook.StateRejected), "not forwarded: a bad or missing signature, a malformed request, a loop, a web page"},
	{string(webhook.StateIgnored), "kept and not forwarded: a route sends it to no app"},
	{string(webhook.StatePassed), "no webhook: it went to your app unchecked; lists show it only when asked for"},
	{string(webhook.StateInterrupted), "Taskhook ended before the answer was known"},
}

// renamed has the values of earlier versions, and what is written in their
// place: nobody's filter may select something else without a word.
var renamed = map[string]string{
	"state:accepted":      "state:delivered",
	"state:pending":       "state:retrying",
	"state:presumed-lost": "state:overdue",
	"state:lost":          "state:failed",
	"state:rescued":       "state:recovered",
	"state:refused":       "state:rejected",
	"is:lost":             "state:failed|overdue|interrupted",
	"is:refused":          "state:rejected",
	"is:failed":           "status:none|>=300",
}

// trait is a word of is:.
type trait struct {
	value
	known stage // as in field
	has   func(c *candidate) bool
}

// traits lists the words of is: in the order people read them.
var traits = [...]trait{
	{value{"marked", "a person marked it"}, afterwards, func(c *candidate) bool { return c.row.Marked }},
	{value{"duplicate", "its webhookId came before"}, onceStored, func(c *candidate) bool { return c.row.Duplicate }},
	{value{"redelivered", "its webhookId came again"}, afterwards, func(c *candidate) bool { return c.row.Redelivered }},
	{value{"altered", "a duplicate with other bytes"}, onceStored, func(c *candidate) bool { return c.row.Altered }},
	{value{"simulated", "a simulation was made of it"}, afterwards, func(c *candidate) bool { return c.row.Simulated }},
	{value{"faulted", "a fault rule acted on it"}, afterwards, func(c *candidate) bool { return c.row.Faulted }},
	{value{"shielded", "the shield answered 429 in place of a failure"}, afterwards, func(c *candidate) bool { return c.row.Outcome.Answer.Shielded }},
	{value{"resent", "a person sent it again"}, afterwards, func(c *candidate) bool { return c.row.Resent }},
	{value{"slow", "the app answered slowly"}, afterwards, func(c *candidate) bool { return c.row.Slow }},
	{value{"unsuccessful", "a 2xx whose body says that it did not work"}, afterwards, func(c *candidate) bool { return c.row.Unsuccessful }},
	{value{"error", "the last attempt got no answer"}, afterwards, func(c *candidate) bool { return c.row.LastError }},
	{value{"gone", "its sender hung up before the answer"}, afterwards, func(c *candidate) bool { return c.row.Outcome.Answer.SenderGone }},
	{value{"pruned", "its body was not kept"}, onArrival, func(c *candidate) bool { return c.row.NoBody }},
	{value{"possibly-deleted", "brought back from a damaged store"}, onceStored, func(c *candidate) bool { return c.row.PossiblyDeleted }},
}

func traitValues() []value {
	values := make([]value, len(traits))
	for i, t := range traits {
		values[i] = t.value
	}
	return values
}
