package verify

import (
	"bytes"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/webhook/body"
)

// alteration is something that happens to bodies on their way, and can be
// undone to see whether the signature fits what was before.
type alteration struct {
	happened string // a clause with "the body" in it
	fits     string // what the signature fits
	next     string
	cost     int                 // of undo, in microseconds for each KiB
	undo     func([]byte) []byte // the body as it was; nil if this cannot have happened
	json     bool                // a difference in JSON can be shown
}

const (
	passThrough = "look at what stands between the sender and Taskhook (a gateway, a proxy, a script) and have it pass the body on byte for byte"
	dataBinary  = "send the file that was signed as it is: curl --data-binary @FILE"
	noNewline   = "sign and send the same bytes: printf '%s' in place of echo, curl --data-binary @FILE"
)

// alterations lists what is looked for, the most common and the cheapest
// first. It is never changed.
var alterations = [...]alteration{
	{
		happened: "a newline was added to the end of the body on its way",
		fits:     "the body without its trailing newline", next: noNewline,
		cost: costPerKiB, undo: withoutNewline,
	},
	{
		happened: "a byte order mark was added to the body on its way",
		fits:     "the body without its UTF-8 byte order mark", next: passThrough,
		cost: costPerKiB, undo: func(b []byte) []byte { return bytes.TrimPrefix(b, []byte(bom)) },
	},
	{
		happened: "the body was re-serialised on its way",
		fits:     "the JSON as JavaScript writes it, JSON.stringify(JSON.parse(body)), not the bytes that arrived", next: passThrough,
		cost: costJSONKiB, undo: stringified, json: true,
	},
	{
		happened: "the trailing newline of the body was lost on its way",
		fits:     "the body with a trailing newline", next: dataBinary,
		cost: costPerKiB, undo: ending("\n"),
	},
	{
		happened: "the body was re-serialised on its way: white space was added",
		fits:     "the JSON without white space, not the bytes that arrived", next: passThrough,
		cost: costJSONKiB, undo: formatted(), json: true,
	},
	{
		happened: "the charset of the body was changed on its way",
		fits:     "the body in latin-1 (windows-1252), or as it was before latin-1 was taken for UTF-8", next: charset,
		cost: costPerKiB, undo: toLatin1,
	},
	{
		happened: "the charset of the body was changed on its way: latin-1 arrived",
		fits:     "the body in UTF-8", next: charset,
		cost: costPerKiB, undo: fromLatin1,
	},
	{
		happened: "the byte order mark of the body was lost on its way",
		fits:     "the body with a UTF-8 byte order mark", next: passThrough,
		cost: costPerKiB, undo: func(b []byte) []byte { return append([]byte(bom), b...) },
	},
	{
		happened: "the charset of the body was changed on its way: UTF-16 arrived",
		fits:     "the body in UTF-8", next: charset,
		cost: costPerKiB, undo: fromUTF16,
	},
	{
		happened: "the body was serialised twice: it arrived as JSON within a JSON string",
		fits:     "the text in that string", next: "send the JSON as it was signed, without another JSON.stringify around it",
		cost: costJSONKiB, undo: unquoted,
	},
	{
		happened: "the body was put into a field of a form on its way",
		fits:     "the value of that field", next: "send the JSON itself as the body, as application/json",
		cost: costPerKiB, undo: formField,
	},
	{
		happened: "white space was added around the body on its way",
		fits:     "the body without the white space around it", next: passThrough,
		cost: costPerKiB, undo: bytes.TrimSpace,
	},
	{
		happened: "the trailing newline of the body was lost on its way",
		fits:     "the body with a trailing CRLF", next: dataBinary,
		cost: costPerKiB, undo: ending("\r\n"),
	},
	{
		happened: "the body was re-serialised on its way: white space was removed",
		fits:     "the JSON indented by two spaces, not the bytes that arrived", next: passThrough,
		cost: costJSONKiB, undo: formatted(jsontext.WithIndent("  ")),
	},
	{
		happened: "the body was re-serialised on its way: white space was removed",
		fits:     "the JSON indented by four spaces, not the bytes that arrived", next: passThrough,
		cost: costJSONKiB, undo: formatted(jsontext.WithIndent("    ")),
	},
	{
		happened: "the body was re-serialised on its way: white space was removed",
		fits:     "the JSON with a space behind each colon and comma, not the bytes that arrived", next: passThrough,
		cost: costJSONKiB, undo: formatted(jsontext.SpaceAfterColon(true), jsontext.SpaceAfterComma(true)),
	},
}

