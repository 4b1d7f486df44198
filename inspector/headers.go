package inspector

import (
	"net/http"
	"slices"

	"taskhook/webhook"
	"taskhook/webhook/export"
)

// headerLines is the Headers tab: the request line, then every value in order,
// sorted by name.
func headerLines(e webhook.Event, width int) []line {
	b := &lineBuilder{width: width}
	uri := e.Path
	if e.RawQuery != "" {
		uri += "?" + e.RawQuery
	}
	b.add(lookTitle, export.Clean(e.Method+" "+uri))
	if e.Host != "" {
		b.add(lookField, export.Clean("Host: "+e.Host))
	}
	b.addHeader(lookField, e.Header)
	if e.RemoteAddr != "" {
		b.blank()
		b.add(lookDim, export.Clean("from "+e.RemoteAddr+" ("+string(e.Source)+")"))
	}
	return b.lines
}

func (b *lineBuilder) addHeader(l look, h http.Header) {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range h[name] {
			if b.full() {
				return
			}
			b.add(l, export.Clean(name+": "+value))
		}
	}
}
