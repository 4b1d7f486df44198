package sandbox

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/taskhook/taskhook/httpwire"
)

// AdminPath is where the sandbox's own HTTP API is: everything below it.
const AdminPath = "/_sandbox/"

// LogsPath is where the page of the delivery log is.
const LogsPath = AdminPath + "logs"

// requestTimeout is how long a client may take to send its request.
const requestTimeout = 10 * time.Second

// HandlerOptions tune [Sandbox.Handler].
type HandlerOptions struct {
	Secret      string // that admin requests carry as a bearer token; "": all are refused
	AllowRemote bool   // answer requests to names other than loopback ones
}

// Handler serves everything: the platform's API, the admin API, and the page
// of the log. Only requests to a loopback name are answered unless
// o.AllowRemote, and none that a page of another origin makes.
func (s *Sandbox) Handler(o HandlerOptions) http.Handler {
	admin := s.admin(o.Secret)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(requestTimeout))
		forbid := func(why string) { s.reply(w, r, nil, refuse(http.StatusForbidden, "%s", why)) }
		switch {
		case !o.AllowRemote && !httpwire.IsLoopback(r.Host): // an attacker may have pointed another name here
			forbid("the sandbox answers to loopback names only")
		case o.AllowRemote && strings.HasPrefix(r.URL.Path, AdminPath+"log") && !httpwire.IsLoopback(r.RemoteAddr):
			forbid("the log contains payloads and is shown on this machine only")
		case crossOrigin(r):
			forbid("requests of other origins are refused")
		case strings.HasPrefix(r.URL.Path, AdminPath):
			admin.ServeHTTP(w, r)
		default:
			out, err := s.serve(w.Header(), r)
			s.reply(w, r, out, err)
		}
	})
}

// crossOrigin reports whether a browser says that another site's page makes the
// request. A link to the page of the log may be followed.
func crossOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		site := r.Header.Get("Sec-Fetch-Site")
		link := r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.URL.Path == LogsPath
		return (site == "cross-site" || site == "same-site") && !link
	}
	u, err := url.Parse(origin)
	return err != nil || u.Host != r.Host
}