// compression is looked for by the headers of a request, which name the coding.
var compression = alteration{
	happened: "the body was compressed after it was signed",
	fits:     "the body without its Content-Encoding", next: "have the sender, or what stands before Taskhook, send the body uncompressed",
}

const charset = "have every step read and write UTF-8 (Content-Type: application/json; charset=utf-8), and pass the bytes on as they are"

const bom = "\xef\xbb\xbf"

func withoutNewline(b []byte) []byte {
	if s, ok := bytes.CutSuffix(b, []byte("\n")); ok {
		return bytes.TrimSuffix(s, []byte("\r"))
	}
	return nil
}

func ending(end string) func([]byte) []byte {
	return func(b []byte) []byte {
		if bytes.HasSuffix(b, []byte("\n")) {
			return nil
		}
		return append(bytes.Clone(b), end...)
	}
}

func stringified(b []byte) []byte {
	s, _ := jsjson.Stringify(bytes.TrimPrefix(b, []byte(bom)))
	return s
}

// formatted changes the white space of JSON and nothing else.
func formatted(opts ...jsontext.Options) func([]byte) []byte {
	opts = append(opts, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), jsontext.PreserveRawStrings(true))
	return func(b []byte) []byte {
		out, err := jsontext.AppendFormat(nil, bytes.TrimPrefix(b, []byte(bom)), opts...)
		if err != nil {
			return nil
		}
		return out
	}
}

// toLatin1 writes UTF-8 text in latin-1 and windows-1252. It returns nil for
// text that has no place there.
func toLatin1(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for _, r := range string(b) {
		c, ok := charmap.Windows1252.EncodeRune(r)
		switch {
		case !ok && r > 0xff:
			return nil
		case !ok: // a control character of latin-1
			c = byte(r)
		}
		out = append(out, c)
	}
	return out
}

// fromLatin1 writes windows-1252 text in UTF-8. It returns nil for text that
// is UTF-8 already. What windows-1252 leaves undefined is as in latin-1.
func fromLatin1(b []byte) []byte {
	if utf8.Valid(b) {
		return nil
	}
	out := make([]byte, 0, len(b)+len(b)/8)
	for _, c := range b {
		r := charmap.Windows1252.DecodeByte(c)
		if r == utf8.RuneError {
			r = rune(c)
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// fromUTF16 writes UTF-16 text in UTF-8. It returns nil for other text.
func fromUTF16(b []byte) []byte {
	order, mark := unicode.LittleEndian, unicode.UseBOM
	switch {
	case len(b) < 4 || len(b)%2 != 0:
		return nil
	case b[0] == 0 && b[1] != 0:
		order = unicode.BigEndian
	case b[1] != 0 && !bytes.HasPrefix(b, []byte("\xff\xfe")) && !bytes.HasPrefix(b, []byte("\xfe\xff")):
		return nil
	}
	text, err := unicode.UTF16(order, mark).NewDecoder().Bytes(b)
	if err != nil {
		return nil
	}
	return text
}

// unquoted is the text that a body is the JSON string of.
func unquoted(b []byte) []byte {
	text, _ := body.Quoted(b)
	return text
}

// formField is the value of the only field of a form.
func formField(b []byte) []byte {
	_, value, found := bytes.Cut(b, []byte("="))
	if !found || bytes.ContainsAny(b, "&{\"") {
		return nil
	}
	text, err := url.QueryUnescape(string(value))
	if err != nil {
		return nil
	}
	return []byte(text)
}

// clue names what is remarkable about a body that no alteration explains.
func clue(h http.Header, b []byte) string {
	switch kind := body.Kind(h, b); {
	case len(b) == 0:
		return "the request arrived without a body"
	case kind != "":
		return "what arrived is " + kind
	case bytes.Contains(b, []byte("\uFFFD")):
		return "what arrived contains U+FFFD, the mark of a character lost to a wrong charset"
	}
	return ""
}
