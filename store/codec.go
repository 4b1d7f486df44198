package store

import (
	"encoding/binary"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/taskhook/taskhook/store/boltfile"
)

var errShape = errors.New("its record is malformed")

// codec appends values to a record or, when it reads, sets them from one, in
// the same order; they are zero before. From the first that is not there on
// they stay zero, and err says so. Texts are bytes: paths and headers need not
// be UTF-8.
type codec struct {
	b     []byte
	reads bool
	err   error
}

// newWriter begins a record of about n bytes, its checksum to come.
func newWriter(n int) *codec {
	return &codec{b: make([]byte, boltfile.SumSize, boltfile.SumSize+n)}
}

func newReader(payload []byte) *codec { return &codec{b: payload, reads: true} }

func (c *codec) fail() { c.b, c.err = nil, errShape }

// skip moves on behind a value of n bytes; one of none is not there.
func (c *codec) skip(n int) bool {
	if n <= 0 {
		c.fail()
		return false
	}
	c.b = c.b[n:]
	return true
}

func (c *codec) uint(v *uint64) {
	if !c.reads {
		c.b = binary.AppendUvarint(c.b, *v)
		return
	}
	got, n := binary.Uvarint(c.b)
	if c.skip(n) {
		*v = got
	}
}

func number[T ~int | ~int64](c *codec, v *T) {
	if !c.reads {
		c.b = binary.AppendVarint(c.b, int64(*v))
		return
	}
	got, n := binary.Varint(c.b)
	if c.skip(n) {
		*v = T(got)
	}
}

func (c *codec) bool(v *bool) {
	switch {
	case !c.reads && *v:
		c.b = append(c.b, 1)
	case !c.reads:
		c.b = append(c.b, 0)
	case len(c.b) == 0 || c.b[0] > 1:
		c.fail()
	default:
		*v = c.b[0] == 1
		c.b = c.b[1:]
	}
}

// length is a number of things that take at least one byte each.
func (c *codec) length(n int) int {
	v := uint64(n)
	c.uint(&v)
	if c.reads && v > uint64(len(c.b)) {
		c.fail()
		return 0
	}
	return int(v)
}

func text[T ~string | ~[]byte](c *codec, v *T) {
	n := c.length(len(*v))
	if !c.reads {
		c.b = append(c.b, *v...)
		return
	}
	*v = T(slices.Clip(c.b[:n])) // a copy of a string, but not of bytes
	c.b = c.b[n:]
}

// time keeps any year, and the zero time; the zone becomes UTC.
func (c *codec) time(t *time.Time) {
	has := !t.IsZero()
	if c.bool(&has); !has {
		return
	}
	sec, nsec := t.Unix(), uint64(t.Nanosecond())
	number(c, &sec)
	c.uint(&nsec)
	switch {
	case !c.reads:
	case nsec >= uint64(time.Second):
		c.fail()
	case c.err == nil:
		*t = time.Unix(sec, int64(nsec)).UTC()
	}
}

// header keeps every value, in order, and the difference of nil and empty.
func (c *codec) header(h *http.Header) {
	has := *h != nil
	if c.bool(&has); !has {
		return
	}
	var names []string
	if !c.reads {
		names = slices.Sorted(maps.Keys(*h))
	}
	if n := c.length(len(names)); c.reads {
		names = make([]string, n)
		*h = make(http.Header, n)
	}
	for i := range names {
		text(c, &names[i])
		values := (*h)[names[i]]
		if n := c.length(len(values)); c.reads {
			values = make([]string, n)
			(*h)[names[i]] = values
		}
		for j := range values {
			text(c, &values[j])
		}
		if c.err != nil {
			return
		}
	}
}

// end is the record's error, also when something is left over.
func (c *codec) end() error {
	if c.err == nil && len(c.b) > 0 {
		c.fail()
	}
	return c.err
}
