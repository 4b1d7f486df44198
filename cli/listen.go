package cli

import (
	"context"
	"errors"
	"fmt"
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
	maxBody       byteSize
	maxConns      int
	host          string
	headers       []string
	insecure      bool
	keep          span
	keepEvents    int
	keepBytes     byteSize
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
		keep: span(30 * 24 * time.Hour), keepEvents: 100_000, keepBytes: 2 << 30,
	}
}

func newListenCommand(a *app) *cobra.Command {
	o := newListenOptions()
	cmd := &cobra.Command{
		Use:   "listen TARGET",
		Short: "receive webhooks and forward them to your app",
		Long: "Open a tunnel, receive Taskee's webhooks, verify their signatures, keep every one,\n" +
			"and forward them to your app. TARGET is a port, host:port or URL; with a path\n" +
			"(3000/webhooks) every webhook goes to exactly that path.",
		Example: "  taskhook listen 3000\n" +
			"  taskhook listen 3000/webhooks --url my-team.ngrok.app\n" +
			"  taskhook listen 3000 --tunnel none --verify warn   # local only, unsigned allowed",
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
	addChoice(f, &o.tunnel, "tunnel", "how the public reaches you (auto: ngrok when an authtoken is known, else none)")
	f.StringVar(&o.url, "url", "", "your public URL: with ngrok a reserved domain, with --tunnel none the address in front of this machine, which is only shown and checked")
	addAddr(cmd, &o.addr, &o.allowRemote, "loopback ADDR to receive on; :0 picks a port")
	addChoice(f, &o.verify, "verify", "what a bad or missing signature means (enforce: answered 401 and not forwarded; warn: forwarded and marked; off: not checked)")
	f.StringArrayVar(&o.publicKeys, "public-key", nil, "trust the PEM key in FILE instead of the platform's (repeatable)")
	addChoice(f, &o.output, "output", "how events are shown (auto: screen on a terminal, else plain)")
	f.DurationVar(&o.timeout, "timeout", o.timeout, "how long your app may take")
	f.Var(&o.maxBody, "max-body", "largest body accepted")
	f.IntVar(&o.maxConns, "max-connections", o.maxConns, "connections towards your app at most")
	f.StringVar(&o.host, "host", o.host, "Host header your app sees: rewrite, preserve or a NAME")
	f.StringArrayVar(&o.headers, "header", nil, "add the header K: V to what your app gets (repeatable)")
	f.BoolVar(&o.insecure, "insecure", false, "do not check the certificate of an https target")
	f.Var(&o.keep, "keep", "how long events are kept")
	f.IntVar(&o.keepEvents, "keep-events", o.keepEvents, "how many events are kept")
	f.Var(&o.keepBytes, "keep-bytes", "how many bytes of events are kept")
	f.StringVar(&o.tokenFile, "ngrok-authtoken-file", "", "read the ngrok authtoken from FILE")
	f.StringVar(&o.ngrokConnect, "ngrok-connect-url", "", "HOST:PORT of ngrok's connect address behind a proxy")
	f.StringVar(&o.ngrokCA, "ngrok-ca", "", "trust the PEM certificates in FILE for the connection to ngrok")
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
	if err := o.checkValues(cmd); err != nil {
		return err
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

// checkValues checks what the type of a flag leaves open.
func (o *listenOptions) checkValues(cmd *cobra.Command) error {
	switch {
	case o.host != proxy.HostRewrite && o.host != proxy.HostPreserve && !httpwire.IsHost(o.host):
		return usageError(cmd, fmt.Errorf("invalid --host %q", o.host), "want rewrite, preserve, or a name such as app.example.test:3000")
	case o.timeout <= 0:
		return usageError(cmd, errors.New("--timeout must be more than zero"))
	case o.maxConns < 1:
		return usageError(cmd, errors.New("--max-connections must be at least 1"))
	case o.keepEvents < 1:
		return usageError(cmd, errors.New("--keep-events must be at least 1"))
	case o.maxBody < 1 || o.maxBody > 256<<20:
		return usageError(cmd, errors.New("--max-body must be between 1 byte and 256 MiB"))
	}
	return nil
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
			Timeout: o.timeout, MaxBody: int64(o.maxBody), MaxConnections: o.maxConns,
			Host: o.host, Header: o.header, Insecure: o.insecure,
			Shield: o.traffic.shield, ShieldTimeout: o.shieldTimeout,
			Signer: func() (taskee.Signer, error) { return a.devSigner(dir) },
		},
		Store:  store.Options{Keep: time.Duration(o.keep), KeepEvents: o.keepEvents, KeepBytes: int64(o.keepBytes)},
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
