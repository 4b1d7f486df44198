package taskee

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/taskhook/taskhook/jsjson"
)

// Fields are the fields that every event has. They are zero for a body
// without any of them.
type Fields struct {
	Type       string    // as sent; "" if the body has none
	WebhookID  string    // "" if the body has none
	SentAt     time.Time // UTC; zero if the body has no time of the years 1970 to 9999
	LocationID string    // "" if the body has none
}

// Parse reads the fields of a body. The body may be any bytes: a field that is
// missing, of another kind, or longer than names are stays zero, and of JSON
// that breaks off the part before that counts. Of equal keys the last one
// counts, as in JavaScript. A field that is not at the top is looked for under
// data, where some gateways put all of them.
func Parse(body []byte) Fields {
	f, data := readRaw(body)
	if f.typ == nil || f.webhookID == nil || f.timestamp == nil || f.locationID == nil {
		deeper, _ := readRaw(data)
		f = f.or(deeper)
	}
	return Fields{
		Type:       name(f.typ, false),
		WebhookID:  name(f.webhookID, true),
		SentAt:     parseTime(f.timestamp).at,
		LocationID: name(f.locationID, false),
	}
}

// The names of the fields that every event has.
const (
	fieldType       = "type"
	fieldWebhookID  = "webhookId"
	fieldTimestamp  = "timestamp"
	fieldLocationID = "locationId"
	fieldData       = "data"
)

// rawFields are the values as they stand in a body, nil for missing ones.
type rawFields struct{ typ, webhookID, timestamp, locationID []byte }

func readRaw(object []byte) (f rawFields, data []byte) {
	for k, v := range jsjson.Members(object) {
		switch string(k) {
		case fieldType:
			f.typ = v
		case fieldWebhookID:
			f.webhookID = v
		case fieldTimestamp:
			f.timestamp = v
		case fieldLocationID:
			f.locationID = v
		case fieldData:
			data = v
		}
	}
	return f, data
}

// or fills in missing fields from another object.
func (f rawFields) or(g rawFields) rawFields {
	first := func(a, b []byte) []byte {
		if a != nil {
			return a
		}
		return b
	}
	return rawFields{
		first(f.typ, g.typ), first(f.webhookID, g.webhookID),
		first(f.timestamp, g.timestamp), first(f.locationID, g.locationID),
	}
}

// maxName bounds the names in Fields, in bytes: lists keep many of them in
// memory, and anybody may send any.
const maxName = 256

// name reads a raw value as a name: a string, or a number if that may be one.
func name(raw []byte, orNumber bool) string {
	if len(raw) > maxName {
		return ""
	}
	s, ok := unquote(raw)
	if !ok && orNumber && isNumber(raw) {
		return string(raw)
	}
	if len(s) > maxName { // bytes that are not UTF-8 grow
		return ""
	}
	return s
}

func unquote(raw []byte) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	return string(jsjson.Unquote(raw)), true
}

func isNumber(raw []byte) bool {
	return len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9') && json.Valid(raw)
}

// timeForm is how a body writes its time.
type timeForm int

const (
	inText timeForm = iota
	inSeconds
	inMilliseconds
)

// timestamp is the time of a body and how it is written, so that another can
// replace it.
type timestamp struct {
	at     time.Time // zero if there is none
	form   timeForm
	quoted bool // it is a string
}

// layouts are the forms of a time in text: ISO 8601 as in the guide, and others
// that occur. Without an offset it is UTC.
var layouts = [...]string{
	time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999Z0700",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999",
	time.DateOnly,
}

// firstMilliseconds is the least number that counts milliseconds since 1970
// rather than seconds: as seconds it would be in the year 5138, as milliseconds
// it is in 1973.
const firstMilliseconds = 1e11

// maxTime is as long as a time in text can be, in bytes.
const maxTime = 64

func parseTime(raw []byte) timestamp {
	if len(raw) == 0 || len(raw) > maxTime {
		return timestamp{quoted: true}
	}
	text, quoted := unquote(raw)
	if !quoted {
		text = string(raw)
	}
	if isNumber([]byte(text)) {
		t := parseEpoch(text)
		t.quoted = quoted
		return t
	}
	t := timestamp{quoted: true}
	if !quoted {
		return t
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			t.at = plausible(at)
			break
		}
	}
	return t
}

func parseEpoch(text string) timestamp {
	n, err := strconv.ParseFloat(text, 64)
	switch size := math.Abs(n); {
	case err != nil || size > math.MaxInt64/2:
		return timestamp{form: inMilliseconds}
	case size >= firstMilliseconds:
		return timestamp{at: plausible(time.UnixMilli(int64(n))), form: inMilliseconds}
	}
	return timestamp{at: plausible(time.UnixMilli(int64(math.Round(n * 1000)))), form: inSeconds}
}

// plausible returns a time in UTC, the zero time if no event can have its year:
// not every format can represent such times.
func plausible(t time.Time) time.Time {
	t = t.UTC()
	if y := t.Year(); y < 1970 || y > 9999 {
		return time.Time{}
	}
	return t
}

// isoMilliseconds is the form of the platform's times, in UTC.
const isoMilliseconds = "2006-01-02T15:04:05.000Z"

// format writes a time as JSON in the form of this one.
func (t timestamp) format(at time.Time) []byte {
	text := at.UTC().Format(isoMilliseconds)
	switch t.form {
	case inSeconds:
		text = strconv.FormatInt(at.Unix(), 10)
	case inMilliseconds:
		text = strconv.FormatInt(at.UnixMilli(), 10)
	}
	if t.quoted {
		return jsjson.Quote(text)
	}
	return []byte(text)
}
