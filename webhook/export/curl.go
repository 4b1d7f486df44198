package export

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

// maxInlineBody is the longest body put on a command line; Linux refuses a
// single argument of 128 KiB, and nobody reads one of that size.
const maxInlineBody = 96 << 10

// expectThreshold is the body size from which curl asks "Expect: 100-continue"
// unless told not to.
const expectThreshold = 1 << 20

// Curl returns a command for a POSIX shell that sends the event's method,
// header values and exact body bytes to a URL, which is used as it stands, or
// to a target that is a unix socket.
// Headers that belong to one connection, Host and Content-Length are left to
// curl; nothing else is added. Values of one header keep their order.
//
// A body that cannot stand on a command line (not UTF-8, with NUL or other
// control characters, or above 96 KiB) needs a file: needsFile is true and the
// command reads the body from the file that [CurlBodyFile] names, which has to
// hold exactly the event's bytes.
func Curl(e webhook.Event, url string) (command string, needsFile bool) {
	if !fitsInline(e.Body) {
		return curl(e, url, "--data-binary "+format.ShellQuote("@"+CurlBodyFile(e.ID))), true
	}
	return curl(e, url, inlineBody(e)), false
}

// CurlBodyFile names the file that a curl command of an event reads its body
// from, in the working directory.
func CurlBodyFile(id webhook.ID) string {
	return fmt.Sprintf("event-%d.body", uint64(id))
}

func curl(e webhook.Event, url, data string) string {
	method := cmp.Or(e.Method, http.MethodPost)
	first := "curl -X " + format.ShellQuote(method)
	if method == http.MethodHead && data == "" {
		first = "curl --head" // with -X HEAD curl waits for a body that never comes
	}
	if web := webURL(url); web != url {
		first += " " + socketArgument(url)
		url = web
	}
	if e.Path == httpwire.Asterisk && !strings.Contains(strings.TrimPrefix(strings.TrimPrefix(url, "http://"), "https://"), "/") {
		first += " --request-target '*'"
	}
	if strings.ContainsAny(url, "[]{}") {
		first += " --globoff"
	}
	if strings.Contains(url, "/.") {
		first += " --path-as-is"
	}
	lines := []string{first + " " + format.ShellQuote(url)}
	for _, h := range headerArguments(e, data != "") {
		lines = append(lines, "  -H "+h)
	}
	if data != "" {
		lines = append(lines, "  "+data)
	}
	return strings.Join(lines, " \\\n")
}

// socketArgument is how curl is told of a target that is a unix socket.
func socketArgument(target string) string {
	t, _ := httpwire.ParseTarget(target) // it is a target, or there was no such argument
	address := t.Origin().Address()
	if name, abstract := strings.CutPrefix(address, "@"); abstract {
		return "--abstract-unix-socket " + format.ShellQuote(name)
	}
	return "--unix-socket " + format.ShellQuote(address)
}

func inlineBody(e webhook.Event) string {
	switch {
	case len(e.Body) == 0 && !sendsEmptyBody(e.Method):
		return ""
	case len(e.Body) > 0 && e.Body[0] == '@':
		return "--data-raw " + format.ShellQuote(string(e.Body)) // --data-binary would read a file
	}
	return "--data-binary " + format.ShellQuote(string(e.Body))
}

// sendsEmptyBody reports whether a request without a body still says
// "Content-Length: 0".
func sendsEmptyBody(method string) bool {
	return method == "" || method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// fitsInline reports whether bytes survive a shell's command line and a
// terminal: bodies are pasted, and an escape sequence must not act.
func fitsInline(body []byte) bool {
	return len(body) <= maxInlineBody && format.Printable(string(body))
}

// headerArguments returns the quoted values of curl's -H, sorted by name.
func headerArguments(e webhook.Event, withData bool) []string {
	connection := e.Header.Values("Connection")
	var args []string
	for _, name := range slices.Sorted(maps.Keys(e.Header)) {
		if httpwire.HopByHop(name, connection) {
			continue
		}
		for _, value := range e.Header[name] {
			if value == "" {
				args = append(args, format.ShellQuote(name+";")) // curl's way to send an empty value
				continue
			}
			args = append(args, format.ShellQuote(name+": "+value))
		}
	}
	// What curl would add by itself is turned off.
	own := []string{"Accept", "User-Agent"}
	if withData {
		own = append(own, "Content-Type")
	}
	if len(e.Body) >= expectThreshold {
		own = append(own, "Expect")
	}
	for _, name := range own {
		if httpwire.HopByHop(name, connection) || len(e.Header.Values(name)) == 0 {
			args = append(args, format.ShellQuote(name+":"))
		}
	}
	return args
}
