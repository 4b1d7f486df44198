package store

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"time"

	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/webhook"
)

// row is what lists and filters need of an event, in a fixed layout: to scan
// 100,000 of them reads 13 MB and decodes nothing.
type row struct {
	verdict    uint8 // index in verdicts
	by         uint8 // index in answerers
	decision   uint8 // index in decisions
	status     uint16
	last       uint16 // status of the last attempt
	flags      flags
	try        uint32
	attempts   uint32
	deliveries uint32 // the highest delivery of an attempt
	share      uint32 // how many events share this one's outcome, itself included
	received   int64  // Unix nanoseconds, as all times; 0: none
	retry      int64
	answered   int64
	took       int64 // the last attempt, in nanoseconds
	bodySize   int64
	typeHash   uint64
	hookHash   uint64 // of the webhookId, 0 if there is none
	earlier    webhook.ID
	later      webhook.ID
	stored     uint64 // bytes this event takes
	bodySum    uint32 // CRC-32C of the body
}

// rowSize is the length of a row with its checksum.
const rowSize = 128

type flags uint32

const (
	flagResent flags = 1 << iota
	flagSimulated
	flagSlow
	flagUnsuccessful
	flagLastError
	flagMarked
	flagNoBody
	flagAltered
	flagSenderGone
	flagInterrupted
	flagDeliveredLater
	flagSuperseded // answered 429 and came again: shares the outcome of later
	flagOverdue    // its retry is overdue and it has left bucketRetries
	flagUntrusted  // kept by a quota of its own, see untrusted
	flagBrokenOff
	flagShielded
	flagFaulted
	flagDuplicate
	flagPossiblyDeleted // brought back from a damaged file that does not say whether it had been deleted
	flagRowLost         // brought back without its row: the body could not be checked
)

func (f flags) has(one flags) bool { return f&one != 0 }

func (f *flags) set(one flags, on bool) {
	if *f &^= one; on {
		*f |= one
	}
}

// The values of a row's bytes; the order is that of the file.
var (
	verdicts  = [...]webhook.VerdictStatus{"", webhook.Valid, webhook.Invalid, webhook.Unsigned, webhook.Unchecked, webhook.Skipped}
	answerers = [...]webhook.AnsweredBy{"", webhook.ByApp, webhook.ByTaskhook}
	decisions = append([]webhook.Decision{webhook.DecisionNone}, webhook.Decisions[:]...)
)

func indexOf[T comparable](all []T, v T) uint8 {
	for i, one := range all {
		if one == v {
			return uint8(i)
		}
	}
	return 0
}

// nanos is a time as rows store it, clamped to the years 1678 to 2262.
func nanos(t time.Time) int64 {
	switch {
	case t.IsZero():
		return 0
	case t.Year() < 1678:
		return math.MinInt64
	case t.Year() > 2261:
		return math.MaxInt64
	}
	return t.UnixNano()
}

