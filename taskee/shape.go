package taskee

import (
	"fmt"

	"github.com/taskhook/taskhook/jsjson"
)

// Shape is where an event's own fields stand in its body. The zero value is
// [ShapeFlat].
type Shape string

// The shapes of a body.
const (
	ShapeFlat   Shape = "flat"   // beside type, as on the wire
	ShapeNested Shape = "nested" // under data, as in the guide
)

// Sender is the app that an event is sent for: a flat body names it.
type Sender struct {
	AppID     string
	VersionID string // of the app
}

// Body writes an event's body in a shape: the fields that every event has,
// and its own, which are a JSON object without a locationId. These are copied
// as they are; for the rest it is what JSON.stringify writes.
func (e Fields) Body(s Shape, from Sender, fields []byte) []byte {
	own := fields[1 : len(fields)-1]
	if len(own) > 0 {
		own = append([]byte{','}, own...)
	}
	typ, id, location := jsjson.Quote(e.Type), jsjson.Quote(e.WebhookID), jsjson.Quote(e.LocationID)
	sent := jsjson.Quote(e.SentAt.UTC().Format(isoMilliseconds))
	if s == ShapeNested {
		return fmt.Appendf(nil, `{"type":%s,"timestamp":%s,"webhookId":%s,"data":{"locationId":%s%s}}`, typ, sent, id, location, own)
	}
	return fmt.Appendf(nil, `{"type":%s,"locationId":%s,"versionId":%s,"appId":%s%s,"timestamp":%s,"webhookId":%s}`,
		typ, location, jsjson.Quote(from.VersionID), jsjson.Quote(from.AppID), own, sent, id)
}
