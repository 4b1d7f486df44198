package filter

import (
	"strings"

	"github.com/taskhook/taskhook/webhook"
)

// field is one name that may stand before a colon.
type field struct {
	name    string
	forms   string // what may follow the colon
	meaning string
	example string
	values  []string // for completion, and for those of an enumeration
	parse   func(p *parser, f field, value word) (*term, *SyntaxError)
}

// fields is the language's table: the parser, the completion and the
// reference are made of it. It is in the order people read it.
var fields = [...]field{
	{name: "type", forms: "NAME", meaning: `the event's type; * and ? stand for any letters; "" for none`,
		example: "type:Contact*|Task*", parse: parseType},
	{name: "status", forms: "5xx | 429 | 200..299 | >=400 | none", meaning: "the app's answer to the last attempt; none: it got no answer",
		example: "status:5xx|429", values: []string{"2xx", "3xx", "4xx", "5xx", "429", "none"}, parse: parseStatus},
	{name: "state", forms: "STATE", meaning: "what has become of the event, as the list shows it: " + strings.Join(stateNames(), ", "),
		example: "state:failed|overdue", values: stateNames(), parse: parseState},
	{name: "verdict", forms: "valid | invalid | unsigned | unchecked", meaning: "what the signature check found",
		example: "verdict:invalid|unsigned", values: verdictNames, parse: parseVerdict},
	{name: "is", forms: "WORD", meaning: "a property of the event: " + strings.Join(traitNames(), ", "),
		example: "is:marked|duplicate", values: traitNames(), parse: parseTrait},
	{name: "id", forms: "12 | 12..40 | >=12", meaning: "the event's number; #12 is short for id:12",
		example: "id:12..40", parse: parseID},
	{name: "wh", forms: "BEGINNING", meaning: `the beginning of the webhookId; "" for events without one`,
		example: "wh:3f2a", parse: parseWebhookID},
	{name: "header", forms: "NAME | NAME=VALUE", meaning: "a header that is present, or has VALUE in one of its values; with * or ? the whole value",
		example: "header:content-type=json", parse: parseHeader},
	{name: "body", forms: "TEXT", meaning: "a text in the body's bytes, in any case", example: `body:"jane doe"`, parse: parseBody},
	{name: "path", forms: "TEXT", meaning: "a text in the path with its query; with * or ? the whole path",
		example: "path:/webhooks", parse: parsePath},
	{name: "method", forms: "NAME", meaning: "the request's method", example: "method:PUT|DELETE",
		values: []string{"POST", "GET", "PUT", "PATCH", "DELETE"}, parse: parseName},
	{name: "source", forms: "tunnel | local | sandbox | import", meaning: "how the event came in",
		example: "source:tunnel", values: sourceNames, parse: parseSource},
	{name: "key", forms: "NAME", meaning: `the key that fits the signature; "" for none`, example: "key:dev", parse: parseName},
	{name: "scheme", forms: "NAME", meaning: `the signature's scheme; "" for none`, example: "scheme:ed25519",
		values: []string{"rsa", "ed25519"}, parse: parseName},
	{name: "answer", forms: "401 | 5xx | none", meaning: "what the sender was told; none: nothing yet",
		example: "answer:429", values: []string{"2xx", "4xx", "5xx", "401", "429", "none"}, parse: parseStatus},
	{name: "attempts", forms: "2 | >1 | 0", meaning: "how often the event was tried at the app", example: "attempts:>1", parse: parseCount},
	{name: "since", forms: "10m | 2d | today | 14:05 | 2026-11-25T10:00", meaning: "received then or later; a time of day is the last one that has been",
		example: "since:10m", values: []string{"10m", "1h", "1d", "today", "yesterday"}, parse: parseTime},
	{name: "before", forms: "as since:", meaning: "received earlier", example: "before:14:05",
		values: []string{"10m", "1h", "1d", "today", "yesterday"}, parse: parseTime},
	{name: "dur", forms: ">500ms | <1s | 1s..5s", meaning: "how long the last attempt took", example: "dur:>500ms",
		values: []string{">500ms", ">1s", ">5s"}, parse: parseDuration},
	{name: "size", forms: ">10k | <2MB | 0", meaning: "the body's length: k, m, g or KiB, MiB, GiB are powers of 1024, kB, MB, GB of 1000",
		example: "size:>10k", values: []string{">1k", ">10k", ">100k", ">1m"}, parse: parseSize},
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

var (
	verdictNames = []string{string(webhook.Valid), string(webhook.Invalid), string(webhook.Unsigned), string(webhook.Unchecked)}
	sourceNames  = []string{string(webhook.SourceTunnel), string(webhook.SourceLocal), string(webhook.SourceSandbox), string(webhook.SourceImport)}
)

func stateNames() []string {
	var names []string
	for _, s := range webhook.States {
		names = append(names, string(s))
	}
	return names
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
	name, meaning string
	has           func(c *candidate) bool
}

// traits lists the words of is: in the order people read them.
var traits = [...]trait{
	{"marked", "a person marked it", func(c *candidate) bool { return c.row.Marked }},
	{"duplicate", "its webhookId came before", func(c *candidate) bool { return c.row.Duplicate }},
	{"redelivered", "its webhookId came again", func(c *candidate) bool { return c.row.Redelivered }},
	{"altered", "a duplicate with other bytes", func(c *candidate) bool { return c.row.Altered }},
	{"simulated", "a simulation was made of it", func(c *candidate) bool { return c.row.Simulated }},
	{"faulted", "a fault rule acted on it", func(c *candidate) bool { return c.row.Faulted }},
	{"shielded", "the shield answered 429 in place of a failure", func(c *candidate) bool { return c.row.Outcome.Answer.Shielded }},
	{"resent", "a person sent it again", func(c *candidate) bool { return c.row.Resent }},
	{"slow", "the app answered slowly", func(c *candidate) bool { return c.row.Slow }},
	{"unsuccessful", "a 2xx whose body says it did not work", func(c *candidate) bool { return c.row.Unsuccessful }},
	{"error", "the last attempt got no answer", func(c *candidate) bool { return c.row.LastError }},
	{"gone", "its sender hung up before the answer", func(c *candidate) bool { return c.row.Outcome.Answer.SenderGone }},
	{"pruned", "its body was not kept", func(c *candidate) bool { return c.row.NoBody }},
}

func traitNames() []string {
	var names []string
	for _, t := range traits {
		names = append(names, t.name)
	}
	return names
}
