package taskee

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/taskhook/taskhook/jsjson"
)

// ErrNoObject is returned for a body that is JSON but no object, and so has no
// place for a webhookId.
var ErrNoObject = errors.New("the body is no JSON object")

// Fresh returns a copy of a body with another webhookId and timestamp, so that
// an app takes it for a new event. They are put in where [Parse] reads them,
// or else at the end, and all other bytes stay. A timestamp in numbers stays
// one, in seconds or milliseconds.
//
// The error is [ErrNoObject], or wraps a [*jsjson.SyntaxError] for a body that
// is not JSON.
func Fresh(body []byte, webhookID string, at time.Time) ([]byte, error) {
	f, data := readFields(body)
	deeper, _ := readFields(data)
	fresh := bytes.Clone(body)
	for _, set := range []struct {
		field     string
		top, deep []byte
		value     []byte
	}{
		{fieldWebhookID, f.webhookID, deeper.webhookID, jsjson.Quote(webhookID)},
		{fieldTimestamp, f.timestamp, deeper.timestamp, parseTime(f.or(deeper).timestamp).spell(at)},
	} {
		path := set.field
		if set.top == nil && set.deep != nil {
			path = fieldData + "." + path
		}
		changed, err := jsjson.Set(fresh, path, string(set.value))
		if errors.Is(err, jsjson.ErrPath) {
			return nil, ErrNoObject
		}
		if err != nil {
			return nil, fmt.Errorf("read the body: %w", err)
		}
		fresh = changed
	}
	return fresh, nil
}
