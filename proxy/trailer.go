package proxy

import (
	"net/http"
	"strconv"

	"github.com/taskhook/taskhook/httpwire"
)

// cameTrailer returns the trailers that came, without those that were only
// announced; nil: none.
func cameTrailer(announced http.Header) http.Header {
	var came http.Header
	for name, values := range announced {
		if len(values) == 0 {
			continue
		}
		if came == nil {
			came = http.Header{}
		}
		came[name] = values
	}
	return came
}

// trailerNames are the names of the trailers that go to the app, in order.
func (r *request) trailerNames() []string {
	if len(r.trailer) == 0 {
		return nil
	}
	var names []string
	for _, name := range sortedNames(r.trailer) {
		if httpwire.IsToken(name) && !httpwire.HopByHop(name, nil) {
			names = append(names, name)
		}
	}
	return names
}

// appendLength writes how long the body is. Trailers need a body in chunks: it
// is one, whose size ends the head.
func (r *request) appendLength(b []byte) []byte {
	if names := r.trailerNames(); names != nil {
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
		for _, name := range names {
			b = appendField(b, "Trailer", name)
		}
		return b
	}
	if len(r.body) > 0 || r.length {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, int64(len(r.body)), 10)
		b = append(b, "\r\n"...)
	}
	return b
}

// appendHeadEnd ends the head.
func (r *request) appendHeadEnd(b []byte) []byte {
	b = append(b, "\r\n"...)
	if len(r.body) > 0 && r.trailerNames() != nil {
		b = strconv.AppendInt(b, int64(len(r.body)), 16)
		b = append(b, "\r\n"...)
	}
	return b
}

// tail is what follows the body; nil: nothing does.
func (r *request) tail() []byte {
	names := r.trailerNames()
	if names == nil {
		return nil
	}
	var b []byte
	if len(r.body) > 0 {
		b = append(b, "\r\n"...)
	}
	b = append(b, "0\r\n"...)
	for _, name := range names {
		for _, v := range r.trailer[name] {
			if httpwire.IsFieldValue(v) {
				b = appendField(b, name, v)
			}
		}
	}
	return append(b, "\r\n"...)
}
