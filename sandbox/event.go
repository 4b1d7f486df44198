package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/taskee"
)

// ErrNoType is returned for an event that the catalogue does not have.
var ErrNoType = errors.New("there is no such event")

// emit records that an event happened, in the transaction in which it did.
func (c *call) emit(t *txn, eventType string, contact Contact) {
	cause := Cause{Method: c.r.Method, Path: c.r.URL.Path, Token: c.token.Name}
	c.s.record(t, t.meta().App, eventType, contact.LocationID, contactFields(contact), cause)
}

// eventFields are the fields of a contact that events carry, in the family's
// order.
var eventFields = []string{
	"id", "address1", "city", "state", "companyName", "country", "source", "dateAdded", "dateOfBirth", "dnd", "email",
	"name", "firstName", "lastName", "phone", "postalCode", "tags", "website", "businessId", "assignedTo", "customFields",
}

// contactFields are a contact as events carry it.
func contactFields(c Contact) []byte {
	values := map[string]any{}
	for _, m := range c.object() {
		values[m.name] = m.value
	}
	if name := c.name(); name != "" {
		values["name"] = name
	}
	out := object{}
	for _, name := range eventFields {
		if value, has := values[name]; has {
			out = append(out, member{name, value})
		}
	}
	return mustJSON(out)
}

// record makes a webhook of an event, due now if the app's settings let it be
// sent. fields are the event's own, a JSON object.
func (s *Sandbox) record(t *txn, app App, eventType, location string, fields []byte, cause Cause) Delivery {
	now := s.Now()
	n, err := t.in(bucketDeliveries).NextSequence()
	t.fail(err)
	d := Delivery{
		Number: n, WebhookID: taskee.NewWebhookID(), Type: eventType, CreatedAt: now, State: StateRetrying, NextRetry: now,
		Cause: cause, Seed: s.opts.Seed + n, Attempts: []Attempt{},
	}
	if d.Reason = app.unsent(eventType); d.Reason != "" {
		d.State, d.NextRetry = StateUnsent, time.Time{}
	}
	fields, d.Fault = s.faults.dropFields(fields, n)
	e := taskee.Fields{Type: eventType, WebhookID: d.WebhookID, SentAt: now, LocationID: location}
	from := taskee.Sender{AppID: app.ID, VersionID: app.VersionID}
	// As JSON.stringify writes it: apps that verify a parsed body count on it.
	d.Body, err = jsjson.Stringify(e.Body(s.opts.Shape, from, fields))
	t.fail(err)
	t.putDelivery(d, nil)
	return d
}

// Trigger sends any event of the catalogue, with data from the sandbox where it
// has some, and returns its webhookId. The error is ErrNoType for an event that
// the catalogue does not have.
func (s *Sandbox) Trigger(ctx context.Context, eventType string) (webhookID string, err error) {
	kind, ok := taskee.LookUp(eventType)
	if !ok {
		return "", fmt.Errorf("%w: %q", ErrNoType, eventType)
	}
	var d Delivery
	err = s.update(ctx, func(t *txn) error {
		m := t.meta()
		d = s.record(t, m.App, kind.WireType, m.Start, s.sampleFields(t, kind, m.Start), Cause{})
		return nil
	})
	if err != nil {
		return "", err
	}
	s.wakeUp()
	return d.WebhookID, nil
}

// sampleFields are an event's own fields: those of the newest contact for an
// event of contacts, else the catalogue's with that contact's ID.
func (s *Sandbox) sampleFields(t *txn, kind taskee.EventType, location string) []byte {
	contact, err := t.newest(location)
	known := err == nil
	if known && kind.Category == "Contact" {
		return contactFields(contact)
	}
	data, ok := jsjson.Find(kind.Sample(taskee.Sample{At: s.Now(), Shape: taskee.ShapeNested}), "data")
	if !ok {
		t.fail(fmt.Errorf("the catalogue's %s has no data", kind.Name))
	}
	out := object{}
	for name, value := range jsjson.Members(data) {
		switch string(name) {
		case "locationId":
			continue
		case "contactId":
			if known {
				value = mustJSON(contact.ID)
			}
		}
		out = append(out, member{string(name), json.RawMessage(value)})
	}
	return mustJSON(out)
}
