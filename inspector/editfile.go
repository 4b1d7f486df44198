package inspector

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/body"
)

// What of a body stands in the file itself.
const (
	editMost  = 1 << 20 // bytes
	editDepth = 64      // nesting of JSON that is laid out for reading
)

// draftHelp is the top of the file.
const draftHelp = `# Change what you like, save and quit. You are then asked how to sign it.
# Saved as it is, or emptied, nothing is sent. Lines like this one are not sent.
# Request line, headers, an empty line, body. The body @NAME is read from a file.
`

// draft is a request as it stands in a file for editing.
type draft struct {
	event    webhook.Event // as it was received, its body uncompressed
	received webhook.Event // with the body as it came
	rejected bool
	path     string // of the file; "" before it is written
	beside   bool   // the body is in bodyFile

	laidOut bool        // the file has the JSON on many lines, the event on one
	wasJSON bool        // so it must be afterwards
	kept    http.Header // what is sent and does not stand in the file
	written []byte      // what Taskhook wrote last
	warning string      // the line that tells what is wrong, "" if nothing is

	request webhook.Request // as it was last read from the file
	changed bool            // its body is not the event's
}

// draftError is something that cannot be sent, and where it stands.
type draftError struct {
	line int // from 1
	text string
}

func (e *draftError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.text) }

// bodyFile is where, beside the draft, a body is that cannot stand in it.
const bodyFile = "body"

// newDraft makes a draft of an event. A compressed body is edited as it reads,
// and sent so.
func newDraft(e webhook.Event, rejected bool) *draft {
	received := e
	e, _ = body.Unpacked(e)
	d := &draft{event: e, received: received, rejected: rejected, kept: http.Header{}}
	d.wasJSON = checkJSON(e.Body) == nil
	var b bytes.Buffer
	b.WriteString(draftHelp)
	fmt.Fprintf(&b, "%s %s\n", e.Method, asked(e.Path, e.RawQuery))
	for _, name := range slices.Sorted(maps.Keys(e.Header)) {
		for _, v := range e.Header[name] {
			if !editableHeader(name, v) {
				d.kept[name] = e.Header[name]
				break
			}
		}
		if _, kept := d.kept[name]; !kept {
			for _, v := range e.Header[name] {
				fmt.Fprintf(&b, "%s: %s\n", name, v)
			}
		}
	}
	b.WriteByte('\n')
	if editableBody(e.Body) {
		b.Write(d.layOut(e.Body))
	} else {
		d.beside = true
		b.WriteString("@" + bodyFile)
	}
	b.WriteByte('\n') // many editors end every file so; it is not part of the body
	d.written = b.Bytes()
	return d
}

func asked(path, query string) string {
	if query != "" {
		return path + "?" + query
	}
	return path
}

// editableHeader reports whether a header reads back from the file as it is.
func editableHeader(name, value string) bool {
	return !httpwire.HopByHop(name, nil) && httpwire.IsToken(name) && utf8.ValidString(value) &&
		value == strings.TrimSpace(value) && httpwire.IsFieldValue(value)
}

