package filter

import (
	"context"
	"errors"
)

// Errors of [Scan.Certain], beside those of Match.
var (
	// ErrFailed is returned when a jq expression fails on an event.
	ErrFailed = errors.New("the expression fails on it")
	// ErrNotJSON is returned when a jq expression is to be run on a body that is
	// no JSON.
	ErrNotJSON = errors.New("the body is not JSON")
)

// Certain is Match for who must not guess: where an expression that decides an
// event fails, or is about a body that is no JSON, it returns ErrFailed or
// ErrNotJSON.
func (s *Scan) Certain(r *Row, load Loader) (bool, error) {
	s.c.strict = true
	defer func() { s.c.strict, s.c.notJSON = false, false }()
	res, p, err := s.Begin(r, load)
	if err != nil {
		return false, err
	}
	v := &s.c.verdict
	if res == Unknown {
		if err := s.Decide(context.Background(), []*Pending{p}); err != nil {
			return false, err
		}
		res, v = p.result, &p.c.verdict
	}
	return res == Yes, v.doubt()
}

// doubt is why it is not known whether an event is selected; nil: it is known.
func (v *verdict) doubt() error {
	switch {
	case v.tooMuch != nil:
		return v.tooMuch
	case v.undecided:
		return ErrFailed
	case v.notJSON:
		return ErrNotJSON
	}
	return nil
}
