package listener

import (
	"net/http"
	"testing"

	"github.com/taskhook/taskhook/proxy"
)

// TestPagesOfThePublicURLAreLetThrough has a tunnel of another maker in front.
func TestPagesOfThePublicURLAreLetThrough(t *testing.T) {
	o := testOptions(t, newApp(t, ok))
	o.PublicURL, o.Proxy.Mode = "https://hooks.example.com", proxy.ModeOff
	l := open(t, o)
	for host, want := range map[string]int{"hooks.example.com": http.StatusOK, "evil.test": http.StatusForbidden} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.local+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("a page's request for %s was answered %d, want %d", host, resp.StatusCode, want)
		}
	}
}
