package sandbox

import (
	"embed"
	"html/template"
	"net/http"
)

//go:embed page.html page.css page.js
var pageFiles embed.FS

var pageTemplate = template.Must(template.ParseFS(pageFiles, "page.html"))

// pagePolicy lets the page use nothing but itself.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// pageView is what the page shows.
type pageView struct {
	LogPage
	Query   LogQuery
	Success string // share of what has an outcome
	States  []State
}

// page shows the log, as the platform's dashboard does. It works without its
// script, which only keeps it up to date.
func (s *Sandbox) page(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/html; charset=utf-8")
	q, err := logQuery(r.URL.Query())
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		q = LogQuery{}
	}
	log, err := s.Log(q)
	if err != nil {
		http.Error(w, "the log cannot be read", http.StatusInternalServerError)
		return
	}
	view := pageView{LogPage: log, Query: q, States: []State{StateDelivered, StateFailed, StatePending, StateUnsent}}
	if n := log.Rates.Delivered + log.Rates.Failed; n > 0 {
		view.Success = percent(log.Rates.Delivered, n)
	}
	if err := pageTemplate.Execute(w, view); err != nil {
		s.logger.Error("the page of the log failed", "error", err)
	}
}

// asset serves the page's style and script.
func (s *Sandbox) asset(w http.ResponseWriter, r *http.Request) {
	kinds := map[string]string{"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}
	kind, ok := kinds[r.PathValue("asset")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	text, err := pageFiles.ReadFile(r.PathValue("asset"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(text)
}
