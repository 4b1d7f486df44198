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
	case h.Up && h.Address != "":
		return "answers on " + h.Address
	case h.Up:
		return "answers"
	case h.Error != "":
		return "does not answer: " + h.Error[strings.LastIndex(h.Error, ": ")+len(": "):]
	}
	return "does not answer"
}