// editableBody reports whether a body survives an editor. One that begins as a
// reference to a file does not.
func editableBody(body []byte) bool {
	if len(body) > editMost || !utf8.Valid(body) || bytes.HasPrefix(body, []byte("@")) || bytes.HasPrefix(body, []byte("\ufeff")) {
		return false
	}
	for _, c := range body {
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// layOut puts JSON that stands on one line on many, token by token as it is.
func (d *draft) layOut(body []byte) []byte {
	if !json.Valid(body) || depth(body) > editDepth || !bytes.Equal(compact(body), body) {
		return body
	}
	var b bytes.Buffer
	if json.Indent(&b, body, "", "  ") != nil {
		return body
	}
	d.laidOut = true
	return b.Bytes()
}

// compact is valid JSON without white space, otherwise as it is.
func compact(body []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, body) != nil {
		return body
	}
	return b.Bytes()
}

// depth is how deep JSON is nested.
func depth(body []byte) int {
	deepest := 0
	for r := jsjson.NewReader(body); ; {
		if t, err := r.Next(); err != nil || t.Kind == jsjson.EndOfText {
			return deepest
		}
		deepest = max(deepest, r.Depth())
	}
}

// checkJSON says what JSON.parse would have against a body, nil if nothing.
func checkJSON(body []byte) *jsjson.SyntaxError {
	var syntax *jsjson.SyntaxError
	errors.As(jsjson.Check(body), &syntax)
	return syntax
}

// errEmptied says that the person has emptied the file: nothing is to be sent.
var errEmptied = errors.New("the draft was emptied")

// errGivenUp says that the person has left the file with the error in it.
var errGivenUp = errors.New("the draft was left as it is")

// read takes over what the person has saved. open reads the file of a body.
// The error is a *draftError, errEmptied, or errGivenUp.
func (d *draft) read(data []byte, open func(name string) ([]byte, error)) error {
	if d.warning != "" && bytes.Equal(data, d.written) {
		return errGivenUp
	}
	data = d.withoutWarning(data)
	if len(bytes.TrimSpace(data)) == 0 {
		return errEmptied
	}
	r, body, line, err := d.readHead(data)
	if err != nil {
		return err
	}
	if r.Body, err = d.readBody(body, line, r.Header, open); err != nil {
		return err
	}
	d.changed = !bytes.Equal(r.Body, d.event.Body)
	d.request = r
	return nil
}

// same reports whether what was read is what the event is.
func (d *draft) same() bool {
	e, r := &d.event, &d.request
	return !d.changed && r.Method == e.Method && asked(r.Path, r.RawQuery) == asked(e.Path, e.RawQuery) &&
		maps.EqualFunc(r.Header, e.Header, slices.Equal)
}

// readHead reads request line and headers, and returns the body as it stands
// in the file with its first line.
func (d *draft) readHead(data []byte) (r webhook.Request, body []byte, line int, err error) {
	r.Header = http.Header{}
	maps.Copy(r.Header, d.kept)
	begun, windows := false, false
	for len(data) > 0 {
		line++
		var text []byte
		text, data, _ = bytes.Cut(data, []byte("\n"))
		ended := bytes.HasSuffix(text, []byte("\r"))
		s := strings.TrimRight(string(text), " \t\r")
		switch {
		case s == "#" || strings.HasPrefix(s, "# "): // no header has a space in its name
		case s == "" && begun:
			if windows {
				data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
			}
			return r, data, line + 1, nil
		case s == "":
		case !begun:
			begun, windows = true, ended
			if why := readRequestLine(s, &r); why != "" {
				return r, nil, line, &draftError{line, why}
			}
		default:
			if why := d.readHeader(s, r.Header); why != "" {
				return r, nil, line, &draftError{line, why}
			}
		}
	}
	if !begun {
		return r, nil, line, errEmptied
	}
	return r, nil, line + 1, nil
}

// readRequestLine says what is wrong with a request line, "" if nothing is.
func readRequestLine(s string, r *webhook.Request) string {
	const want = "a request line has the form POST /path?query"
	fields := strings.Fields(s)
	if len(fields) == 3 && strings.HasPrefix(fields[2], "HTTP/") {
		fields = fields[:2]
	}
	switch {
	case len(fields) != 2 || !httpwire.IsToken(fields[0]):
		return want
	case !strings.HasPrefix(fields[1], "/") && fields[1] != httpwire.Asterisk:
		return "the path begins with /: " + want
	case !httpwire.IsFieldValue(fields[1]):
		return "a path has no control characters"
	}
	r.Method = fields[0]
	r.Path, r.RawQuery, _ = strings.Cut(fields[1], "?")
	return ""
}

// readHeader says what is wrong with a header's line, "" if nothing is.
func (d *draft) readHeader(s string, h http.Header) string {
	name, value, ok := strings.Cut(s, ":")
	value = strings.TrimSpace(value)
	switch {
	case !ok:
		return "a header has the form Name: value, and an empty line ends the headers"
	case !httpwire.IsToken(name):
		return strconv.Quote(name) + " is not the name of a header"
	case httpwire.HopByHop(name, nil):
		return name + " is made anew when the request is sent: leave it out"
	case !httpwire.IsFieldValue(value):
		return "a header has no control characters"
	}
	if _, own := d.event.Header[name]; !own {
		name = http.CanonicalHeaderKey(name)
	}
	h[name] = append(h[name], value)
	return ""
}

// readBody makes the body of what stands in the file from a line on.
func (d *draft) readBody(text []byte, line int, h http.Header, open func(string) ([]byte, error)) ([]byte, error) {
	body := bytes.TrimSuffix(text, []byte("\n"))
	name, isFile := bytes.CutPrefix(body, []byte("@"))
	if isFile {
		if bytes.ContainsRune(name, '\n') {
			return nil, &draftError{line, "a body that is read from a file is one line, @NAME"}
		}
		var err error
		if body, err = open(strings.TrimSpace(string(name))); err != nil {
			return nil, &draftError{line, err.Error()}
		}
	}
	if bytes.Equal(body, d.event.Body) || len(body) == 0 && len(d.event.Body) == 0 {
		return d.event.Body, nil
	}
	syntax := checkJSON(body)
	if syntax != nil && d.wasJSON && saysJSON(h) {
		why := fmt.Sprintf("column %d: no longer JSON: %s", syntax.Column, syntax.Reason)
		if isFile {
			return nil, &draftError{line, fmt.Sprintf("its line %d, %s", syntax.Line, why)}
		}
		return nil, &draftError{line + syntax.Line - 1, why}
	}
	if d.laidOut && !isFile && syntax == nil {
		body = compact(body) // as the event had it
	}
	return body, nil
}

// saysJSON reports whether a body is said to be JSON, or not said what it is.
func saysJSON(h http.Header) bool {
	t := h.Get("Content-Type")
	return t == "" || strings.Contains(strings.ToLower(t), "json")
}

// warn puts what is wrong above its line and returns the file.
func (d *draft) warn(data []byte, e *draftError) []byte {
	data = d.withoutWarning(data)
	d.warning = "# >>> next line: " + strings.Join(strings.Fields(e.text), " ")
	lines := bytes.SplitAfter(data, []byte("\n"))
	at := max(0, min(e.line-1, len(lines)-1))
	if n := len(lines[at]); n == 0 && at > 0 && !bytes.HasSuffix(lines[at-1], []byte("\n")) {
		at--
	}
	d.written = bytes.Join(slices.Insert(lines, at, []byte(d.warning+"\n")), nil)
	return d.written
}

// withoutWarning takes the warning's line out again.
func (d *draft) withoutWarning(data []byte) []byte {
	if d.warning == "" {
		return data
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	for i, l := range lines {
		if string(bytes.TrimRight(l, "\r\n")) == d.warning {
			return bytes.Join(slices.Delete(lines, i, i+1), nil)
		}
	}
	return data
}

// signed is the request as it is sent with a kind of signature: a changed body
// that Taskhook signs is what JSON.stringify makes of it, so that a receiver
// that writes it again before it checks finds the same bytes. A compressed body
// that was not changed is sent as it came.
func (d *draft) signed(s webhook.Sign) *webhook.Request {
	r := d.request
	if packed := d.received.Header["Content-Encoding"]; !d.changed && len(d.event.Header["Content-Encoding"]) < len(packed) {
		r.Body, r.Header = d.received.Body, r.Header.Clone()
		r.Header["Content-Encoding"] = packed
	}
	if s == webhook.SignDev && d.changed {
		if body, err := jsjson.StringifyExact(r.Body); err == nil {
			r.Body = body
		}
	}
	return &r
}
