package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/listener"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/tunnel"
	"github.com/taskhook/taskhook/webhook"
)

// listenOptions are the flags of listen, and the options that they stand for.
type listenOptions struct {
	listener.Options
	tunnel        choice
	url           string
	allowRemote   bool
	verify        choice
	sign          choice
	routes        []string
	shield        shield
	publicKeys    []string
	skipVerify    []string
	output        choice
	headers       []string
	forwarded     choice
	faults        []string
	faultFile     string
	tokenFile     string
	ngrokConnect  string
	ngrokCA       string
	tunnelMissing bool // auto found no authtoken
	temporary     bool // what is stored is deleted at the end
}

func newListenOptions() *listenOptions {
	return &listenOptions{
		Options: listener.Options{
			Addr:  "127.0.0.1:4480",
			Proxy: proxy.Options{Timeout: 30 * time.Second, MaxBody: 5 << 20, MaxConnections: 50, Host: proxy.HostRewrite},
			Store: store.Options{Keep: 30 * 24 * time.Hour, KeepEvents: 100_000, KeepBytes: 2 << 30},
		},
		tunnel: oneOf("auto", "ngrok", "none"),
		verify: oneOf("enforce", "warn", "off"),
		sign:   oneOf(webhook.SignOriginal, webhook.SignDev),
		output: oneOf("auto", "screen", "plain", "json", "quiet"),
	}
}

func newListenCommand(a *app) *cobra.Command {
	o := newListenOptions()
	cmd := &cobra.Command{
		Use:   "listen TARGET",
		Short: "Receive webhooks and forward them to your app",
		Long: "Open a tunnel, receive Taskee's webhooks, verify their signatures, store every one,\n" +
			"and forward them to your app. TARGET is a port, host:port, a URL or unix:/run/app.sock.\n" +
			"With a path (3000/webhooks), every webhook goes to exactly that path.",
		Example: "  taskhook listen 3000\n" +
			"  taskhook listen 3000/webhooks --tunnel none --verify warn   # local only, unsigned allowed",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.understand(cmd, o, args[0]); err != nil {
				return err
			}
			return a.listenUntilDone(cmd.Context(), o)
		},
	}
	o.addFlags(cmd)
	o.addTraffic(cmd)
	return cmd
}

func (o *listenOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(&o.tunnel, "tunnel", "how Taskee reaches this machine; auto: by ngrok if its authtoken is known, else not at all")
	f.StringVar(&o.url, "url", "", "your public `URL`: a reserved domain of ngrok or, with --tunnel none, the address in front of this machine, for display only")
	addAddr(cmd, &o.Addr, &o.allowRemote, "receive on the loopback address `ADDR`, or by default on the next free port if that one is taken; :0 picks one")
	addParsed(f, &o.Path, "path", "the target's, or /webhooks", "the `PATH` of the webhook URL", parsePath)
	f.Var(&o.verify, "verify", "what happens to a bad or missing signature; enforce: answered 401 and not forwarded, warn: forwarded with a warning, off: not checked")
	o.addTargets(cmd)
	f.StringArrayVar(&o.publicKeys, "public-key", nil, "trust the PEM key in `FILE` instead of the platform's (repeatable)")
	o.addSkipVerify(cmd)
	f.Var(&o.output, "output", outputUsage)
	addDuration(f, &o.Proxy.Timeout, "timeout", "answer 408 when your app has not answered after `DURATION`; a later answer is still recorded; also the limit of --shield, if given")
	o.addReaching(cmd)
	addSize(f, &o.Proxy.MaxBody, "max-body", 256<<20, "accept bodies of at most `SIZE`")
	addNumber(f, &o.Proxy.MaxConnections, "max-connections", 1, math.MaxInt, "open at most `N` connections to your app")
	addParsed(f, &o.Proxy.Host, "host", o.Proxy.Host, "send `NAME` as the Host header, and ask for it in TLS; rewrite: the target's, preserve: the sender's", parseHost)
	f.StringArrayVar(&o.headers, "header", nil, "add the header `K:V` to what your app gets (repeatable)")
	f.BoolVar(&o.Proxy.Insecure, "insecure", false, "do not check the certificate of an https target")
	addDuration(f, &o.Store.Keep, "keep", "delete events that are older than `DURATION`")
	addNumber(f, &o.Store.KeepEvents, "keep-events", 1, math.MaxInt, "keep at most the newest `N` events")
	addSize(f, &o.Store.KeepBytes, "keep-bytes", math.MaxInt64, "keep at most `SIZE` of events")
	f.StringVar(&o.tokenFile, "ngrok-authtoken-file", "", "read the ngrok authtoken from `FILE`")
	f.StringVar(&o.ngrokConnect, "ngrok-connect-url", "", "reach ngrok at `HOST:PORT`, such as a gateway of your network")
	f.StringVar(&o.ngrokCA, "ngrok-ca", "", "trust the PEM certificates in `FILE` for the connection to ngrok")
}

