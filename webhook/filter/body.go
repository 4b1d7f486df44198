package filter

import "github.com/taskhook/taskhook/webhook/body"

// readBody reads the body as people read it. Of one that begins as text, and
// nearly all do, the event and its Content-Encoding need not be read for that.
func (s *Scan) readBody(load Loader) error {
	b, err := load.Body()
	if err != nil {
		return err
	}
	if !body.Plain(b) {
		e := s.c.event
		if e == nil {
			if e, err = load.Event(); err != nil {
				return err
			}
		}
		b = body.Read(e.Header, b, false).Bytes
	}
	s.c.body, s.c.read = b, true
	return nil
}
