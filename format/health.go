package format

import (
	"strings"

	"github.com/taskhook/taskhook/webhook"
)

// Health says whether the app answers, as what follows its name.
func Health(h webhook.Health) string {
	switch {
	case !h.Known:
		return "not probed yet"
	case h.Up:
		return "answers on " + h.Address
	case h.Error == "":
		return "does not answer"
	}
	reason := h.Error // behind the URL, which stands beside it
	if i := strings.LastIndex(reason, ": "); i >= 0 {
		reason = reason[i+len(": "):]
	}
	return "does not answer: " + reason
}
