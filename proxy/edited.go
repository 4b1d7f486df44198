package proxy

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/webhook"
)

// replace replaces the event's request by an edited one; nil leaves it as it is.
// A Host header becomes the received host, as in an event.
func (s *resending) replace(edited *webhook.Request) error {
	if edited == nil {
		return nil
	}
	switch {
	case edited.Path == s.received.Path:
	case !strings.HasPrefix(edited.Path, "/"):
		return fmt.Errorf("%w: its path %.80q does not begin with /", ErrUnsendable, edited.Path)
	case strings.Contains(edited.Path, "?"):
		return fmt.Errorf("%w: its path %.80q has a ?; what follows it belongs in the query", ErrUnsendable, edited.Path)
	}
	e := &s.event
	e.Method, e.Path, e.RawQuery, e.Body = edited.Method, edited.Path, edited.RawQuery, edited.Body
	e.Header = make(http.Header, len(edited.Header))
	for _, name := range sortedNames(edited.Header) {
		key := name
		if _, asReceived := s.received.Header[name]; !asReceived {
			key = http.CanonicalHeaderKey(name)
		}
		e.Header[key] = append(e.Header[key], edited.Header[name]...)
	}
	if host := e.Header.Get("Host"); host != "" {
		e.Host = host
	}
	delete(e.Header, "Host")
	s.edited, s.replaced = !bytes.Equal(e.Body, s.received.Body), true
	return nil
}

// remarkOwnHeaders notes which edited headers are not sent as they are, because
// they belong to the connection.
func (s *resending) remarkOwnHeaders(edited *webhook.Request) {
	if edited == nil {
		return
	}
	var names []string
	for _, name := range sortedNames(edited.Header) {
		canonical := http.CanonicalHeaderKey(name)
		values := edited.Header[name]
		same := slices.Equal(values, s.received.Header[name])
		switch {
		case same || !httpwire.HopByHop(canonical, nil):
		case canonical == "Host" && slices.Equal(values, []string{s.request.sentHost()}):
		case canonical == "Content-Length" && slices.Equal(values, []string{fmt.Sprint(len(s.request.body))}):
		default:
			names = append(names, canonical)
		}
	}
	if len(names) > 0 {
		s.remarks = append(s.remarks, "taskhook sets the headers of the connection itself; not sent as edited: "+strings.Join(names, ", "))
	}
}

// stringify writes the body as JSON.stringify does and notes what that changed.
func (s *resending) stringify() {
	body, err := jsjson.StringifyExact(s.event.Body)
	if err != nil {
		s.remarks = append(s.remarks, fmt.Sprintf("the body is signed byte for byte, since it is not JSON (%v)", err))
		return
	}
	if d, differ := jsjson.FirstDifference(s.event.Body, body); differ {
		s.remarks = append(s.remarks, fmt.Sprintf(
			"the edited body was written as JSON.stringify writes it before it was signed, so that apps which serialize it again can verify it; first change at byte %d: %q became %q",
			d.Offset+1, d.A, d.B))
	}
	if jsjson.Rounds(body) {
		s.remarks = append(s.remarks, jsjson.RoundsNote)
	}
	s.event.Body, s.changed = body, !bytes.Equal(body, s.received.Body)
}
