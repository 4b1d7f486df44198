package store

import (
	"encoding/binary"
	"time"

	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/webhook"
)

// newEventRecord is what an event's record holds: everything that neither its
// row nor the body bucket has. Headers come last, lists do not read them.
func newEventRecord(e *webhook.Event) []byte {
	n := 200 + len(e.Path) + len(e.RawQuery)
	for name, values := range e.Header {
		n += len(name) + 2
		for _, v := range values {
			n += len(v) + 2
		}
	}
	w := newWriter(n)
	w.text(e.Type)
	w.text(e.WebhookID)
	w.text(e.Path)
	w.text(e.RawQuery)
	w.text(e.Method)
	w.text(e.Host)
	w.text(e.RemoteAddr)
	w.text(string(e.Source))
	w.time(e.SentAt)
	w.time(e.ReceivedAt)
	v := e.Verdict
	w.text(string(v.Status))
	w.text(v.Scheme)
	w.text(v.Header)
	w.text(v.Key)
	w.text(v.Reason)
	w.text(v.Next)
	w.int(int64(v.Age))
	w.header(e.Header)
	return w.b
}

// readEvent reads an event's record into e, without headers unless asked to.
func readEvent(payload []byte, e *webhook.Event, headers bool) error {
	r := reader{b: payload}
	e.Type = r.text()
	e.WebhookID = r.text()
	e.Path = r.text()
	e.RawQuery = r.text()
	e.Method = r.text()
	e.Host = r.text()
	e.RemoteAddr = r.text()
	e.Source = webhook.Source(r.text())
	e.SentAt = r.time()
	e.ReceivedAt = r.time()
	e.Verdict = webhook.Verdict{
		Status: webhook.VerdictStatus(r.text()),
		Scheme: r.text(), Header: r.text(), Key: r.text(), Reason: r.text(), Next: r.text(),
		Age: time.Duration(r.int()),
	}
	if !headers {
		return r.err
	}
	e.Header = r.header()
	return r.end()
}

// attemptRecords are the records of one attempt, sealed once its key is known.
type attemptRecords struct {
	attempt, reply, sent []byte // reply and sent: nil when there is nothing to keep
}

// deliverySize is the length of the delivery at the front of an attempt's
// record, where it is put once it is known.
const deliverySize = 4

func newAttemptRecords(a *webhook.Attempt) attemptRecords {
	w := newWriter(300)
	w.b = append(w.b, make([]byte, deliverySize)...)
	w.int(int64(a.Number))
	w.text(string(a.Trigger))
	w.text(a.Target)
	w.time(a.StartedAt)
	w.int(int64(a.Duration))
	w.int(int64(a.StatusCode))
	w.int(a.BodySize)
	w.text(a.Error)
	w.bool(a.Simulated)
	w.int(int64(a.Answered))
	w.bool(a.Slow)
	w.bool(a.Unsuccessful)
	w.text(a.Hint)
	w.bool(a.Body != nil)
	w.bool(a.Sent != nil)
	w.header(a.Header)
	w.int(int64(a.AppStatus))
	w.time(a.VirtualTime)
	w.time(a.RetryAt)
	w.text(a.Policy)
	w.text(a.Fault)
	w.int(int64(a.Sends))
	out := attemptRecords{attempt: w.b}
	if len(a.Body) > 0 {
		out.reply = append(make([]byte, boltfile.SumSize, boltfile.SumSize+len(a.Body)), a.Body...)
	}
	if s := a.Sent; s != nil {
		w := newWriter(200 + len(s.Body))
		w.text(s.Method)
		w.text(s.Path)
		w.text(s.RawQuery)
		w.bool(s.Body != nil)
		w.bytes(s.Body)
		w.header(s.Header)
		out.sent = w.b
	}
	return out
}

func (a *attemptRecords) size() int { return len(a.attempt) + len(a.reply) + len(a.sent) }

// setDelivery puts the delivery into the record.
func (a *attemptRecords) setDelivery(n int) {
	binary.BigEndian.PutUint32(a.attempt[boltfile.SumSize:], uint32(n))
}

// readAttempt reads an attempt's record into a, and reports what else is kept
// of it.
func readAttempt(payload []byte, a *webhook.Attempt) (reply, sent bool, err error) {
	if len(payload) < deliverySize {
		return false, false, errShape
	}
	a.Delivery = int(binary.BigEndian.Uint32(payload))
	r := reader{b: payload[deliverySize:]}
	a.Number = int(r.int())
	a.Trigger = webhook.Trigger(r.text())
	a.Target = r.text()
	a.StartedAt = r.time()
	a.Duration = time.Duration(r.int())
	a.StatusCode = int(r.int())
	a.BodySize = r.int()
	a.Error = r.text()
	a.Simulated = r.bool()
	a.Answered = int(r.int())
	a.Slow = r.bool()
	a.Unsuccessful = r.bool()
	a.Hint = r.text()
	reply = r.bool()
	sent = r.bool()
	a.Header = r.header()
	if len(r.b) == 0 {
		return reply, sent, r.end() // of a version that knew no simulations
	}
	a.AppStatus = int(r.int())
	a.VirtualTime = r.time()
	a.RetryAt = r.time()
	a.Policy = r.text()
	a.Fault = r.text()
	if len(r.b) == 0 {
		return reply, sent, r.end() // of a version that did not say how many sends there would be
	}
	a.Sends = int(r.int())
	return reply, sent, r.end()
}

func readSent(payload []byte) (*webhook.Request, error) {
	r := reader{b: payload}
	s := &webhook.Request{Method: r.text(), Path: r.text(), RawQuery: r.text()}
	has := r.bool()
	body := r.view()
	if has {
		s.Body = append([]byte{}, body...)
	}
	s.Header = r.header()
	return s, r.end()
}
