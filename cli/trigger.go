package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/control"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// triggerFlags are the flags of trigger.
type triggerFlags struct {
	to     string
	set    []string
	data   string
	scheme choice
	shape  choice
	count  int
	rate   rate
	json   bool
	list   bool
}

func newTriggerCommand(a *app) *cobra.Command {
	f := triggerFlags{
		scheme: oneOf(taskee.SchemeRSA, taskee.SchemeEd25519, taskee.SchemeBoth, taskee.SchemeNone),
		shape:  oneOf(string(taskee.ShapeFlat), string(taskee.ShapeNested)),
	}
	cmd := &cobra.Command{
		Use:   "trigger TYPE",
		Short: "send a sample event, signed with the development key",
		Long: "Sign a sample event with the local development key and post it to the running listener, or\n" +
			"to --to. Every event has a webhookId and a timestamp of its own. With --data the body is\n" +
			"exactly what you give, each time, and TYPE may be left out.",
		Example: "  taskhook trigger ContactCreate\n" +
			"  taskhook trigger InvoicePaid --set total=1042\n" +
			"  taskhook trigger ContactCreate --to 3000/webhooks --count 100 --rate 20/s\n" +
			"  taskhook trigger --data body.json --scheme both\n" +
			"  taskhook trigger --list",
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.list {
				return listTypes(a.stdout, f.json)
			}
			return a.trigger(cmd, strings.Join(args, ""), &f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.to, "to", "", "post to this URL (or 3000, or 3000/path; /path alone: of the running listener)")
	fl.StringArrayVar(&f.set, "set", nil, "change one value of the body, PATH=VALUE (repeatable)")
	fl.StringVar(&f.data, "data", "", "send the bytes of FILE (- for standard input) exactly as they are")
	addChoice(fl, &f.scheme, "scheme", "which signatures to send")
	addChoice(fl, &f.shape, "shape", "shape of the sample (flat as on the wire, nested as in the guide)")
	fl.IntVar(&f.count, "count", 1, "how many events to send, one after the other")
	fl.Var(&f.rate, "rate", "send no faster than this, such as 5/s or 100/m")
	fl.BoolVar(&f.json, "json", false, "print one JSON object a line")
	fl.BoolVar(&f.list, "list", false, "list the event types instead")
	return cmd
}

// trigger understands the arguments, then sends.
func (a *app) trigger(cmd *cobra.Command, name string, f *triggerFlags) error {
	if f.count < 1 {
		return usageError(cmd, errors.New("--count must be at least 1"))
	}
	body, err := a.triggerBody(cmd, name, f)
	if err != nil {
		return err
	}
	t := &trigger{body: body, scheme: f.scheme.value, interval: f.rate.interval}
	if t.url, err = a.triggerURL(cmd, f.to); err != nil {
		return err
	}
	if t.scheme != taskee.SchemeNone {
		dir, err := a.directory()
		if err != nil {
			return err
		}
		if t.signer, err = a.devSigner(dir); err != nil {
			return err
		}
	}
	failed, last, err := t.run(cmd.Context(), f.count, func(r triggered) error { return printTriggered(a.stdout, r, f.json) })
	if err != nil || failed == 0 {
		return err
	}
	text := "the event was not delivered"
	if f.count > 1 {
		text = fmt.Sprintf("%d of %d events were not delivered", failed, f.count)
	}
	return withHint(errors.New(text), last.hint())
}

// triggerBody returns what makes the body of each event at a time.
func (a *app) triggerBody(cmd *cobra.Command, name string, f *triggerFlags) (func(time.Time) ([]byte, error), error) {
	edits, err := parseEdits(f.set)
	if err != nil {
		return nil, usageError(cmd, err)
	}
	if f.data != "" {
		return a.givenBody(cmd, f, edits)
	}
	if name == "" {
		return nil, usageError(cmd, errors.New("the event type is missing"), "see them all with: taskhook trigger --list")
	}
	t, ok := taskee.LookUp(name)
	if !ok {
		return nil, unknownType(cmd, name)
	}
	sample := func(at time.Time) ([]byte, error) {
		body, err := edit(t.Sample(taskee.Sample{At: at, Shape: taskee.Shape(f.shape.value)}), edits)
		if err != nil || len(edits) == 0 {
			return body, err
		}
		// A value such as 1.0 would read otherwise once an app has parsed and
		// written it, and the signature would not fit.
		return jsjson.Stringify(body)
	}
	if _, err := sample(time.Now()); err != nil {
		return nil, usageError(cmd, err, fmt.Sprintf("see its fields with: taskhook trigger %s, then taskhook events show latest", t.Name))
	}
	return sample, nil
}

// givenBody is the body from --data, for every event the same bytes.
func (a *app) givenBody(cmd *cobra.Command, f *triggerFlags, edits []webhook.Edit) (func(time.Time) ([]byte, error), error) {
	if cmd.Flags().Changed("shape") && !a.fromEnv["shape"] {
		return nil, usageError(cmd, errors.New("--shape is for samples, and --data sends a body as it is"), "drop one of the two")
	}
	body, err := a.readInput(f.data)
	if err != nil {
		return nil, withHint(err, "name a file that holds the body, or - for standard input")
	}
	if body, err = edit(body, edits); err != nil {
		return nil, usageError(cmd, err, "--set needs a JSON body with this path")
	}
	return func(time.Time) ([]byte, error) { return body, nil }, nil
}

// edit changes values of a JSON body in place.
func edit(body []byte, edits []webhook.Edit) ([]byte, error) {
	for _, e := range edits {
		changed, err := jsjson.Set(body, e.Path, e.Value)
		if err != nil {
			return nil, fmt.Errorf("--set %s: %w", e.Path, err)
		}
		body = changed
	}
	return body, nil
}

func unknownType(cmd *cobra.Command, name string) error {
	err := fmt.Errorf("there is no event type %q", name)
	if near := taskee.Nearest(name); near != "" {
		return usageError(cmd, err, fmt.Sprintf("did you mean %q? see them all with: taskhook trigger --list", near))
	}
	return usageError(cmd, err, "see them all with: taskhook trigger --list")
}

// guidePath is where the guide's examples listen: where to post when a URL
// names no path.
const guidePath = "/webhooks"

// triggerURL is where to post to: what --to names, or the running listener.
func (a *app) triggerURL(cmd *cobra.Command, to string) (string, error) {
	if to == "" || strings.HasPrefix(to, "/") {
		return a.listenerURL(cmd.Context(), to)
	}
	target, err := httpwire.ParseTarget(to)
	if err != nil {
		return "", usageError(cmd, err, "give --to a URL, 3000 or 3000/path")
	}
	return withPath(target.String(), strings.HasSuffix(to, "/"))
}

// listenerURL is a path on the loopback ingress of the running listener.
func (a *app) listenerURL(ctx context.Context, path string) (string, error) {
	dir, err := a.directory()
	if err != nil {
		return "", err
	}
	client, err := control.Dial(dir)
	if err == nil {
		defer func() { _ = client.Close() }()
		var l webhook.Listener
		if l, err = client.Listener(ctx); err == nil && l.Local != "" {
			return withPath(l.Local+path, path != "")
		}
		if err == nil {
			err = control.ErrNoListener // somebody only looks at the stored events
		}
	}
	if errors.Is(err, control.ErrNoListener) {
		return "", &hintError{
			err:  fmt.Errorf("no listener is running for project %q", a.projectName()),
			hint: "start one with: taskhook listen 3000, or post straight to your app with --to 3000/webhooks", code: exitUsage,
		}
	}
	return "", err
}

// withPath gives a URL without a path the guide's, unless it is to have none.
func withPath(s string, none bool) (string, error) {
	u, err := url.Parse(s)
	if err != nil {
		return "", err
	}
	if u.Path == "" && none {
		u.Path = "/"
	}
	if u.Path == "" {
		u.Path = guidePath
	}
	return u.String(), nil
}

func listTypes(w io.Writer, asJSON bool) error {
	t := newTable(w, "TYPE", "ON THE WIRE", "CATEGORY", "DESCRIPTION")
	for _, e := range taskee.Catalogue() {
		if !asJSON {
			t.row(e.Name, e.WireType, e.Category, e.Description)
			continue
		}
		err := printJSON(w, struct {
			Kind        string `json:"kind"`
			Name        string `json:"name"`
			WireType    string `json:"wireType"`
			Category    string `json:"category"`
			Description string `json:"description"`
		}{"eventType", e.Name, e.WireType, e.Category, e.Description})
		if err != nil {
			return err
		}
	}
	if asJSON {
		return nil
	}
	return t.end()
}

// rate is a flag value such as 5/s or 100/m; a bare number counts a second.
// The zero value is as fast as it goes.
type rate struct {
	text     string
	interval time.Duration // between two events
}

func (r *rate) String() string { return r.text }
func (r *rate) Type() string   { return "N/s" }
func (r *rate) Set(s string) error {
	number, unit, _ := strings.Cut(s, "/")
	per, known := map[string]time.Duration{"": time.Second, "s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !known || strings.HasSuffix(s, "/") || !(n > 0 && n <= 1e6) || float64(per)/n > float64(24*time.Hour) {
		return errors.New("want a rate such as 5/s, 100/m or 0.5/s")
	}
	r.text, r.interval = s, time.Duration(float64(per)/n)
	return nil
}
