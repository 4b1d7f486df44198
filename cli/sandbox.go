package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/control"
	"github.com/taskhook/taskhook/files"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/sandbox"
	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook/export"
)

// The sandbox's files in the data directory.
const (
	sandboxDB         = "sandbox.db"
	sandboxRSAPublic  = "sandbox-rsa.pub.pem"
	sandboxEd25519Pub = "sandbox-ed25519.pub.pem"
)

// sandboxOptions are the flags of sandbox.
type sandboxOptions struct {
	addr        string
	allowRemote bool
	memory      bool
	seed        uint64
	webhookURL  string
	scheme      choice
	shape       choice
	speed       string
	fixtures    string
	people      int
	timeout     time.Duration
	json        bool

	speedValue retry.Speed
	fixed      *sandbox.Fixtures
}

func newSandboxCommand(a *app) *cobra.Command {
	o := &sandboxOptions{
		addr: "127.0.0.1:4490", scheme: oneOf(taskee.SchemeRSA, taskee.SchemeEd25519, taskee.SchemeBoth),
		shape: oneOf(string(taskee.ShapeFlat), string(taskee.ShapeNested)), speed: "1x", people: 25, timeout: 10 * time.Second,
	}
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Taskee on your own machine: Contacts API, tokens, signed webhooks",
		Long: "Serve the Contacts API with private integration tokens, send signed webhooks for every change, retry\n" +
			"after a 429 by the platform's rules, and keep a delivery log. It needs no account and no network.\n" +
			"Without --webhook-url, webhooks go to the project's running listener.",
		Example: "  taskhook sandbox                          # then: taskhook contacts list\n" +
			"  taskhook sandbox --webhook-url http://127.0.0.1:3000/webhooks --speed 600x\n" +
			"  taskhook sandbox trigger ContactCreate\n" +
			"  taskhook sandbox logs --follow",
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.understand(cmd); err != nil {
				return err
			}
			return a.serveSandbox(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.addr, "addr", o.addr, "serve the API on `ADDR`; :0 picks a port")
	f.BoolVar(&o.allowRemote, "allow-remote", false, "let --addr name an address beyond loopback")
	f.BoolVar(&o.memory, "memory", false, "keep nothing")
	f.Uint64Var(&o.seed, "seed", 1, "of generated people, IDs and retry jitter")
	f.StringVar(&o.webhookURL, "webhook-url", "", "send webhooks to this URL instead of the running listener")
	addChoice(f, &o.scheme, "scheme", "how webhooks are signed (both: two headers)")
	addChoice(f, &o.shape, "shape", "shape of the webhooks (flat as on the wire, nested as in the guide)")
	f.StringVar(&o.speed, "speed", o.speed, "of the ten minutes between retries: 1x, 600x or instant")
	f.StringVar(&o.fixtures, "fixtures", "", "fill a new sandbox from FILE: {\"locations\":[…],\"contacts\":[…]}")
	f.IntVar(&o.people, "people", o.people, "contacts that a new sandbox has")
	f.DurationVar(&o.timeout, "timeout", o.timeout, "how long a receiver may take; later is logged as 408")
	f.BoolVar(&o.json, "json", false, "print the ready line as JSON")
	cmd.AddCommand(newSandboxTokens(a), newSandboxClock(a), newSandboxApp(a), newSandboxSettings(a),
		newSandboxTrigger(a), newSandboxLogs(a), newSandboxFaults(a))
	return cmd
}

func (o *sandboxOptions) understand(cmd *cobra.Command) error {
	var err error
	if o.speedValue, err = retry.ParseSpeed(o.speed); err != nil {
		return usageError(cmd, fmt.Errorf("invalid --speed: %w", err), "want 1x, 600x or instant")
	}
	switch {
	case o.people < 0 || o.people > 1_000_000:
		return usageError(cmd, fmt.Errorf("invalid --people %d", o.people), "want a number from 0 to 1000000")
	case o.timeout <= 0:
		return usageError(cmd, errors.New("--timeout must be more than zero"))
	}
	if o.webhookURL, err = parseWebhookURL(o.webhookURL); err != nil {
		return usageError(cmd, err, "want http://127.0.0.1:3000/webhooks or the like")
	}
	if o.fixtures == "" {
		return nil
	}
	file, err := os.Open(o.fixtures)
	if err != nil {
		return usageError(cmd, fmt.Errorf("read --fixtures: %w", err), `it is a JSON file: {"contacts":[{"firstName":"Jane"}]}`)
	}
	defer func() { _ = file.Close() }()
	if o.fixed, err = sandbox.ReadFixtures(file); err != nil {
		return usageError(cmd, fmt.Errorf("%s: %w", o.fixtures, err), `it is a JSON file: {"contacts":[{"firstName":"Jane"}]}`)
	}
	return nil
}

