package store

import (
	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/webhook"
)

// parsed is an entry of a file that may be damaged; its checksum fits, if it
// has one.
type parsed struct {
	kind   kind // 0: it is none of these
	id     webhook.ID
	seq    uint64
	row    row
	counts counters
}

// kindCounters is the kind of the counters, which are not in bucketEvents.
const kindCounters kind = 0xF0

// parseEntry says what an entry is. A body, which has its checksum in its row,
// is taken for one by its key alone.
func parseEntry(key, value []byte) parsed {
	p := parsed{}
	switch len(key) {
	case len(countersKey):
		if b, err := boltfile.Unseal(key, value); err == nil && string(key) == string(countersKey) {
			if p.counts, err = decodeCounters(b); err == nil {
				p.kind = kindCounters
			}
		}
	case recordSize:
		k := kind(key[idSize])
		known := k == kindBody || (k == kindEvent || k == kindReason) && isSealed(key, value)
		if id := firstOf(key); id != 0 && known {
			p.kind, p.id = k, webhook.ID(id)
		}
	case numberedSize:
		return parseNumbered(key, value)
	}
	return p
}

// parseNumbered says what an entry with a number in its key is.
func parseNumbered(key, value []byte) (p parsed) {
	k, id, n := kind(key[idSize]), webhook.ID(firstOf(key)), numberOf(key)
	switch {
	case id == 0 && k == kindRow && n != 0:
		if p.row.decode(key, value) == nil {
			p.kind, p.id = k, webhook.ID(n)
		}
	case id != 0 && (k == kindAttempt || k == kindReply || k == kindSent) && isSealed(key, value):
		p.kind, p.id, p.seq = k, id, n
	}
	return p
}

func isSealed(key, record []byte) bool {
	_, err := boltfile.Unseal(key, record)
	return err == nil
}
