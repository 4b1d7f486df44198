package inspector

import (
	"fmt"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// leftOut are the events that a filter cannot decide, of all that was read with
// it.
type leftOut struct {
	known map[webhook.ID]bool
	last  webhook.LeftOut
}

// leftOutMost bounds how many are told apart.
const leftOutMost = 1000

func (o *leftOut) add(more []webhook.LeftOut) {
	for _, one := range more {
		if o.known == nil {
			o.known = map[webhook.ID]bool{}
		}
		if len(o.known) < leftOutMost {
			o.known[one.ID] = true
		}
		o.last = one
	}
}

// words names the event, or says how many there are; "" for none.
func (o *leftOut) words() string {
	switch n := len(o.known); n {
	case 0:
		return ""
	case 1:
		return o.last.String()
	default:
		return fmt.Sprintf("%s events were left out: %s", format.Count(n), o.last.Reason)
	}
}
