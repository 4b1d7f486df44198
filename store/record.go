package store

import (
	"encoding/binary"

	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/webhook"
)

// event is an event's record but for the headers: everything that neither its
// row nor the body bucket has.
func (c *codec) event(e *webhook.Event) {
	text(c, &e.Type)
	text(c, &e.WebhookID)
	text(c, &e.Path)
	text(c, &e.RawQuery)
	text(c, &e.Method)
	text(c, &e.Host)
	text(c, &e.RemoteAddr)
	text(c, &e.Source)
	c.time(&e.SentAt)
	c.time(&e.ReceivedAt)
	v := &e.Verdict
	text(c, &v.Status)
	text(c, &v.Scheme)
	text(c, &v.Header)
	text(c, &v.Key)
	text(c, &v.Reason)
	text(c, &v.Next)
	number(c, &v.Age)
}

// newEventRecord writes an event's record. Lists read nothing from the headers
// on.
func newEventRecord(e *webhook.Event) []byte {
	n := 200 + len(e.Path) + len(e.RawQuery)
	for name, values := range e.Header {
		n += len(name) + 2
		for _, v := range values {
			n += len(v) + 2
		}
	}
	c := newWriter(n)
	c.event(e)
	c.header(&e.Header)
	c.eventExtras(e)
	return c.b
}

// readEvent reads an event's record into e, without headers unless asked to.
func readEvent(payload []byte, e *webhook.Event, headers bool) error {
	c := newReader(payload)
	if c.event(e); !headers {
		return c.err
	}
	c.header(&e.Header)
	c.eventExtras(e)
	return c.end()
}

// attemptRecords are the records of one attempt, sealed once its key is known.
type attemptRecords struct {
	attempt, reply, sent []byte // reply and sent: nil when there is nothing to keep
}

// deliverySize is the length of the delivery at the front of an attempt's
// record, where it is put once it is known.
const deliverySize = 4

// attempt is an attempt's record but for the delivery; reply and sent are
// whether it has these records too.
func (c *codec) attempt(a *webhook.Attempt, reply, sent *bool) {
	number(c, &a.Number)
	text(c, &a.Trigger)
	text(c, &a.Target)
	c.time(&a.StartedAt)
	number(c, &a.Duration)
	number(c, &a.StatusCode)
	number(c, &a.BodySize)
	text(c, &a.Error)
	c.bool(&a.Simulated)
	number(c, &a.Answered)
	c.bool(&a.Slow)
	c.bool(&a.Unsuccessful)
	text(c, &a.Hint)
	c.bool(reply)
	c.bool(sent)
	c.header(&a.Header)
	if c.reads && len(c.b) == 0 {
		return // of a version that knew no simulations
	}
	number(c, &a.AppStatus)
	c.time(&a.VirtualTime)
	c.time(&a.RetryAt)
	text(c, &a.Policy)
	text(c, &a.Fault)
	if c.reads && len(c.b) == 0 {
		return // of a version that did not say how many sends there would be
	}
	number(c, &a.Sends)
	c.attemptExtras(a)
}

// request is the record of what was sent.
func (c *codec) request(r *webhook.Request) {
	text(c, &r.Method)
	text(c, &r.Path)
	text(c, &r.RawQuery)
	body, has := r.Body, r.Body != nil
	c.bool(&has)
	text(c, &body)
	if c.reads && has {
		r.Body = append([]byte{}, body...)
	}
	c.header(&r.Header)
}

func newAttemptRecords(a *webhook.Attempt) attemptRecords {
	c := newWriter(300)
	c.b = append(c.b, make([]byte, deliverySize)...)
	reply, sent := a.Body != nil, a.Sent != nil
	c.attempt(a, &reply, &sent)
	out := attemptRecords{attempt: c.b}
	if len(a.Body) > 0 {
		out.reply = append(make([]byte, boltfile.SumSize, boltfile.SumSize+len(a.Body)), a.Body...)
	}
	if sent {
		c := newWriter(200 + len(a.Sent.Body))
		c.request(a.Sent)
		out.sent = c.b
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
	c := newReader(payload[deliverySize:])
	c.attempt(a, &reply, &sent)
	return reply, sent, c.end()
}

func readSent(payload []byte) (*webhook.Request, error) {
	var r webhook.Request
	c := newReader(payload)
	c.request(&r)
	return &r, c.end()
}
