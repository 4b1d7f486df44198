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

// writer appends values to a record. Its texts are bytes: paths and headers
// need not be UTF-8.
type writer struct{ b []byte }

// newWriter begins a record of about n bytes, its checksum to come.
func newWriter(n int) *writer { return &writer{make([]byte, boltfile.SumSize, boltfile.SumSize+n)} }

func (w *writer) uint(v uint64) { w.b = binary.AppendUvarint(w.b, v) }
func (w *writer) int(v int64)   { w.b = binary.AppendVarint(w.b, v) }

func (w *writer) bool(v bool) {
	if v {
		w.b = append(w.b, 1)
	} else {
		w.b = append(w.b, 0)
	}
}

func (w *writer) text(v string) {
	w.uint(uint64(len(v)))
	w.b = append(w.b, v...)
}

func (w *writer) bytes(v []byte) {
	w.uint(uint64(len(v)))
	w.b = append(w.b, v...)
}

// time keeps any year, and the zero time; the zone becomes UTC.
func (w *writer) time(t time.Time) {
	w.bool(!t.IsZero())
	if !t.IsZero() {
		w.int(t.Unix())
		w.uint(uint64(t.Nanosecond()))
	}
}

// header keeps every value, in order, and the difference of nil and empty.
func (w *writer) header(h http.Header) {
	w.bool(h != nil)
	if h == nil {
		return
	}
	w.uint(uint64(len(h)))
	for _, name := range slices.Sorted(maps.Keys(h)) {
		w.text(name)
		w.uint(uint64(len(h[name])))
		for _, value := range h[name] {
			w.text(value)
		}
	}
}

// reader takes values from a record, in the order they were written. After
// the first that is not there all are zero, and err says so.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail() {
	r.b, r.err = nil, errShape
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) bool() bool {
	if len(r.b) == 0 || r.b[0] > 1 {
		r.fail()
		return false
	}
	v := r.b[0] == 1
	r.b = r.b[1:]
	return v
}

// view is a text as long as the record is valid.
func (r *reader) view() []byte {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) text() string { return string(r.view()) }

func (r *reader) time() time.Time {
	if !r.bool() {
		return time.Time{}
	}
	sec, nsec := r.int(), r.uint()
	if nsec >= uint64(time.Second) {
		r.fail()
	}
	if r.err != nil {
		return time.Time{}
	}
	return time.Unix(sec, int64(nsec)).UTC()
}

// length is a number of things that take at least one byte each.
func (r *reader) length() int {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) header() http.Header {
	if !r.bool() {
		return nil
	}
	n := r.length()
	h := make(http.Header, n)
	for range n {
		name := r.text()
		values := make([]string, r.length())
		for i := range values {
			values[i] = r.text()
		}
		if r.err != nil {
			return nil
		}
		h[name] = values
	}
	return h
}

// end is the record's error, also when something is left over.
func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		r.fail()
	}
	return r.err
}
