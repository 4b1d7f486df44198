package listener

import (
	"fmt"

	"github.com/taskhook/taskhook/httpwire"
)

// program is a process that listens. The zero value is none, or one that
// cannot be seen.
type program struct{ name, pid string }

// String names it: "node (pid 12)".
func (p program) String() string {
	if p.pid == "" {
		return ""
	}
	return fmt.Sprintf("%s (pid %s)", p.name, p.pid)
}

// forwarder is a program that listens for another, once for each address.
const forwarder = "docker-proxy"

// besides says who else answers to the name by which an app is reached, where
// localhost is one program on 127.0.0.1 and another on ::1; "" otherwise. What
// cannot be seen counts as the same.
func besides(o httpwire.Origin) string {
	port, ok := o.LocalhostPort()
	if !ok {
		return ""
	}
	four, six := localPrograms(port)
	if four == six || four.pid == "" || six.pid == "" || four.name == forwarder && six.name == forwarder {
		return ""
	}
	return fmt.Sprintf("%s on 127.0.0.1:%d and %s on [::1]:%d are two programs: name yours by its address", four, port, six, port)
}
