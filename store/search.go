package store

import (
	"bytes"
	"unicode/utf8"

	"taskhook/webhook"
)

// needle is a text to find in any case.
type needle struct {
	lower []byte
	ascii bool
	first [2]byte // both cases of the first byte
}

func newNeedle(text string) needle {
	n := needle{lower: bytes.ToLower([]byte(text)), ascii: true}
	for _, b := range n.lower {
		n.ascii = n.ascii && b < utf8.RuneSelf
	}
	if len(n.lower) > 0 {
		n.first = [2]byte{n.lower[0], n.lower[0]}
		if b := n.lower[0]; 'a' <= b && b <= 'z' {
			n.first[1] = b - 'a' + 'A'
		}
	}
	return n
}

func (n *needle) empty() bool { return len(n.lower) == 0 }

// in reports whether the text occurs in b.
func (n *needle) in(b []byte) bool {
	if !n.ascii {
		return bytes.Contains(bytes.ToLower(b), n.lower)
	}
	lower := bytes.IndexByte(b, n.first[0])
	upper := lower
	if n.first[0] != n.first[1] {
		upper = bytes.IndexByte(b, n.first[1])
	}
	for lower >= 0 || upper >= 0 {
		at := &lower
		if lower < 0 || upper >= 0 && upper < lower {
			at = &upper
		}
		i := *at
		if len(b)-i < len(n.lower) {
			return false
		}
		if n.at(b[i:]) {
			return true
		}
		first := b[i]
		next := bytes.IndexByte(b[i+1:], first)
		if next >= 0 {
			next += i + 1
		}
		if lower == upper {
			lower, upper = next, next
		} else {
			*at = next
		}
	}
	return false
}

// at reports whether b, which is long enough, begins with the text.
func (n *needle) at(b []byte) bool {
	for i, want := range n.lower {
		got := b[i]
		if 'A' <= got && got <= 'Z' {
			got += 'a' - 'A'
		}
		if got != want {
			return false
		}
	}
	return true
}

// fitsText decides what an event's names can decide, then looks for the
// query's text in them and in the body. It returns how many bytes it has read.
func (sc *scan) fitsText(t *txn, id webhook.ID) (fits bool, read int, err error) {
	payload, err := t.eventRecord(id)
	if err != nil {
		return false, 0, err
	}
	names, err := readNames(payload)
	if err != nil {
		return false, 0, damaged(id, err)
	}
	switch {
	case !bytes.HasPrefix(names.eventType, []byte(sc.typePrefix)):
		return false, len(payload), nil
	case sc.text.empty():
		return true, len(payload), nil
	}
	if sc.text.in(names.eventType) || sc.text.in(names.webhookID) || sc.text.in(names.path) {
		return true, len(payload), nil
	}
	body := t.record(recordKey(id, kindBody))
	return sc.text.in(body), len(payload) + len(body), nil
}
