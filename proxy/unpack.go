package proxy

import (
	"sync"

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

// unpack has a compressed body sent as it reads, so that it can be edited. One
// that cannot be read stays as it is: editing it will say why not.
func (s *resending) unpack() {
	plain, text := body.Unpacked(s.event)
	if !text.Decoded() || text.Partial {
		return
	}
	s.event, s.replaced = plain, true
	s.remarks = append(s.remarks, "the body came compressed ("+text.Coding+") and is sent as plain text, without Content-Encoding")
}
