package httpwire

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Pattern selects requests by their method and path, as "GET /oauth/*". In the
// path * stands for any letters but a slash, and ** for any letters. The zero
// value selects nothing; [ParsePattern] makes the others.
type Pattern struct {
	method string
	glob   string         // percent-encoded
	exact  *regexp.Regexp // of decoded paths
	folded *regexp.Regexp // the same in any case
}

// ParsePattern reads a pattern. The error says in words what is wrong.
func ParsePattern(text string) (Pattern, error) {
	fields := strings.Fields(text)
	switch {
	case len(fields) != 2:
		return Pattern{}, errors.New("want a method and a path, such as 'GET /oauth/*'")
	case fields[0] == "*":
		return Pattern{}, errors.New("name one method; another one needs a rule of its own")
	case !IsToken(fields[0]):
		return Pattern{}, fmt.Errorf("%q is not a method; want one such as GET", fields[0])
	case !strings.HasPrefix(fields[1], "/"):
		return Pattern{}, fmt.Errorf("the path %q does not begin with a slash", fields[1])
	case strings.ContainsAny(fields[1], "?#"):
		return Pattern{}, errors.New("leave the query out: the path alone is looked at")
	}
	p := Pattern{method: strings.ToUpper(fields[0]), glob: EscapeNonASCII(fields[1])}
	if _, ok := cleanPath(p.glob); !ok {
		return Pattern{}, fmt.Errorf("no request fits %q: its path has an empty or a dotted segment, a semicolon, a backslash, or an encoded slash, dot or percent sign", fields[1])
	}
	expression := p.expression()
	p.exact = regexp.MustCompile(`(?s)^` + expression + `$`)
	p.folded = regexp.MustCompile(`(?is)^` + expression + `$`)
	return p, nil
}

// expression is the glob as a regular expression of decoded paths.
func (p Pattern) expression() string {
	var b strings.Builder
	for rest := p.glob; rest != ""; {
		star := strings.IndexByte(rest, '*')
		if star != 0 {
			literal := rest
			if star > 0 {
				literal = rest[:star]
			}
			rest = rest[len(literal):]
			decoded, _ := url.PathUnescape(literal) // an escape has no star in it
			b.WriteString(regexp.QuoteMeta(decoded))
			continue
		}
		after := strings.TrimLeft(rest, "*")
		switch deep := len(rest)-len(after) > 1; {
		case deep && strings.HasSuffix(b.String(), "/") && strings.HasPrefix(after, "/"):
			b.WriteString(`(?:.*/)?`) // any number of segments, none as well
			after = after[1:]
		case deep:
			b.WriteString(`.*`)
		default:
			b.WriteString(`[^/]*`)
		}
		rest = after
	}
	return b.String()
}

// maxExactPath bounds the path of a pattern that is made of a request, in bytes.
const maxExactPath = 200

// ExactPattern is the pattern of all requests with this method and this path,
// percent-encoded. It is false when no pattern selects them, see
// [Pattern.Matches], or when the path is so long that nobody would type it.
func ExactPattern(method, path string) (Pattern, bool) {
	if len(path) > maxExactPath {
		return Pattern{}, false
	}
	p, err := ParsePattern(method + " " + strings.ReplaceAll(path, "*", "%2A"))
	return p, err == nil && p.Matches(method, path)
}

// String is the pattern as [ParsePattern] reads it.
func (p Pattern) String() string { return p.method + " " + p.glob }

// Matches reports whether a request fits, by its method and its path,
// percent-encoded. A path that servers read in different ways never does: one
// that changes when it is cleaned, or that has an encoded slash, dot or percent
// sign, a backslash or a semicolon.
func (p Pattern) Matches(method, path string) bool {
	if p.exact == nil || method != p.method {
		return false
	}
	decoded, ok := cleanPath(path)
	return ok && p.exact.MatchString(decoded)
}

// Covers reports whether the pattern selects requests to a path, percent-encoded,
// by any method: as it stands, in another case, or with a slash at its end, for
// there are servers to which these are the same.
func (p Pattern) Covers(path string) bool {
	if p.folded == nil {
		return false
	}
	decoded, err := url.PathUnescape(path)
	return err == nil && p.folded.MatchString(decoded) || p.folded.MatchString(bare(path)) || SamePath(p.glob, path)
}

// SamePath reports whether there are servers to which two paths,
// percent-encoded, are the same: but for their case, and slashes at the end.
func SamePath(a, b string) bool { return strings.EqualFold(bare(a), bare(b)) }

// bare is a path without the slashes at its end, decoded.
func bare(path string) string {
	if decoded, err := url.PathUnescape(path); err == nil {
		path = decoded
	}
	return strings.TrimRight(path, "/")
}

// cleanPath decodes a percent-encoded path, unless servers read it in different
// ways. A slash at the end stays.
func cleanPath(encoded string) (string, bool) {
	decoded, err := url.PathUnescape(encoded)
	if err != nil || !strings.HasPrefix(decoded, "/") || strings.ContainsFunc(decoded, ambiguous) {
		return "", false
	}
	// Whatever is encoded is read by some as it stands, and by others decoded.
	if strings.Count(decoded, "/") != strings.Count(encoded, "/") || strings.Count(decoded, ".") != strings.Count(encoded, ".") {
		return "", false
	}
	if clean := path.Clean(decoded); decoded != clean && decoded != clean+"/" {
		return "", false
	}
	return decoded, true
}

// ambiguous reports whether a character of a decoded path means different
// things: a backslash is a slash to some, a percent sign begins an escape to
// those that decode twice, what follows a semicolon is no part of the path, and
// bytes that are not UTF-8 may be an overlong slash.
func ambiguous(r rune) bool {
	return r < ' ' || r == 0x7f || r == '\\' || r == '%' || r == ';' || r == utf8.RuneError
}
