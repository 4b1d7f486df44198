package taskee

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/taskhook/taskhook/jsjson"
)

// Sample says how to make a sample event. The zero value is an event of now,
// with a random webhookId and flat.
type Sample struct {
	WebhookID string    // "": a random UUID
	At        time.Time // when it was sent; zero: now
	Shape     Shape
}

// All samples have the same location, so that they fit together, and the same
// version of an app.
const (
	sampleLocationID = "ve9EPM428h8vShlRW1KT"
	sampleAppID      = "66a0419a0dffa47fb5f8b22f"
	sampleVersionID  = "66a0419a0dffa47fb5f8b230"
)

// Sample returns a realistic body of an event of this type, with times close to
// when it was sent, in exactly the bytes that JSON.stringify writes. It returns
// nil for the zero value of t.
func (t EventType) Sample(s Sample) []byte {
	if len(t.fields) == 0 {
		return nil
	}
	at := s.At
	if at.IsZero() {
		at = time.Now()
	}
	e := Fields{Type: t.WireType, WebhookID: cmp.Or(s.WebhookID, NewWebhookID()), SentAt: at, LocationID: sampleLocationID}
	return e.Body(s.Shape, Sender{AppID: sampleAppID, VersionID: sampleVersionID}, withTimes(t.fields, at))
}

// placeholder is a time in a sample, relative to when it is sent: "{at}",
// "{at-26h}", "{date+720h}" for a date, "{unix}" for a number of seconds.
var placeholder = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`"\{(at|date|unix)([+-][0-9]+[hms])?\}"`)
})

func withTimes(fields []byte, at time.Time) []byte {
	return placeholder().ReplaceAllFunc(fields, func(found []byte) []byte {
		m := placeholder().FindSubmatch(found)
		then := at.UTC()
		if len(m[2]) > 0 {
			d, _ := time.ParseDuration(string(m[2])) // the pattern allows no other
			then = then.Add(d)
		}
		switch string(m[1]) {
		case "date":
			return jsjson.Quote(then.Format(time.DateOnly))
		case "unix":
			return strconv.AppendInt(nil, then.Unix(), 10)
		}
		return jsjson.Quote(then.Format(isoMilliseconds))
	})
}

// NewWebhookID returns a random UUID of version 4, the form of the platform's
// webhookIds.
func NewWebhookID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
