package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/taskee"
)

// App is the OAuth app whose webhooks are sent: its settings, as under
// "Advanced Settings".
type App struct {
	ID        string `json:"id"`
	VersionID string `json:"versionId"`
	// DefaultURL gets every event that names no URL of its own; INSTALL and
	// UNINSTALL always. "": what Options.Target gives.
	DefaultURL string `json:"defaultUrl,omitempty"`
	// Events has what differs from the default: each event is on.
	Events map[string]AppEvent `json:"events,omitempty"`
	// Scopes are those that were selected; nil: all.
	Scopes []string `json:"scopes,omitempty"`
}

// AppEvent is the setting of one event type, by its type on the wire.
type AppEvent struct {
	Off bool   `json:"off,omitempty"`
	URL string `json:"url,omitempty"`
}

// State is what became of a webhook.
type State string

// The states of a webhook.
const (
	StatePending   State = "pending"   // to be sent, or to be sent again
	StateDelivered State = "delivered" // answered 2xx
	StateFailed    State = "failed"    // final: another answer, or the last 429
	StateUnsent    State = "unsent"    // the app's settings do not let it be sent
)

// Cause is the API request that an event came of.
type Cause struct {
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`
	Token  string `json:"token,omitempty"` // its name
}

// Hook is one webhook with all its attempts.
type Hook struct {
	Number    uint64      `json:"number"`
	WebhookID string      `json:"webhookId"`
	Type      string      `json:"type"`
	CreatedAt time.Time   `json:"createdAt"`
	State     State       `json:"state"`
	Reason    string      `json:"reason,omitempty"` // why it was not sent
	Cause     Cause       `json:"cause,omitzero"`
	Body      []byte      `json:"body"` // the exact bytes
	Header    http.Header `json:"header,omitempty"`
	Attempts  []Try       `json:"attempts"`
	NextRetry time.Time   `json:"nextRetry,omitzero"`
	Seed      uint64      `json:"seed"`            // of its schedule
	Fault     string      `json:"fault,omitempty"` // what a fault did to it
}

// Try is one attempt to deliver a webhook.
type Try struct {
	At         time.Time `json:"at"`
	URL        string    `json:"url"`
	Status     int       `json:"status"` // 408: past the time limit; 0: no connection
	Error      string    `json:"error,omitempty"`
	DurationMS float64   `json:"durationMs"`
	Answer     string    `json:"answer,omitempty"` // the beginning of its body
}

// emit records that an event happened, in the transaction in which it did.
func (c *call) emit(t *txn, eventType string, contact Contact) error {
	m, err := t.meta()
	if err != nil {
		return err
	}
	fields := contactFields(contact)
	cause := Cause{Method: c.r.Method, Path: c.r.URL.Path, Token: c.token.Name}
	return c.s.record(t, m.App, eventType, contact.LocationID, fields, cause)
}

// contactFields are a contact as events carry it: the family's order and names.
func contactFields(c Contact) []byte {
	var shown map[string]json.RawMessage
	_ = json.Unmarshal(c.shown(), &shown)
	if name := c.name(); name != "" {
		shown["name"] = mustJSON(name)
	}
	delete(shown, "locationId")
	delete(shown, "dateUpdated")
	order := []string{"id", "address1", "city", "state", "companyName", "country", "source", "dateAdded", "dateOfBirth", "dnd", "email",
		"name", "firstName", "lastName", "phone", "postalCode", "tags", "website", "businessId", "assignedTo", "customFields"}
	out := object{}
	for _, name := range order {
		if raw, has := shown[name]; has {
			out = append(out, member{name, raw})
		}
	}
	return mustJSON(out)
}

// record makes a webhook of an event: its body, and when it is due.
func (s *Sandbox) record(t *txn, app App, eventType, location string, fields []byte, cause Cause) error {
	now := s.Now()
	n, err := t.in(bucketHooks).NextSequence()
	if err != nil {
		return err
	}
	h := Hook{
		Number: n, WebhookID: taskee.NewWebhookID(), Type: eventType, CreatedAt: now, State: StatePending, Cause: cause,
		Seed: s.opts.Seed + n, Attempts: []Try{},
	}
	fields, h.Fault = s.faults.dropFields(fields, n)
	e := taskee.Envelope{Type: eventType, WebhookID: h.WebhookID, SentAt: now, LocationID: location}
	from := taskee.Sender{AppID: app.ID, VersionID: app.VersionID}
	if h.Body, err = jsjson.Stringify(e.Body(s.opts.Shape, from, fields)); err != nil {
		return err
	}
	if why := app.unsent(eventType); why != "" {
		h.State, h.Reason = StateUnsent, why
	} else {
		h.NextRetry = now
	}
	return t.putHook(h, nil)
}

// unsent says why the app's settings keep an event from being sent, "" if they
// do not.
func (a App) unsent(eventType string) string {
	if a.Events[eventType].Off {
		return "the event is toggled off in the app's settings"
	}
	t, known := taskee.LookUp(eventType)
	if !known || a.Scopes == nil || t.Scope() == "" {
		return ""
	}
	for _, s := range a.Scopes {
		if s == t.Scope() || strings.TrimSuffix(s, ".write") == strings.TrimSuffix(t.Scope(), ".readonly") {
			return ""
		}
	}
	return "the app has not selected the scope " + t.Scope()
}

// url is where an event goes, "" if nowhere.
func (a App) url(eventType string, target func() string) string {
	lifecycle := eventType == "INSTALL" || eventType == "UNINSTALL"
	if own := a.Events[eventType].URL; own != "" && !lifecycle {
		return own
	}
	if a.DefaultURL != "" || target == nil {
		return a.DefaultURL
	}
	return target()
}

// putHook writes a webhook; before is what is there, nil: nothing.
func (t *txn) putHook(h Hook, before *Hook) error {
	if before != nil && !before.NextRetry.IsZero() {
		if err := t.in(bucketDue).Delete(dueKey(*before)); err != nil {
			return err
		}
	}
	if !h.NextRetry.IsZero() {
		if err := t.in(bucketDue).Put(dueKey(h), nil); err != nil {
			return err
		}
	}
	if before == nil {
		if err := t.in(bucketHookIDs).Put([]byte(h.WebhookID), number(h.Number)); err != nil {
			return err
		}
	}
	t.hooks = append(t.hooks, hookState{h.Number, h.State})
	return t.put(bucketHooks, number(h.Number), h)
}

func dueKey(h Hook) []byte { return append([]byte(stamp(ms(h.NextRetry))), number(h.Number)...) }

// ErrNoType is returned for an event that the catalogue does not have.
var ErrNoType = errors.New("there is no such event")

// Trigger sends any event of the catalogue, with data from the sandbox's state
// where it has some.
func (s *Sandbox) Trigger(ctx context.Context, eventType string) (string, error) {
	kind, ok := taskee.LookUp(eventType)
	if !ok {
		return "", fmt.Errorf("%w: %q", ErrNoType, eventType)
	}
	start, err := s.StartLocation()
	if err != nil {
		return "", err
	}
	newest, _ := s.contacts.page(start, "", cursor{}, 1)
	id := ""
	err = s.update(ctx, func(t *txn) error {
		m, err := t.meta()
		if err != nil {
			return err
		}
		fields, err := s.sampleFields(t, kind, newest)
		if err != nil {
			return err
		}
		if err := s.record(t, m.App, kind.WireType, m.Start, fields, Cause{}); err != nil {
			return err
		}
		h, err := t.hook(t.in(bucketHooks).Sequence())
		id = h.WebhookID
		return err
	})
	if err == nil {
		s.alarm()
	}
	return id, err
}

// sampleFields are an event's own fields: those of a contact there is for
// events of contacts, else the catalogue's with that contact's ID.
func (s *Sandbox) sampleFields(t *txn, kind taskee.EventType, newest []place) ([]byte, error) {
	sample := kind.Sample(taskee.Sample{At: s.Now(), Shape: taskee.ShapeNested})
	data, ok := jsjson.Find(sample, "data")
	if !ok {
		return nil, fmt.Errorf("the catalogue's %s has no data", kind.Name)
	}
	var contact *Contact
	if len(newest) > 0 {
		if one, err := t.contact(newest[0].id); err == nil {
			contact = &one
		}
	}
	if kind.Category == "Contact" && contact != nil {
		return contactFields(*contact), nil
	}
	out := object{}
	for name, value := range jsjson.Members(data) {
		var text string
		if json.Unmarshal(name, &text) != nil {
			text = string(name)
		}
		switch {
		case text == "locationId":
			continue
		case text == "contactId" && contact != nil:
			value = mustJSON(contact.ID)
		}
		out = append(out, member{text, json.RawMessage(value)})
	}
	return mustJSON(out), nil
}

// validate refuses events that there are not, and URLs that nothing can be sent
// to.
func (a App) validate() error {
	links := []string{a.DefaultURL}
	for name, e := range a.Events {
		if _, ok := taskee.LookUp(name); !ok {
			return fmt.Errorf("%w: %q", ErrNoType, name)
		}
		links = append(links, e.URL)
	}
	for _, link := range links {
		u, err := url.Parse(link)
		if link != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			return fmt.Errorf("%q is no http or https URL", link)
		}
	}
	return nil
}

// SetApp changes the app's settings.
func (s *Sandbox) SetApp(ctx context.Context, do func(a *App) error) (App, error) {
	var after App
	err := s.change(ctx, func(m *meta) error {
		if err := do(&m.App); err != nil {
			return err
		}
		after = m.App
		return nil
	})
	return after, err
}

// App returns the app's settings.
func (s *Sandbox) App() (App, error) {
	m, err := s.meta()
	return m.App, err
}
