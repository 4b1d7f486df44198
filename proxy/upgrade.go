package proxy

import "fmt"

// upgradeError is returned when the app switches protocols: a webhook is one
// request and one answer, and nothing else passes.
type upgradeError struct{ protocol string }

func (e *upgradeError) Error() string {
	if e.protocol == "" {
		return "the app wants to switch protocols (101), which taskhook does not pass on"
	}
	return fmt.Sprintf("the app wants to switch protocols (101) to %.40q, which taskhook does not pass on", e.protocol)
}

// next is what to do about it.
func (e *upgradeError) next() string {
	return "open WebSockets at the app itself; through taskhook answer with a status such as 200"
}
