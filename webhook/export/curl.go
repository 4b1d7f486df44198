package export

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

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
// header values and exact body bytes to a URL, which is used as it stands.
// Headers that belong to one connection, Host and Content-Length are left to
// curl; nothing else is added. Values of one header keep their order.
//
// A body that cannot stand on a command line (not UTF-8, with NUL or other
// control characters, or above 96 KiB) needs a file: needsFile is true and the
// command reads the body from the file that [CurlBodyFile] names, which has to
// hold exactly the event's bytes.
func Curl(e webhook.Event, url string) (command string, needsFile bool) {
	if !fitsInline(e.Body) {
		return curl(e, url, "--data-binary "+quote("@"+CurlBodyFile(e.ID))), true
	}
	return curl(e, url, inlineBody(e)), false
}

// CurlBodyFile names the file that a curl command of an event reads its body
// from, in the working directory.
func CurlBodyFile(id webhook.ID) string {
	return fmt.Sprintf("event-%d.body", uint64(id))
}

func curl(e webhook.Event, url, data string) string {
	method := e.Method
	if method == "" {
		method = http.MethodPost
	}
	first := "curl -X " + quote(method)
	if method == http.MethodHead && data == "" {
		first = "curl --head" // with -X HEAD curl waits for a body that never comes
	}
	if strings.ContainsAny(url, "[]{}") {
		first += " --globoff"
	}
	if strings.Contains(url, "/.") {
		first += " --path-as-is"
	}
	lines := []string{first + " " + quote(url)}
	for _, h := range headerArguments(e, data != "") {
		lines = append(lines, "  -H "+h)
	}
	if data != "" {
		lines = append(lines, "  "+data)
	}
	return strings.Join(lines, " \\\n")
}

func inlineBody(e webhook.Event) string {
	switch {
	case len(e.Body) == 0 && !sendsEmptyBody(e.Method):
		return ""
	case len(e.Body) > 0 && e.Body[0] == '@':
		return "--data-raw " + quote(string(e.Body)) // --data-binary would read a file
	}
	return "--data-binary " + quote(string(e.Body))
}

// sendsEmptyBody reports whether a request without a body still says
// "Content-Length: 0".
func sendsEmptyBody(method string) bool {
	return method == "" || method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// fitsInline reports whether bytes survive a shell's command line and a
// terminal: bodies are pasted, and an escape sequence must not act.
func fitsInline(body []byte) bool {
	if len(body) > maxInlineBody || !utf8.Valid(body) {
		return false
	}
	for _, r := range string(body) {
		if r != '\n' && r != '\t' && isUnsafe(r) {
			return false
		}
	}
	return true
}

// headerArguments returns the quoted values of curl's -H, sorted by name.
func headerArguments(e webhook.Event, withData bool) []string {
	connection := e.Header.Values("Connection")
	names := make([]string, 0, len(e.Header))
	for name := range e.Header {
		if !httpwire.HopByHop(name, connection) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var args []string
	for _, name := range names {
		for _, value := range e.Header[name] {
			if value == "" {
				args = append(args, quote(name+";")) // curl's way to send an empty value
				continue
			}
			args = append(args, quote(name+": "+value))
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
			args = append(args, quote(name+":"))
		}
	}
	return args
}

// quote writes a word for a POSIX shell. Bytes that must not reach a terminal
// are spelled by printf, which every such shell has.
func quote(s string) string {
	switch {
	case s != "" && strings.IndexFunc(s, needsQuotes) < 0:
		return s
	case printable(s):
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var b strings.Builder
	for i := range len(s) {
		octal(&b, s[i])
	}
	return `"$(printf '` + b.String() + `')"`
}

// octal spells one byte for printf's format.
func octal(b *strings.Builder, c byte) {
	if c < ' ' || c >= 0x7f || strings.IndexByte(`'\%!`, c) >= 0 {
		_, _ = fmt.Fprintf(b, `\%03o`, c)
		return
	}
	b.WriteByte(c)
}

func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return r != '\n' && r != '\t' && isUnsafe(r) }) < 0
}

func needsQuotes(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	}
	return !strings.ContainsRune("_@%+=:,./-", r)
}
