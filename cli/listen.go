package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/listener"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/tunnel"
	"github.com/taskhook/taskhook/verify"
)

// listenOptions are the flags of listen.
type listenOptions struct {
	tunnel        choice
	url           string
	addr          string
	allowRemote   bool
	verify        choice
	publicKeys    []string
	output        choice
	timeout       time.Duration
	maxBody       int64
	maxConns      int
	host          string
	headers       []string
	insecure      bool
	keep          time.Duration
	keepEvents    int
	keepBytes     int64
	tokenFile     string
	ngrokConnect  string
	ngrokCA       string
	target        httpwire.Target
	header        http.Header
	keys          []verify.Key    // that replace the platform's; nil: the platform's
	ngrok         *tunnel.Options // nil: no tunnel
	publicURL     string          // of what is in front instead of a tunnel
	tunnelMissing bool            // auto found no authtoken
	shieldTimeout time.Duration
	traffic       trafficFlags
}

func newListenOptions() *listenOptions {
	return &listenOptions{
		tunnel:  oneOf("auto", "ngrok", "none"),
		addr:    "127.0.0.1:4480",
		verify:  oneOf("enforce", "warn", "off"),
		output:  oneOf("auto", "screen", "plain", "json", "quiet"),
		timeout: 30 * time.Second, maxBody: 5 << 20, maxConns: 50,
		host: "rewrite",
		keep: 30 * 24 * time.Hour, keepEvents: 100_000, keepBytes: 2 << 30,
	}
}

func newListenCommand(a *app) *cobra.Command {
	o := newListenOptions()
	cmd := &cobra.Command{
		Use:   "listen TARGET",
		Short: "Receive webhooks and forward them to your app",
		Long: "Open a tunnel, receive Taskee's webhooks, verify their signatures, store every one,\n" +
			"and forward them to your app. TARGET is a port, host:port or a URL. With a path\n" +
			"(3000/webhooks), every webhook goes to exactly that path.",
		Example: "  taskhook listen 3000\n" +
			"  taskhook listen 3000/webhooks --tunnel none --verify warn   # local only, unsigned allowed",
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.understand(cmd, o, args[0]); err != nil {
				return err
			}
			return a.listenUntilDone(cmd.Context(), o)
		},
	}
	o.addFlags(cmd)
	o.traffic.add(cmd)
	return cmd
}

func (o *listenOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(&o.tunnel, "tunnel", "how Taskee reaches this machine; auto: by ngrok if its authtoken is known, else not at all")
	f.StringVar(&o.url, "url", "", "your public `URL`: a reserved domain of ngrok or, with --tunnel none, the address in front of this machine, for display only")
	addAddr(cmd, &o.addr, &o.allowRemote, "receive on the loopback address `ADDR`; :0 picks a port")
	f.Var(&o.verify, "verify", "what happens to a bad or missing signature; enforce: answered 401 and not forwarded, warn: forwarded with a warning, off: not checked")
	f.StringArrayVar(&o.publicKeys, "public-key", nil, "trust the PEM key in `FILE` instead of the platform's (repeatable)")
	f.Var(&o.output, "output", outputUsage)
	addDuration(f, &o.timeout, "timeout", "give your app at most `DURATION` to answer")
	addSize(f, &o.maxBody, "max-body", 256<<20, "accept bodies of at most `SIZE`")
	addNumber(f, &o.maxConns, "max-connections", 1, math.MaxInt, "open at most `N` connections to your app")
	addParsed(f, &o.host, "host", o.host, "send `NAME` as the Host header; rewrite: the target's, preserve: the sender's", parseHost)
	f.StringArrayVar(&o.headers, "header", nil, "add the header `K:V` to what your app gets (repeatable)")
	f.BoolVar(&o.insecure, "insecure", false, "do not check the certificate of an https target")
	addDuration(f, &o.keep, "keep", "delete events that are older than `DURATION`")
	addNumber(f, &o.keepEvents, "keep-events", 1, math.MaxInt, "keep at most the newest `N` events")
	addSize(f, &o.keepBytes, "keep-bytes", math.MaxInt64, "keep at most `SIZE` of events")
	f.StringVar(&o.tokenFile, "ngrok-authtoken-file", "", "read the ngrok authtoken from `FILE`")
	f.StringVar(&o.ngrokConnect, "ngrok-connect-url", "", "reach ngrok at `HOST:PORT`, such as a gateway of your network")
	f.StringVar(&o.ngrokCA, "ngrok-ca", "", "trust the PEM certificates in `FILE` for the connection to ngrok")
}

