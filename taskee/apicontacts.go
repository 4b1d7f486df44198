package taskee

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
)

// The paths of the API.
const (
	contactsPath = "/contacts/"
	upsertPath   = "/contacts/upsert"
	businessPath = "/contacts/business/"
)

// Contact reads one contact: "Get Contact" of the document, scope
// contacts.readonly.
//
// An ID that is unknown or deleted is an [*APIError] of status 400; an empty
// one is [ErrBadID].
func (c *Client) Contact(ctx context.Context, id string) (Contact, error) {
	got, _, err := c.contact(ctx, requestFor(http.MethodGet, contactsPath, id))
	return got, err
}

// UpdateContact changes the fields that in has and leaves the others as they
// are: "Update Contact", scope contacts.write. Tags replace all tags. The answer
// need not have every field of the contact.
//
// Invalid fields are an [*APIError] of status 422 with a message for each; an
// unknown ID is one of 400.
func (c *Client) UpdateContact(ctx context.Context, id string, in ContactInput) (Contact, error) {
	got, _, err := c.write(ctx, requestFor(http.MethodPut, contactsPath, id), in)
	return got, err
}

// DeleteContact deletes a contact for good: "Delete Contact", scope
// contacts.write. An ID that is unknown or deleted is an [*APIError] of status
// 400.
func (c *Client) DeleteContact(ctx context.Context, id string) error {
	var got struct {
		Succeeded *bool `json:"succeeded"`
		Misspelt  *bool `json:"succeded"` //nolint:misspell // as the family's API spells it
	}
	r := requestFor(http.MethodDelete, contactsPath, id)
	if err := c.call(ctx, r, &got); err != nil {
		return err
	}
	for _, b := range []*bool{got.Succeeded, got.Misspelt} {
		if b != nil && !*b {
			return fmt.Errorf("%s %s: the API says that the contact was not deleted", r.method, r.path)
		}
	}
	return nil
}

// CreateContact makes a contact in in.LocationID: "Create Contact", scope
// contacts.write. A duplicate, where the location does not allow them, is an
// [*APIError] of status 400; invalid fields are one of 422 with a message for
// each.
//
// Like every call that writes, it is retried only after 429, which the platform
// answers before it executes anything. After any other failure, such as a
// timeout, it may have been executed.
func (c *Client) CreateContact(ctx context.Context, in ContactInput) (Contact, error) {
	got, _, err := c.write(ctx, request{method: http.MethodPost, path: contactsPath}, in)
	return got, err
}

// UpsertContact updates the contact of in.LocationID that has the same e-mail
// or phone, or creates one: "Upsert Contact", scope contacts.write. Which of
// the two fields counts, and which first, is a setting of the location. isNew
// reports whether it was created.
func (c *Client) UpsertContact(ctx context.Context, in ContactInput) (contact Contact, isNew bool, err error) {
	return c.write(ctx, request{method: http.MethodPost, path: upsertPath}, in)
}

// Contacts reads one page of a location's contacts: "Get Contacts", scope
// contacts.readonly. Without a location it is an [*APIError] of status 400.
func (c *Client) Contacts(ctx context.Context, q ContactQuery) (Page, error) {
	v := url.Values{}
	v.Set("locationId", q.LocationID)
	set(v, "limit", q.Limit)
	if q.Query != "" {
		v.Set("query", q.Query)
	}
	if q.After.ID != "" {
		v.Set("startAfterId", q.After.ID)
	}
	if !q.After.Time.IsZero() {
		v.Set("startAfter", strconv.FormatInt(q.After.Time.UnixMilli(), 10))
	}
	return c.page(ctx, request{method: http.MethodGet, path: contactsPath, query: v})
}

// All yields every contact that q selects after q.After, page by page; with a
// limit of 0, [MaxPageSize] at a time. It ends with the first error, which comes
// with a zero Contact: that of [Client.Contacts], or [ErrCursor]. It may be used
// more than once and starts again each time.
func (c *Client) All(ctx context.Context, q ContactQuery) iter.Seq2[Contact, error] {
	if q.Limit == 0 {
		q.Limit = MaxPageSize
	}
	return func(yield func(Contact, error) bool) {
		q := q
		for {
			page, err := c.Contacts(ctx, q)
			if err != nil {
				yield(Contact{}, err)
				return
			}
			if !yieldAll(page.Contacts, yield) || len(page.Contacts) == 0 || page.Next.IsZero() {
				return
			}
			if page.Next.equal(q.After) {
				yield(Contact{}, fmt.Errorf("read contacts after %q: %w", q.After.ID, ErrCursor))
				return
			}
			q.After = page.Next
		}
	}
}

// BusinessContacts reads at most limit contacts of a business after the first
// skip: "Get Contacts By BusinessId", scope contacts.readonly. A limit of 0
// means [DefaultPageSize]. The page has no cursor.
func (c *Client) BusinessContacts(ctx context.Context, businessID string, limit, skip int) (Page, error) {
	r := requestFor(http.MethodGet, businessPath, businessID)
	r.query = url.Values{}
	set(r.query, "limit", limit)
	set(r.query, "skip", skip)
	return c.page(ctx, r)
}

// AllOfBusiness yields every contact of a business after the first skip, limit
// at a time as [Client.All] does. Contacts that are added or deleted meanwhile
// shift the others, as this endpoint has no cursor.
func (c *Client) AllOfBusiness(ctx context.Context, businessID string, limit, skip int) iter.Seq2[Contact, error] {
	if limit == 0 {
		limit = MaxPageSize
	}
	return func(yield func(Contact, error) bool) {
		skip := skip
		for {
			page, err := c.BusinessContacts(ctx, businessID, limit, skip)
			if err != nil {
				yield(Contact{}, err)
				return
			}
			skip += len(page.Contacts)
			if !yieldAll(page.Contacts, yield) || len(page.Contacts) == 0 || skip >= page.Total {
				return
			}
		}
	}
}

// write sends a contact; isNew is as in [Client.UpsertContact].
func (c *Client) write(ctx context.Context, r request, in ContactInput) (contact Contact, isNew bool, err error) {
	if r.body, err = json.Marshal(in); err != nil {
		return Contact{}, false, fmt.Errorf("%s %s: write the body: %w", r.method, r.path, err)
	}
	return c.contact(ctx, r)
}

// contact reads an answer with one contact.
func (c *Client) contact(ctx context.Context, r request) (contact Contact, isNew bool, err error) {
	var got struct {
		Contact *Contact `json:"contact"`
		New     bool     `json:"new"` // of an upsert
	}
	if err := c.call(ctx, r, &got); err != nil {
		return Contact{}, false, err
	}
	if got.Contact == nil {
		return Contact{}, false, fmt.Errorf("%s %s: %w: it has no contact", r.method, r.path, ErrNotAPI)
	}
	return *got.Contact, got.New, nil
}

func (c *Client) page(ctx context.Context, r request) (Page, error) {
	var got pageAnswer
	if err := c.call(ctx, r, &got); err != nil {
		return Page{}, err
	}
	if got.Contacts == nil {
		return Page{}, fmt.Errorf("%s %s: %w: it has no contacts", r.method, r.path, ErrNotAPI)
	}
	return got.page(), nil
}

// yieldAll yields the contacts of a page, and reports whether more are wanted.
func yieldAll(contacts []Contact, yield func(Contact, error) bool) bool {
	for _, one := range contacts {
		if !yield(one, nil) {
			return false
		}
	}
	return true
}

// set puts a number other than 0 into a query.
func set(v url.Values, name string, n int) {
	if n != 0 {
		v.Set(name, strconv.Itoa(n))
	}
}
