package taskee

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/taskhook/taskhook/jsjson"
)

// ErrNotObject is returned for a body that is JSON but not an object, and so has
// no place for a webhookId.
var ErrNotObject = errors.New("the body is not a JSON object")

// WithNewID returns a copy of a body with another webhookId and timestamp, so
// that an app takes it for another event. They replace the values that [Parse]
// reads, or are added at the end, and all other bytes stay as they are. A
// numeric timestamp stays numeric, in seconds or milliseconds.
//
// The error is [ErrNotObject], or wraps a [*jsjson.SyntaxError] for a body that
// is not JSON.
func WithNewID(body []byte, webhookID string, at time.Time) ([]byte, error) {
	f, data := readRaw(body)
	deeper, _ := readRaw(data)
	out := bytes.Clone(body)
	for _, set := range []struct {
		field     string
		top, deep []byte
		value     []byte
	}{
		{fieldWebhookID, f.webhookID, deeper.webhookID, jsjson.Quote(webhookID)},
		{fieldTimestamp, f.timestamp, deeper.timestamp, parseTime(f.or(deeper).timestamp).format(at)},
	} {
		path := set.field
		if set.top == nil && set.deep != nil {
			path = fieldData + "." + path
		}
		changed, err := jsjson.Set(out, path, string(set.value))
		if errors.Is(err, jsjson.ErrPath) {
			return nil, ErrNotObject
		}
		if err != nil {
			return nil, fmt.Errorf("read the body: %w", err)
		}
		out = changed
	}
	return out, nil
}
