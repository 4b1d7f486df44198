package sandbox

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/taskee"
)

//go:embed page.html page.css page.js
var pageFiles embed.FS

var pageTemplate = template.Must(template.New("page.html").Funcs(template.FuncMap{"datetime": format.DateTime}).ParseFS(pageFiles, "page.html"))

// pagePolicy lets the page load nothing but its own parts.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// log serves the delivery log: what the page needs is open, as a browser sends
// no secret.
func (a *adminMux) log() {
	a.HandleFunc("GET "+LogsPath, a.s.page)
	for name, kind := range map[string]string{"page.css": "text/css", "page.js": "text/javascript"} {
		a.HandleFunc("GET "+LogsPath+"/"+name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind+"; charset=utf-8")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			http.ServeFileFS(w, r, pageFiles, name)
		})
	}
	a.HandleFunc("GET /_sandbox/log", a.s.logJSON)
	a.HandleFunc("GET /_sandbox/log/events", a.s.events)
	handle(a, "POST /_sandbox/log/{id}/retry", func(r *http.Request, _ none) (any, error) { return a.s.RetryNow(r.Context(), r.PathValue("id")) })
}

// States are all states of a webhook, in the order in which people read them.
func States() []State {
	return []State{StateDelivered, StateFailed, StateRetrying, StateUnsent}
}

// maxLogLimit bounds how many webhooks a request for the log gets.
const maxLogLimit = 1000

// logQuery reads a query of the log.
func logQuery(v url.Values) (LogQuery, error) {
	q := LogQuery{WebhookID: v.Get("webhookId"), Type: v.Get("type"), State: State(v.Get("state"))}
	var status, limit uint64
	for name, into := range map[string]*uint64{"status": &status, "before": &q.Before, "after": &q.After, "limit": &limit} {
		text := v.Get(name)
		if text == "" {
			continue
		}
		var err error
		if *into, err = strconv.ParseUint(text, 10, 63); err != nil {
			return q, fmt.Errorf("%s must be a number", name)
		}
	}
	q.Status, q.Limit = int(min(status, 1000)), int(min(limit, maxLogLimit))
	if q.State != "" && !slices.Contains(States(), q.State) {
		return q, fmt.Errorf("state must be one of %v", States())
	}
	return q, nil
}

// logJSON answers a query of the log.
func (s *Sandbox) logJSON(w http.ResponseWriter, r *http.Request) {
	q, err := logQuery(r.URL.Query())
	if err != nil {
		s.reply(w, r, nil, refuse(http.StatusBadRequest, "%s", err))
		return
	}
	page, err := s.Log(q)
	s.reply(w, r, page, err)
}

// pageView is what the page shows.
type pageView struct {
	LogPage
	Query   LogQuery
	Success string // share of the webhooks with a final outcome, "" if none has one
	States  []State
}

// page shows the log, as the platform's dashboard does. It works without its
// script, which only updates it.
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
	view := pageView{LogPage: log, Query: q, States: States()}
	if n := log.Rates.Delivered + log.Rates.Failed; n > 0 {
		view.Success = fmt.Sprintf("%d%%", 100*log.Rates.Delivered/n) // rounded down: 100% means all
	}
	if err := pageTemplate.Execute(w, view); err != nil {
		s.logger.Error("the page of the log failed", "error", err)
	}
}

// Signatures are the headers that the webhook was signed with, one a line.
func (d Delivery) Signatures() string {
	var b strings.Builder
	for _, name := range []string{taskee.HeaderRSA, taskee.HeaderEd25519} {
		for _, v := range d.Header[name] {
			fmt.Fprintf(&b, "%s: %s\n", strings.ToLower(name), v)
		}
	}
	return b.String()
}

// Result says in a line what came of the attempt.
func (a Attempt) Result() string {
	if a.Status == 0 {
		return a.Error
	}
	out := format.Answer(a.Status, time.Duration(a.DurationMS*float64(time.Millisecond)))
	if a.Error != "" {
		out += ", " + a.Error
	}
	return out
}

// keepAlive is how often a stream of events says that it is alive.
const keepAlive = 15 * time.Second

// events streams the numbers of webhooks that have changed, as server-sent
// events.
func (s *Sandbox) events(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Time{})
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	changed := s.WatchLog(r.Context())
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	text := ": ready\n\n"
	for {
		_ = rc.SetWriteDeadline(time.Now().Add(keepAlive))
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
		if err := rc.Flush(); err != nil {
			return
		}
		select {
		case n, ok := <-changed:
			if !ok {
				return
			}
			text = fmt.Sprintf("data: %d\n\n", n)
		case <-tick.C:
			text = ": alive\n\n"
		}
	}
}