// understand turns flags into what they mean; every error of it is the user's
// and nothing has been started yet.
func (a *app) understand(cmd *cobra.Command, o *listenOptions, target string) error {
	app, err := httpwire.ParseTarget(target)
	if err != nil {
		return usageError(cmd, err, "name your app as 3000, host:3000, 3000/webhooks, a URL or unix:/run/app.sock")
	}
	o.Proxy.Targets = []httpwire.Target{app}
	if o.Proxy.Header, err = parseHeaders(o.headers); err != nil {
		return usageError(cmd, err)
	}
	if err := checkAddr(cmd, o.Addr, o.allowRemote); err != nil {
		return err
	}
	o.NextPort = !cmd.Flags().Changed("addr")
	if o.Trusted, err = readKeys(cmd, o.publicKeys); err != nil {
		return err
	}
	if err := o.understandTraffic(cmd); err != nil {
		return err
	}
	if err := o.understandTargets(cmd); err != nil {
		return err
	}
	if err := o.understandSkipVerify(cmd); err != nil {
		return err
	}
	if cmd.Flags().Changed("timeout") {
		o.Proxy.ShieldTimeout = o.Proxy.Timeout // it was meant
	}
	if err := o.chooseOutput(a, cmd); err != nil {
		return err
	}
	return a.chooseTunnel(cmd, o)
}

// parsePath reads the value of --path.
func parsePath(text string) (string, error) {
	u, err := url.Parse("/" + strings.TrimPrefix(text, "/"))
	if err != nil || u.RawQuery != "" || u.Fragment != "" || u.Path == "/" && text != "/" || strings.HasPrefix(u.Path, "//") {
		return "", errors.New("want a path such as /webhooks/taskee")
	}
	return u.EscapedPath(), nil
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
		o.PublicURL = public
		return nil
	}
	ngrok.Authtoken, err = a.authtoken(o.tokenFile)
	switch {
	case err != nil:
		return err
	case ngrok.Authtoken != "":
		o.Tunnel = &ngrok
	case o.tunnel.value == "ngrok":
		return withHint(errors.New("no ngrok authtoken is known"), tunnel.AuthtokenHint)
	default:
		o.tunnelMissing, o.PublicURL = true, public
	}
	return nil
}

const outputUsage = "how events are shown; auto: on a terminal and in its foreground the screen, else plain lines"

func (o *listenOptions) chooseOutput(a *app, cmd *cobra.Command) error {
	why := a.noScreen()
	switch {
	case o.output.value == "screen" && why != nil:
		return usageError(cmd, fmt.Errorf("--output screen needs a terminal to draw on: %w", why), "use --output plain or json")
	case o.output.value == "auto" && why == nil:
		o.output.value = "screen"
	case o.output.value == "auto":
		o.output.value = "plain"
	}
	if o.output.value != "screen" {
		writeInBackground()
	}
	return nil
}

func parseHeaders(lines []string) (http.Header, error) {
	h := http.Header{}
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || !httpwire.IsToken(name) || !httpwire.IsFieldValue(value) {
			return nil, fmt.Errorf("invalid --header %q: want 'Name: value'", line)
		}
		if why := ownHeader(name); why != "" {
			return nil, fmt.Errorf("invalid --header %q: %s", line, why)
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

// complete fills in what the flags leave open.
func (o *listenOptions) complete(a *app, dir string) {
	o.Dir, o.Project, o.Version = dir, a.projectName(), version()
	o.Proxy.Mode, o.Proxy.NoForwarded, o.Proxy.Via = o.verify.value, o.forwarded.value == "off", a.via()
	o.Proxy.Sign, o.Proxy.Signer = webhook.Sign(o.sign.value), a.signing(dir)
	o.Notify = a.notify
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
