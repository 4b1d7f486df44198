package inspector

import (
	"net/http"
	"slices"
	"strings"

	"github.com/taskhook/taskhook/format"
)

// headers is the Headers tab: the request line, then every value in the order
// received, sorted by name; trailers, and what there is to know of how it came.
func (r *reading) headers(b *pageBuilder) error {
	e, err := r.event(b.ctx)
	if err != nil {
		return err
	}
	if e.Head != "" {
		b.add(lookTitle, "as it came, since it is not readable HTTP")
		for line := range strings.Lines(e.Head) {
			b.add(lookText, format.MaskURLs(strings.TrimSuffix(line, "\n")))
		}
	} else {
		b.add(lookTitle, requestLine(e.Method, e.Path, e.RawQuery))
		if e.Host != "" {
			b.add(lookField, "Host: "+e.Host)
		}
		b.header(e.Header)
	}
	if len(e.Trailer) > 0 {
		b.blank()
		b.add(lookTitle, "trailers, after the body")
		b.header(e.Trailer)
	}
	if len(e.Notes) > 0 {
		b.blank()
	}
	for _, note := range e.Notes {
		b.add(lookWarn, note)
	}
	if e.RemoteAddr != "" {
		b.blank()
		b.add(lookDim, "from "+e.RemoteAddr+" ("+string(e.Source)+")")
	}
	return nil
}

func requestLine(method, path, query string) string {
	if query != "" {
		path += "?" + query
	}
	return method + " " + format.MaskURLs(path)
}

func (b *pageBuilder) header(h http.Header) {
	for _, l := range headerText(h) {
		b.add(lookField, l)
	}
}

// headerText is a header line by line.
func headerText(h http.Header) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	var lines []string
	for _, name := range names {
		for _, value := range h[name] {
			lines = append(lines, strings.TrimSpace(name)+": "+format.MaskURLs(value)) // Location and Referer are URLs
		}
	}
	return lines
}
