package listener

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
)

// LoopError is returned by [Open] when a target is the listener's own ingress.
// A loop of more than one step shows only when an event comes back.
type LoopError struct {
	Target httpwire.Target
}

// Error names the target.
func (e *LoopError) Error() string {
	return fmt.Sprintf("the target %s is this listener itself: every webhook would come back to it", format.MaskURLs(e.Target.String()))
}

// checkLoop returns a *[LoopError] when an event would be forwarded to where it
// came in.
func (l *Listener) checkLoop(ingress net.Addr) error {
	for _, app := range l.proxy.Apps() {
		if t := app.Target(); leadsTo(t, ingress) {
			return &LoopError{Target: t}
		}
	}
	return nil
}

// leadsTo reports whether a target is an address that something listens on.
func leadsTo(t httpwire.Target, at net.Addr) bool {
	listening, err := netip.ParseAddrPort(at.String())
	if err != nil {
		return false
	}
	host, port, err := net.SplitHostPort(t.Origin().Address())
	if err != nil || port != strconv.Itoa(int(listening.Port())) {
		return false
	}
	own := listening.Addr().Unmap()
	if target, err := netip.ParseAddr(host); err == nil {
		target = target.Unmap()
		return target == own || own.IsUnspecified() && isOwn(target) ||
			target.IsUnspecified() && own.IsLoopback() && target.Is4() == own.Is4() // dialing it leads there
	}
	return httpwire.IsLoopback(host) && (own.IsLoopback() || own.IsUnspecified())
}

// isOwn reports whether an address is one of this machine.
func isOwn(addr netip.Addr) bool {
	if addr.IsLoopback() || addr.IsUnspecified() {
		return true
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok {
			if one, ok := netip.AddrFromSlice(n.IP); ok && one.Unmap() == addr {
				return true
			}
		}
	}
	return false
}
