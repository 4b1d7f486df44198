package taskee

import (
	"maps"
	"slices"
)

// The scopes that the API's contact and location endpoints require.
const (
	ScopeContactsReadonly  = "contacts.readonly"
	ScopeContactsWrite     = "contacts.write"
	ScopeLocationsReadonly = "locations.readonly"
)

// categoryScopes are the scopes that an app needs for the events of a category,
// by the family's names. The guide says that scopes control what webhooks carry,
// but not which; a category without one here needs none.
var categoryScopes = map[string]string{
	"Appointment":           "calendars/events.readonly",
	"Association":           "associations.readonly",
	"Campaign":              "campaigns.readonly",
	"Contact":               ScopeContactsReadonly,
	"Conversation":          "conversations.readonly",
	"Conversation provider": "conversations/message.readonly",
	"Custom object record":  "objects/record.readonly",
	"Custom object schema":  "objects/schema.readonly",
	"Email stats":           "lc-email.readonly",
	"Invoice":               "invoices.readonly",
	"Knowledge base":        "knowledge-bases.readonly",
	"Location":              ScopeLocationsReadonly,
	"Note":                  ScopeContactsReadonly,
	"Opportunity":           "opportunities.readonly",
	"Order":                 "payments/orders.readonly",
	"Price":                 "products/prices.readonly",
	"Product":               "products.readonly",
	"Relation":              "associations/relation.readonly",
	"SaaS":                  "saas/location.read",
	"Task":                  "locations/tasks.readonly",
	"User":                  "users.readonly",
	"Voice AI":              "voice-ai-dashboard.readonly",
}

// Scope returns the scope that an app needs to receive events of this type; ""
// if it needs none, as for events about the app itself.
func (t EventType) Scope() string { return categoryScopes[t.Category] }

// Scopes returns the names of all scopes that a token or an app can have in the
// sandbox, sorted. The slice is the caller's own.
func Scopes() []string {
	all := slices.AppendSeq([]string{ScopeContactsWrite}, maps.Values(categoryScopes))
	slices.Sort(all)
	return slices.Compact(all)
}
