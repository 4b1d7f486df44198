package taskee

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/taskhook/taskhook/format"
)

// Hint is one thing to do next, "" if the error says it all.
func (e *APIError) Hint() string {
	switch e.Status {
	case http.StatusBadRequest:
		return e.badRequestHint()
	case http.StatusUnauthorized:
		return "use a new token: this one was rotated or deleted, or is an OAuth access token older than a day, or an API key of v1, which API v2 does not accept"
	case http.StatusForbidden:
		scope := ScopeContactsWrite
		if e.Method == http.MethodGet {
			scope = ScopeContactsReadonly
		}
		return fmt.Sprintf("give the private integration the scope %s: edit it, and the token stays the same; or the token belongs to another location", scope)
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return "check the base URL: the API has no such path there"
	case http.StatusUnprocessableEntity:
		return e.invalidHint()
	case http.StatusTooManyRequests:
		return e.rateHint()
	}
	switch {
	case e.Status < 400:
		return "use the API's own address as the base URL: redirects are not followed, as they would send the token to another host"
	case e.Status >= 500 && e.Method != http.MethodGet:
		return "look before you send it again: it may have been carried out all the same"
	case e.Status >= 500:
		return "try again later: the platform has a problem"
	}
	return ""
}

// rateHint says when requests are accepted again.
func (e *APIError) rateHint() string {
	switch {
	case e.Daily:
		return "continue tomorrow: the requests of this day are used up"
	case e.RetryAfter > 0:
		return fmt.Sprintf("try again in %s", format.Duration(e.RetryAfter))
	}
	return "send fewer requests: the family's limit is 100 in 10 s for each token"
}

// badRequestHint tells the causes of a 400 apart by message and path.
func (e *APIError) badRequestHint() string {
	text := strings.ToLower(strings.Join(e.Message, " "))
	switch {
	case e.ContactID != "":
		return fmt.Sprintf("update contact %s, or use upsert: it exists already", e.ContactID)
	case strings.Contains(text, "duplicate"):
		return "use upsert, which updates a contact that exists already"
	case strings.Contains(text, "version"):
		return "send the only Version that the API accepts: " + APIVersion
	case strings.Contains(text, "startafter"):
		return "start the list again: the last contact of the previous page was deleted, or the cursor belongs to another list"
	case strings.Contains(text, "location"):
		return "check the location ID"
	case strings.HasPrefix(e.Path, contactsPath) && e.Path != contactsPath && e.Method != http.MethodPost:
		return "check the ID: it is unknown or deleted"
	}
	return ""
}

// invalidHint explains the rule that was broken, if it is a single one.
func (e *APIError) invalidHint() string {
	text := strings.ToLower(strings.Join(e.Message, " "))
	switch {
	case len(e.Message) > 1:
	case strings.Contains(text, "phone"):
		return "write the phone number in E.164 form: + and digits, such as +14155552671"
	case strings.Contains(text, "country"):
		return "write the country as two capital letters of ISO 3166-1, such as US"
	}
	return "correct these fields and send it again"
}