// parseWebhookURL accepts "" and http or https URLs.
func parseWebhookURL(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	t, err := httpwire.ParseTarget(text)
	if err != nil {
		return "", fmt.Errorf("invalid --webhook-url: %w", err)
	}
	return t.String(), nil
}

// sandboxState is what the commands know a running sandbox by.
type sandboxState struct {
	API        string `json:"api"` // "": it has ended
	Token      string `json:"token"`
	LocationID string `json:"locationId"`
	Secret     string `json:"secret"`
}

func readSandboxState(dir string) (sandboxState, error) {
	var st sandboxState
	text, err := os.ReadFile(filepath.Join(dir, sandboxFile))
	if err != nil {
		return st, err
	}
	return st, json.Unmarshal(text, &st)
}

func writeSandboxState(dir string, st sandboxState) error {
	text, err := json.MarshalIndent(st, "", "  ")
	if err != nil {
		return err
	}
	return files.Write(filepath.Join(dir, sandboxFile), append(text, '\n'), 0o600)
}

// serveSandbox runs a sandbox until ctx ends.
func (a *app) serveSandbox(ctx context.Context, o *sandboxOptions) error {
	dir, err := a.directory()
	if err != nil {
		return err
	}
	signer, err := a.devSigner(dir)
	if err != nil {
		return err
	}
	log, err := openLog(dir)
	if err != nil {
		return withHint(fmt.Errorf("open the log: %w", err), "choose another data directory with --data-dir DIR")
	}
	defer func() { _ = log.Close() }()
	path := filepath.Join(dir, sandboxDB)
	if o.memory {
		path = ""
	}
	restore, err := a.claimSandbox(ctx, dir, o.memory)
	if err != nil {
		return err
	}
	defer restore()
	s, err := sandbox.Open(ctx, path, sandbox.Options{
		Signer: signer, Scheme: o.scheme.value, Shape: taskee.Shape(o.shape.value), Speed: o.speedValue,
		Target: a.webhookTarget(dir, o.webhookURL), Seed: o.seed, People: o.people, Fixtures: o.fixed, Timeout: o.timeout,
		Logger: newLogger(log, func(text string) { a.warn("%s", text) }),
	})
	var locked *store.LockedError
	switch {
	case errors.As(err, &locked):
		return withHint(fmt.Errorf("a sandbox of project %q is running already", a.projectName()), "use it: taskhook contacts list; or keep another apart with --project NAME")
	case errors.Is(err, sandbox.ErrNewerSchema):
		return withHint(err, "update taskhook, or keep another sandbox apart with --project NAME")
	case err != nil && o.fixed != nil:
		return withHint(err, "correct "+o.fixtures)
	case err != nil:
		return err
	}
	if aside := s.SetAside(); aside != "" {
		a.warn("%s", aside)
	}
	return errors.Join(a.runSandbox(ctx, s, dir, o), s.Close())
}

// claimSandbox refuses to stand beside a sandbox that runs in the same
// directory. What one that keeps nothing writes there is taken back by restore.
func (a *app) claimSandbox(ctx context.Context, dir string, memory bool) (restore func(), err error) {
	path := filepath.Join(dir, sandboxFile)
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if st, err := readSandboxState(dir); err == nil && st.API != "" {
		var all []sandbox.Token
		if a.askSandbox(ctx, http.MethodGet, "tokens", nil, &all) == nil {
			return nil, withHint(fmt.Errorf("a sandbox of project %q is running already at %s", a.projectName(), st.API),
				"use it: taskhook contacts list; or keep another apart with --project NAME")
		}
	}
	if !memory {
		return func() {}, nil
	}
	return func() {
		if before == nil {
			_ = os.Remove(path)
			return
		}
		_ = files.Write(path, before, 0o600)
	}, nil
}

// runSandbox serves an open sandbox.
func (a *app) runSandbox(ctx context.Context, s *sandbox.Sandbox, dir string, o *sandboxOptions) error {
	ln, err := listenLoopback(ctx, o.addr, o.allowRemote)
	if err != nil {
		return err
	}
	st, err := a.sandboxReady(ctx, s, dir, "http://"+ln.Addr().String())
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	srv := proxy.NewServer(s.Handler(sandbox.HandlerOptions{Secret: st.Secret, AllowRemote: o.allowRemote}), nil)
	var tasks sync.WaitGroup
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	tasks.Go(func() {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			stop(fmt.Errorf("the server ended: %w", err))
		}
	})
	tasks.Go(func() {
		if err := s.Run(ctx); err != nil {
			stop(fmt.Errorf("webhooks cannot be delivered: %w", err))
		}
	})
	err = a.sandboxBanner(s, dir, st, o)
	if err == nil {
		<-ctx.Done()
		if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
			err = cause
		}
	}
	a.releaseSignals()
	stop(nil)
	if within(flushTime, srv.Shutdown) != nil {
		_ = srv.Close()
	}
	tasks.Wait()
	st.API = "" // token and secret stay for the next time
	return errors.Join(err, writeSandboxState(dir, st))
}

