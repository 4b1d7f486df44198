package proxy

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

// Route sends the events that a filter selects to a target of their own, or to
// nobody. [ParseRoute] makes one.
type Route struct {
	Filter string          // in canonical form
	Target httpwire.Target // zero: the events are kept, and not forwarded

	filter *filter.Filter
}

// The parts of a route as it is written.
const (
	routeArrow = "->"
	routeNone  = "none"
)

// String writes the route as [ParseRoute] reads it.
func (r Route) String() string {
	target := routeNone
	if !r.Target.IsZero() {
		target = r.Target.String()
	}
	return r.Filter + " " + routeArrow + " " + target
}

// RouteError is returned for a text that is no route.
type RouteError struct {
	Offset, Length int    // of the wrong part, in bytes; Length 0: something is missing at Offset
	Message, Hint  string // lower case, without a period; one thing to do
}

// Error returns the message and the hint in one line.
func (e *RouteError) Error() string { return e.Message + ": " + e.Hint }

// ParseRoute reads FILTER -> TARGET, or FILTER -> none. The filter may use what
// is known when an event arrives. The error is always a *[RouteError].
func ParseRoute(text string) (Route, error) {
	at := strings.LastIndex(text, routeArrow) // no target has one
	if at < 0 {
		return Route{}, &RouteError{len(text), 0, "it names no target", "write FILTER -> TARGET, such as 'type:Contact* -> 3001'"}
	}
	if strings.TrimSpace(text[:at]) == "" {
		return Route{}, &RouteError{0, at, "it has no filter", "the events that no route takes go to the app that listen names"}
	}
	f, err := filter.ParseArriving(text[:at])
	var bad *filter.SyntaxError
	if errors.As(err, &bad) {
		return Route{}, &RouteError{bad.Offset, bad.Length, bad.Message, bad.Hint}
	}
	r := Route{Filter: f.String(), filter: f}
	from := at + len(routeArrow)
	name := strings.TrimSpace(text[from:])
	if name == routeNone {
		return r, nil
	}
	if r.Target, err = httpwire.ParseTarget(name); err != nil {
		from += strings.Index(text[from:], name)
		return Route{}, &RouteError{from, len(name), err.Error(), "name an app such as 3001 or 3001/webhooks, or none"}
	}
	return r, nil
}

// Routed is a route of [Options.Routes] with the app that it leads to, nil for
// none.
type Routed struct {
	Route
	App *App
}

// Routes are those of the options, in the order in which they are tried.
func (p *Proxy) Routes() []Routed {
	all := make([]Routed, len(p.router.routes))
	for i, w := range p.router.routes {
		all[i] = w.Routed
	}
	return all
}

// router decides who gets an event. The zero value sends everything to the rest.
type router struct {
	rest   *App // gets what no route takes
	routes []*way
	jq     filter.JQ
	logger *slog.Logger
}

// way is a route that is tried.
type way struct {
	Routed
	scans  sync.Pool // of the filter: a scan serves one goroutine at a time
	warned atomic.Bool
}

func (r *router) add(route Route, app *App) {
	w := &way{Routed: Routed{route, app}}
	w.scans.New = func() any { return route.filter.At(time.Now(), r.jq) }
	r.routes = append(r.routes, w)
}

// destination is who gets an event.
type destination struct {
	app  *App   // nil: nobody
	by   *way   // the route that decided; nil: none of them takes it
	note string // why it goes to the rest though a route may have taken it, or ""
}

// of decides who gets an event: the first route whose filter selects it leads
// there. Where that cannot be told the rest gets it: an event goes to no app for
// which it may not be meant.
func (r *router) of(e *webhook.Event) destination {
	if len(r.routes) == 0 {
		return destination{app: r.rest}
	}
	sum := webhook.Summary{Event: *e}
	row := filter.RowOf(&sum)
	for _, w := range r.routes {
		switch takes, err := w.takes(&row, e); {
		case err != nil:
			if !w.warned.Swap(true) {
				r.logger.Warn("a route cannot tell whether it takes an event: such events go to the app that takes the rest, and their notes say why", "route", format.MaskURLs(w.String()), "error", err)
			}
			note := fmt.Sprintf("whether the route %s takes it cannot be told: %v; so it went to %s", format.MaskURLs(w.String()), err, r.rest.target.Short())
			return destination{app: r.rest, note: note}
		case takes:
			return destination{app: w.App, by: w}
		}
	}
	return destination{app: r.rest}
}

func (w *way) takes(row *filter.Row, e *webhook.Event) (bool, error) {
	scan, _ := w.scans.Get().(*filter.Scan)
	defer w.scans.Put(scan)
	scan.Move(time.Now())
	return scan.Certain(row, filter.InMemory(e))
}

// ignore keeps an event that a route sends to nobody, and answers 200.
func (p *Proxy) ignore(w http.ResponseWriter, r *http.Request, e *webhook.Event, by *way) {
	reason := "the route " + by.String() + " sends it to no app"
	e.Decision = webhook.Ignored
	e.Answer = byTaskhook(http.StatusOK, reason)
	e.Answer.SenderGone = r.Context().Err() != nil
	e.Answer.RetryAt = p.nextRetry(e, e.Answer)
	if p.store(w, r, e) {
		writeJSON(w, http.StatusOK, struct {
			Success bool   `json:"success"`
			Ignored string `json:"ignored"`
		}{true, reason})
	}
}

// whereto decides who gets a resend that names no target: who would get the
// event if it came now, as it is sent.
func (p *Proxy) whereto(s *resending) (*App, error) {
	e := s.event
	p.inspect(&e, nil) // a person may have edited it
	to := p.router.of(&e)
	if to.app == nil {
		return nil, fmt.Errorf("%w: %s", webhook.ErrIgnored, to.by)
	}
	if to.note != "" {
		s.remarks = append(s.remarks, to.note)
	}
	return to.app, nil
}
