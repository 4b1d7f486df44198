package e2e

import (
	"flag"
	"net"
	"net/http"
	"os"

	"github.com/taskhook/taskhook/tunnel/fakengrok"
)

// edgeMain is ngrok's cloud on loopback: edge [-token T] CAFILE. It writes its
// certificate into the file. A request to its local address cuts the
// connections of all agents.
func edgeMain() {
	token := flag.String("token", "", "the only authtoken that is good")
	flag.Parse()
	edge, err := fakengrok.Start()
	fail(err)
	if *token != "" {
		edge.RequireToken(*token)
	}
	fail(os.WriteFile(flag.Arg(0), edge.CA(), 0o644))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	fail(err)
	readyLine(map[string]string{"connect": edge.Addr(), "local": "http://" + ln.Addr().String()})
	fail(http.Serve(ln, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { edge.Drop() })))
}