// sandboxReady makes sure of a start token and writes what others find the
// sandbox by.
func (a *app) sandboxReady(ctx context.Context, s *sandbox.Sandbox, dir, api string) (sandboxState, error) {
	st, err := readSandboxState(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		a.warn("%s cannot be read and is written anew: %v", sandboxFile, err)
	}
	if st.LocationID, err = s.StartLocation(); err != nil {
		return st, err
	}
	if st.Token == "" || !s.Works(st.Token) {
		_, text, err := s.CreateToken(ctx, sandbox.Token{
			Name: "start", Description: "made when the sandbox was", Scopes: taskee.Scopes(), LocationID: st.LocationID,
		})
		if err != nil {
			return st, fmt.Errorf("make the start token: %w", err)
		}
		st.Token = text
	}
	if st.Secret == "" {
		st.Secret = rand.Text() + rand.Text()
	}
	st.API = api
	keys, err := s.PublicKeys()
	if err != nil {
		return st, err
	}
	return st, errors.Join(writeSandboxKeys(dir, keys), writeSandboxState(dir, st))
}

// writeSandboxKeys writes the public halves of what webhooks are signed with.
func writeSandboxKeys(dir string, keys map[string][]byte) error {
	return errors.Join(
		files.Write(filepath.Join(dir, sandboxRSAPublic), keys[taskee.SchemeRSA], 0o644),
		files.Write(filepath.Join(dir, sandboxEd25519Pub), keys[taskee.SchemeEd25519], 0o644),
	)
}

// sandboxBanner says where everything is.
func (a *app) sandboxBanner(s *sandbox.Sandbox, dir string, st sandboxState, o *sandboxOptions) error {
	url := o.webhookURL
	if url == "" {
		url = a.webhookTarget(dir, "")()
	}
	logs := st.API + sandbox.LogsPath
	if o.json {
		type keys struct {
			RSA     string `json:"rsa"`
			Ed25519 string `json:"ed25519"`
		}
		return export.Line(a.stdout, struct {
			Kind       string `json:"kind"`
			API        string `json:"api"`
			Token      string `json:"token"`
			LocationID string `json:"locationId"`
			PublicKeys keys   `json:"publicKeys"`
			WebhookURL string `json:"webhookUrl"`
			Logs       string `json:"logs"`
		}{"ready", st.API, st.Token, st.LocationID, keys{filepath.Join(dir, sandboxRSAPublic), filepath.Join(dir, sandboxEd25519Pub)}, url, logs})
	}
	if url == "" {
		url = "the project's listener, once it runs: taskhook listen 3000"
	}
	_, err := fmt.Fprintf(a.stdout, "taskhook sandbox\n\n  api       %s\n  token     %s\n  location  %s\n  webhooks  %s\n  logs      %s\n  keys      %s\n\n"+
		"Try:  taskhook contacts list\n      taskhook sandbox trigger ContactCreate\n\n", st.API, st.Token, st.LocationID, url, logs, filepath.Join(dir, sandboxRSAPublic))
	all, listErr := s.Tokens()
	for _, t := range all {
		if t.Overdue {
			a.warn("the token of %q is older than 90 days: taskhook sandbox tokens rotate %s", t.Name, t.ID)
		}
	}
	return errors.Join(err, listErr)
}

// How long the listener's address is believed without asking, and how long it
// may take to say.
const (
	targetFor  = 250 * time.Millisecond
	targetWait = time.Second
)

// webhookTarget is where webhooks go: the URL that was named, or else the
// project's running listener, "" while none runs.
func (a *app) webhookTarget(dir, url string) func() string {
	var (
		mu    sync.Mutex
		last  string
		asked time.Time
	)
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		if url != "" || last != "" && time.Since(asked) < targetFor {
			return last + url
		}
		last, asked = "", time.Now()
		client, err := control.Dial(dir)
		if err != nil {
			return ""
		}
		defer func() { _ = client.Close() }()
		ctx, cancel := context.WithTimeout(context.Background(), targetWait)
		defer cancel()
		if l, err := client.Listener(ctx); err == nil && l.Local != "" {
			last = l.Local + "/webhooks"
		}
		return last
	}
}
