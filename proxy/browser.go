package proxy

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

// A web page may have a name of its own lead to this machine (DNS rebinding).
// The app would see through that name in the Host header; Taskhook rewrites it.
// So a request that nobody signed goes no further when it is for a name that
// does not belong here and looks as if a browser has sent it.

// fromForeignPage reports whether that is so for an event on the loopback
// ingress.
func (p *Proxy) fromForeignPage(e *webhook.Event) bool {
	return e.Source == webhook.SourceLocal && e.Verdict.Status != webhook.Valid &&
		hasBrowserMarks(e) && !httpwire.IsLoopback(e.Host) && !p.isPublic(e.Host)
}

// hasBrowserMarks reports whether a browser may have sent a request for a page
// of any origin. Over plain HTTP and to its own origin a page sends neither of
// the two headers with a GET: what is left is the browser's name. An address
// leads to no other machine than it says.
func hasBrowserMarks(e *webhook.Event) bool {
	if len(e.Header["Origin"]) > 0 {
		return true
	}
	if sites := e.Header["Sec-Fetch-Site"]; len(sites) > 0 {
		return sites[0] != "same-origin" && sites[0] != "none"
	}
	reads := e.Method == http.MethodGet || e.Method == http.MethodHead
	if !reads || !strings.HasPrefix(e.Header.Get("User-Agent"), "Mozilla/") {
		return false
	}
	_, err := netip.ParseAddr(hostname(e.Host))
	return err != nil
}

// isPublic reports whether a Host header is that of the public URL. Without a
// host there is nothing to be misled by.
func (p *Proxy) isPublic(host string) bool {
	name := hostname(host)
	if name == "" {
		return true
	}
	public, err := url.Parse(p.opts.PublicURL())
	return err == nil && strings.EqualFold(public.Hostname(), name)
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

// pageMessage is the answer to the request of a foreign page.
func pageMessage(e *webhook.Event) message {
	return message{
		Error:  "a web page's request",
		Reason: fmt.Sprintf("a browser has sent it to %s, which is neither this machine nor the public URL", e.Host),
		Next:   "if that name leads here, start with --url https://" + hostname(e.Host),
	}
}
