package proxy

import (
	"errors"
	"fmt"
	"sync"

	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/body"
)

// unpackedFreely is how many bytes may be made of a received body at any time;
// a body of which more may come waits for others of its kind. Outside requests
// could otherwise fill the memory with what they compressed.
const unpackedFreely = 1 << 20

// unpacker reads received bodies that are compressed. The zero value is ready.
type unpacker struct{ large sync.Mutex }

// read returns an event's body as people read it. One that came without a
// Content-Encoding is returned as it is.
func (u *unpacker) read(e *webhook.Event) []byte {
	if len(e.Header["Content-Encoding"]) == 0 {
		return e.Body
	}
	if body.Size(len(e.Body)) > unpackedFreely {
		u.large.Lock()
		defer u.large.Unlock()
	}
	return body.OfEvent(e).Bytes
}

// webhookID is the webhookId in an event's body.
func webhookID(e *webhook.Event) string { return taskee.Parse(body.OfEvent(e).Bytes).WebhookID }

// unpack has a compressed body sent as it reads, so that it can be edited. The
// error is for one that cannot be read whole.
func (s *resending) unpack() error {
	plain, text := body.Unpacked(s.event)
	switch {
	case text.Coding == "":
		return nil
	case text.Err != nil:
		return fmt.Errorf("the body cannot be edited: %w", text.Err)
	case text.Partial:
		return errors.New("the body cannot be edited: it is too long once it is decompressed")
	}
	s.event, s.replaced = plain, true
	s.remarks = append(s.remarks, "the body came compressed ("+text.Coding+") and is sent as plain text, without Content-Encoding")
	return nil
}

// named names in a syntax error what the body is, where it is not meant as JSON.
func (s *resending) named(err error) error {
	var syntax *jsjson.SyntaxError
	kind := body.Kind(nil, s.event.Body)
	if !errors.As(err, &syntax) || kind == "" || body.BeginsAsJSON(s.event.Body) {
		return err
	}
	return fmt.Errorf("this is %s: %w", kind, err)
}