// understand turns flags into what they mean; every error of it is the user's
// and nothing has been started yet.
func (a *app) understand(cmd *cobra.Command, o *listenOptions, target string) error {
	var err error
	if o.target, err = httpwire.ParseTarget(target); err != nil {
		return usageError(cmd, err, "name your app as 3000, host:3000, 3000/webhooks or a URL")
	}
	if o.header, err = parseHeaders(o.headers); err != nil {
		return usageError(cmd, err)
	}
	if err := checkAddr(cmd, o.addr, o.allowRemote); err != nil {
		return err
	}
	if o.keys, err = readKeys(cmd, o.publicKeys); err != nil {
		return err
	}
	if err := o.traffic.understand(cmd); err != nil {
		return err
	}
	if cmd.Flags().Changed("timeout") {
		o.shieldTimeout = o.timeout // it was meant
	}
	if err := o.chooseOutput(a, cmd); err != nil {
		return err
	}
	return a.chooseTunnel(cmd, o)
}

// parseHost reads the value of --host.
func parseHost(text string) (string, error) {
	if text != proxy.HostRewrite && text != proxy.HostPreserve && !httpwire.IsHost(text) {
		return "", errors.New("want rewrite, preserve, or a name such as app.example.test:3000")
	}
	return text, nil
}

// chooseTunnel decides between ngrok and none, so that everything ngrok needs
// is known before anything is opened.
func (a *app) chooseTunnel(cmd *cobra.Command, o *listenOptions) error {
	ngrok := tunnel.Options{URL: o.url, ConnectURL: o.ngrokConnect}
	if o.ngrokCA != "" {
		var err error
		if ngrok.CA, err = os.ReadFile(o.ngrokCA); err != nil {
			return usageError(cmd, fmt.Errorf("read --ngrok-ca: %w", err))
		}
	}
	public, err := parsePublicURL(o.url)
	if err != nil {
		return usageError(cmd, err, "give a reserved ngrok domain, or the address in front of this machine, such as hooks.example.com")
	}
	if o.tunnel.value == "none" {
		o.publicURL = public
		return nil
	}
	ngrok.Authtoken, err = a.authtoken(o.tokenFile)
	switch {
	case err != nil:
		return err
	case ngrok.Authtoken != "":
		o.ngrok = &ngrok
	case o.tunnel.value == "ngrok":
		return withHint(errors.New("no ngrok authtoken is known"), authtokenHint)
	default:
		o.tunnelMissing, o.publicURL = true, public
	}
	return nil
}

const outputUsage = "how events are shown; auto: on a terminal the screen, else plain lines"

const authtokenHint = "copy yours from dashboard.ngrok.com/get-started/your-authtoken, then: export NGROK_AUTHTOKEN=…"

func (o *listenOptions) chooseOutput(a *app, cmd *cobra.Command) error {
	onTerminal := isTerminal(a.stdin) && isTerminal(a.stdout)
	switch {
	case o.output.value == "screen" && !onTerminal:
		return usageError(cmd, errors.New("--output screen needs a terminal"), "use --output plain or json")
	case o.output.value == "screen" && a.env("TERM") == "dumb":
		return usageError(cmd, errors.New("--output screen needs a terminal that can be drawn on, and TERM is dumb"), "use --output plain")
	case o.output.value == "auto" && onTerminal && a.env("TERM") != "dumb":
		o.output.value = "screen"
	case o.output.value == "auto":
		o.output.value = "plain"
	}
	return nil
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd()))
}

func parseHeaders(lines []string) (http.Header, error) {
	h := http.Header{}
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || !httpwire.IsToken(name) || !httpwire.IsFieldValue(value) {
			return nil, fmt.Errorf("invalid --header %q: want 'Name: value'", line)
		}
		h.Add(name, value)
	}
	return h, nil
}

// listenUntilDone is `taskhook listen` after its arguments are understood.
func (a *app) listenUntilDone(ctx context.Context, o *listenOptions) error {
	l, err := a.openListener(ctx, o)
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return nil // stopped while it started
	case err != nil:
		return err
	}
	return errors.Join(a.runListener(ctx, l, o), l.Close())
}

// listenerOptions are the flags as a listener takes them.
func (a *app) listenerOptions(dir string, o *listenOptions) listener.Options {
	return listener.Options{
		Dir: dir, Project: a.projectName(), Version: version(),
		Addr: o.addr, Tunnel: o.ngrok, PublicURL: o.publicURL,
		Trusted: o.keys, Faults: o.traffic.rules,
		Proxy: proxy.Options{
			Targets: []httpwire.Target{o.target}, Mode: o.verify.value,
			Timeout: o.timeout, MaxBody: o.maxBody, MaxConnections: o.maxConns,
			Host: o.host, Header: o.header, Insecure: o.insecure,
			Shield: o.traffic.shield, ShieldTimeout: o.shieldTimeout,
			Signer: func() (taskee.Signer, error) { return a.devSigner(dir) },
		},
		Store:  store.Options{Keep: o.keep, KeepEvents: o.keepEvents, KeepBytes: o.keepBytes},
		Notify: a.notify,
	}
}

// notify tells a person what a listener says, unless the screen does.
func (a *app) notify(n listener.Notice) {
	switch {
	case a.screen.Load() != nil:
	case n.Warning:
		a.warn("%s", n.Text)
	default:
		a.note("%s", n.Text)
	}
}