func fromNanos(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

func clampStatus(n int) uint16 { return uint16(min(max(n, 0), math.MaxUint16)) }

// hash stands for a text in rows: 64 bits of SHA-256, never 0 but for "".
func hash(text string) uint64 {
	if text == "" {
		return 0
	}
	h := sha256.Sum256([]byte(text))
	return max(1, binary.BigEndian.Uint64(h[:]))
}

func (r *row) encode(key []byte) []byte {
	b := make([]byte, 0, rowSize)
	be := binary.BigEndian
	b = append(b, r.verdict, r.by)
	b = be.AppendUint16(b, r.status)
	b = be.AppendUint16(b, r.last)
	b = append(b, r.decision, 0)
	for _, v := range [...]uint32{uint32(r.flags), r.try, r.attempts, r.deliveries, r.share} {
		b = be.AppendUint32(b, v)
	}
	for _, v := range [...]int64{r.received, r.retry, r.answered, r.took, r.bodySize} {
		b = be.AppendUint64(b, uint64(v))
	}
	for _, v := range [...]uint64{r.typeHash, r.hookHash, uint64(r.earlier), uint64(r.later), r.stored} {
		b = be.AppendUint64(b, v)
	}
	b = be.AppendUint32(b, r.bodySum)
	b = b[:rowSize-boltfile.SumSize]
	return be.AppendUint32(b, boltfile.Checksum(key, b))
}

func (r *row) decode(key, b []byte) error {
	if len(b) != rowSize {
		return errShape
	}
	be := binary.BigEndian
	if be.Uint32(b[rowSize-boltfile.SumSize:]) != boltfile.Checksum(key, b[:rowSize-boltfile.SumSize]) {
		return boltfile.ErrChecksum
	}
	if int(b[0]) >= len(verdicts) || int(b[1]) >= len(answerers) || int(b[6]) >= len(decisions) {
		return errShape
	}
	*r = row{
		verdict: b[0], by: b[1], status: be.Uint16(b[2:]), last: be.Uint16(b[4:]), decision: b[6],
		flags: flags(be.Uint32(b[8:])), try: be.Uint32(b[12:]), attempts: be.Uint32(b[16:]),
		deliveries: be.Uint32(b[20:]), share: be.Uint32(b[24:]),
		received: int64(be.Uint64(b[28:])), retry: int64(be.Uint64(b[36:])), answered: int64(be.Uint64(b[44:])),
		took: int64(be.Uint64(b[52:])), bodySize: int64(be.Uint64(b[60:])),
		typeHash: be.Uint64(b[68:]), hookHash: be.Uint64(b[76:]),
		earlier: webhook.ID(be.Uint64(b[84:])), later: webhook.ID(be.Uint64(b[92:])),
		stored: be.Uint64(b[100:]), bodySum: be.Uint32(b[108:]),
	}
	return nil
}

// answer is the answer without its reason.
func (r *row) answer() webhook.Answer {
	return webhook.Answer{
		Status: int(r.status), By: answerers[r.by], SenderGone: r.flags.has(flagSenderGone), BrokenOff: r.flags.has(flagBrokenOff),
		Shielded: r.flags.has(flagShielded),
		At:       fromNanos(r.answered), RetryAt: fromNanos(r.retry),
	}
}

func (r *row) setAnswer(a webhook.Answer) {
	r.status, r.by = clampStatus(a.Status), indexOf(answerers[:], a.By)
	r.flags.set(flagSenderGone, a.SenderGone)
	r.flags.set(flagBrokenOff, a.BrokenOff)
	r.flags.set(flagShielded, a.Shielded)
	r.answered, r.retry = nanos(a.At), nanos(a.RetryAt)
}

// outcome is the row's own outcome, without the answer's reason.
func (r *row) outcome() webhook.Outcome {
	return webhook.Outcome{
		Answer:         r.answer(),
		Decision:       decisions[r.decision],
		Interrupted:    r.flags.has(flagInterrupted),
		DeliveredLater: r.flags.has(flagDeliveredLater),
	}
}

// apply notes an attempt.
func (r *row) apply(a *webhook.Attempt) {
	r.attempts++
	r.deliveries = max(r.deliveries, uint32(a.Delivery))
	// A made-up answer of a simulation says nothing about the app; that of a
	// fault is what the sender got.
	if a.Trigger != webhook.TriggerSimulation || !a.Uncalled() {
		r.last, r.took = clampStatus(a.StatusCode), int64(a.Duration)
		r.flags.set(flagLastError, a.Error != "")
		r.flags.set(flagSlow, a.Slow)
		r.flags.set(flagUnsuccessful, a.Unsuccessful)
	}
	if a.Trigger == webhook.TriggerResend {
		r.flags |= flagResent
	}
	if a.Trigger == webhook.TriggerSimulation {
		r.flags |= flagSimulated
	}
	if a.Fault != "" {
		r.flags |= flagFaulted
	}
}
