package taskee

import "slices"

// The scopes that the API's contact and location endpoints ask for.
const (
	ScopeContactsReadonly  = "contacts.readonly"
	ScopeContactsWrite     = "contacts.write"
	ScopeLocationsReadonly = "locations.readonly"
)

// categoryScopes is the scope that lets an app read what the events of a
// category tell, by the family's names of scopes. The guide says that scopes
// control what webhooks carry, and leaves open which; a category that has none
// here needs none.
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

// Scope returns the scope that an app needs to be sent events of this type;
// "" if it needs none, as for those about the app itself.
func (t EventType) Scope() string { return categoryScopes[t.Category] }

// Scopes returns the names of all scopes that a token or an app can have here,
// sorted. The slice is the caller's own.
func Scopes() []string {
	all := []string{ScopeContactsWrite}
	for _, scope := range categoryScopes {
		all = append(all, scope)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
