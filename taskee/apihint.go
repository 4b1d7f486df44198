package taskee

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Scope is the scope that a token needs for the request that failed.
func (e *APIError) Scope() string {
	switch {
	case strings.HasPrefix(e.Path, locationsPath):
		return ScopeLocationsReadonly
	case e.Method == http.MethodGet:
		return ScopeContactsReadonly
	}
	return ScopeContactsWrite
}

// Hint is one thing to do next, "" when there is nothing to say beyond the
// error.
func (e *APIError) Hint() string {
	switch {
	case e.Status >= 300 && e.Status < 400:
		return "the base URL is not the API's own address: redirects are not followed, for another host would be sent the token"
	case e.Status == http.StatusBadRequest:
		return e.badRequestHint()
	case e.Status == http.StatusUnauthorized:
		return "take a new token: this one was rotated or deleted, or is an OAuth access token older than a day, or an API key of v1, which API v2 does not take"
	case e.Status == http.StatusForbidden:
		return fmt.Sprintf("give the private integration the scope %s: edit it, and the token stays the same; or the token belongs to another location", e.Scope())
	case e.Status == http.StatusNotFound, e.Status == http.StatusMethodNotAllowed:
		return "check the base URL: the API has no such path there"
	case e.Status == http.StatusUnprocessableEntity:
		return e.invalidHint()
	case e.Status == http.StatusTooManyRequests && e.Daily:
		return "the requests of this day are used up: go on tomorrow"
	case e.Status == http.StatusTooManyRequests && e.RetryAfter > 0:
		return fmt.Sprintf("try again in %s", e.RetryAfter.Round(time.Second))
	case e.Status == http.StatusTooManyRequests:
		return "send fewer requests: the family's limit is 100 in 10 s for each token"
	case e.Status >= 500 && e.Method != http.MethodGet:
		return "it may have been carried out all the same: look before you send it again"
	case e.Status >= 500:
		return "the platform is in trouble: try again later"
	}
	return ""
}

// badRequestHint tells the causes of a 400 apart by the words and the path.
func (e *APIError) badRequestHint() string {
	text := strings.ToLower(strings.Join(e.Message, " "))
	switch {
	case e.ContactID != "":
		return fmt.Sprintf("it is there already: update contact %s, or use upsert", e.ContactID)
	case strings.Contains(text, "duplicate"):
		return "it is there already: use upsert, which updates it"
	case strings.Contains(text, "version"):
		return "the API takes one Version: " + APIVersion
	case strings.Contains(text, "startafter"):
		return "begin the list anew: the contact that the page before ended with is gone, or the cursor is another list's"
	case strings.Contains(text, "location"):
		return "check the location ID"
	case strings.HasPrefix(e.Path, contactsPath) && e.Path != contactsPath && e.Method != http.MethodPost:
		return "check the ID: one that is unknown or deleted is answered so"
	}
	return ""
}

// invalidHint names the rule that is broken, where it is one alone.
func (e *APIError) invalidHint() string {
	text := strings.ToLower(strings.Join(e.Message, " "))
	switch {
	case len(e.Message) > 1:
	case strings.Contains(text, "phone"):
		return "a phone number is E.164: + and digits, such as +14155552671"
	case strings.Contains(text, "country"):
		return "a country is two capital letters of ISO 3166-1, such as US"
	}
	return "correct the fields that are named, and send it again"
}
