package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
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
	edits  []webhook.Edit
	data   string
	scheme choice
	shape  choice
	count  int
	every  time.Duration // 0: as fast as it goes
	list   bool
}

func newTriggerCommand(a *app) *cobra.Command {
	f := triggerFlags{
		count:  1,
		scheme: oneOf(taskee.SchemeRSA, taskee.SchemeEd25519, taskee.SchemeBoth, taskee.SchemeNone),
		shape:  oneOf(taskee.ShapeFlat, taskee.ShapeNested),
	}
	cmd := &cobra.Command{
		Use:   "trigger [TYPE]",
		Short: "Send a sample event, signed with the development key",
		Long: "Sign a sample event with the local development key and post it to the running listener,\n" +
			"or to --to. Every event has its own webhookId and timestamp. With --data, each body is\n" +
			"exactly what you give, and TYPE may be omitted.",
		Example: "  taskhook trigger ContactCreate\n" +
			"  taskhook trigger InvoicePaid --set total=1042 --to 3000/webhooks",
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.list {
				return a.listTypes()
			}
			return a.trigger(cmd, strings.Join(args, ""), &f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.to, "to", "", "post to `TARGET` (a URL, 3000 or 3000/path), or to /path of the running listener")
	addEdits(fl, &f.edits)
	fl.StringVar(&f.data, "data", "", "send the bytes of `FILE` exactly as they are (- for standard input)")
	fl.Var(&f.scheme, "scheme", "the scheme of the signature; both: in two headers")
	fl.Var(&f.shape, "shape", shapeUsage)
	addNumber(fl, &f.count, "count", 1, math.MaxInt, "send `N` events, one after the other")
	addRate(fl, &f.every, "send at most at `RATE`, such as 5/s or 100/m")
	a.withJSON(cmd, "print one JSON object per line")
	fl.BoolVar(&f.list, "list", false, "list the event types instead")
	return cmd
}

// trigger checks the arguments, then sends.
func (a *app) trigger(cmd *cobra.Command, name string, f *triggerFlags) error {
	body, err := a.triggerBody(cmd, name, f)
	if err != nil {
		return err
	}
	t := &trigger{body: body, scheme: f.scheme.value, interval: f.every}
	if t.url, err = a.triggerURL(cmd, f.to); err != nil {
		return err
	}
	t.transport, t.asked = a.transportTo(t.url)
	if toListener(f.to) {
		client, err := a.dialListener()
		if err != nil {
			return err
		}
		defer func() { _ = client.Close() }()
		t.listener = client
	}
	if t.scheme != taskee.SchemeNone {
		pair, err := a.devPair()
		if err != nil {
			return err
		}
		t.signer = pair.signer
	}
	failed, last, err := t.run(cmd.Context(), f.count, a.printTriggered)
	if err != nil || failed == 0 {
		return err
	}
	text := "the event was not delivered"
	if f.count > 1 {
		text = fmt.Sprintf("%d of %d events were not delivered", failed, f.count)
	}
	return withHint(errors.New(text), last.hint())
}

// triggerBody returns a function that makes the body of an event at a time.
func (a *app) triggerBody(cmd *cobra.Command, name string, f *triggerFlags) (func(time.Time) ([]byte, error), error) {
	if f.data != "" {
		return a.givenBody(cmd, f)
	}
	if name == "" {
		return nil, usageError(cmd, errors.New("the event type is missing"), "see them all with: taskhook trigger --list")
	}
	t, ok := taskee.LookUp(name)
	if !ok {
		return nil, unknownType(cmd, name)
	}
	var notes []string
	sample := func(at time.Time) (body []byte, err error) {
		body, notes, err = taskee.EditAll(t.Sample(taskee.Sample{At: at, Shape: taskee.Shape(f.shape.value)}), f.edits)
		if err != nil || len(f.edits) == 0 {
			return body, err
		}
		// An app that parses and serialises the body would change a value such as
		// 1.0, and the signature would be wrong.
		return jsjson.StringifyExact(body)
	}
	first, err := sample(time.Now())
	if err != nil {
		return nil, usageError(cmd, err, fmt.Sprintf("see its fields with: taskhook trigger %s, then taskhook events show latest", t.Name))
	}
	if jsjson.Rounds(first) {
		notes = append(notes, jsjson.RoundsNote)
	}
	a.warnAll(notes)
	return sample, nil
}

// givenBody returns the bytes of --data for every event.
func (a *app) givenBody(cmd *cobra.Command, f *triggerFlags) (func(time.Time) ([]byte, error), error) {
	if cmd.Flags().Changed("shape") && !a.fromEnv["shape"] {
		return nil, usageError(cmd, errors.New("--shape is for samples, and --data sends a body as it is"), "drop one of the two")
	}
	body, err := a.readInput(f.data)
	if err != nil {
		return nil, withHint(err, "name a file that holds the body, or - for standard input")
	}
	body, notes, err := taskee.EditAll(body, f.edits)
	if err != nil {
		return nil, usageError(cmd, err, "changes need a JSON body that has the place")
	}
	a.warnAll(notes)
	return func(time.Time) ([]byte, error) { return body, nil }, nil
}

func unknownType(cmd *cobra.Command, name string) error {
	err := fmt.Errorf("there is no event type %q", name)
	if near := taskee.Nearest(name); near != "" {
		return usageError(cmd, err, fmt.Sprintf("did you mean %q? see them all with: taskhook trigger --list", near))
	}
	return usageError(cmd, err, "see them all with: taskhook trigger --list")
}

// dialListener connects to the project's running listener.
func (a *app) dialListener() (*control.Client, error) {
	dir, err := a.directory()
	if err != nil {
		return nil, err
	}
	client, err := control.Dial(dir)
	if err != nil {
		return nil, a.openError(err)
	}
	return client, nil
}

// toListener reports whether --to names no other place than the running
// listener.
func toListener(to string) bool { return to == "" || strings.HasPrefix(to, "/") }

// triggerURL is the URL to post to: that of --to, or of the running listener.
func (a *app) triggerURL(cmd *cobra.Command, to string) (string, error) {
	if toListener(to) {
		return a.listenerURL(cmd.Context(), to)
	}
	target, err := httpwire.ParseTarget(to)
	if err != nil {
		return "", usageError(cmd, err, "give --to a URL, 3000 or 3000/path")
	}
	path := webhook.GuidePath
	if strings.HasSuffix(to, "/") {
		path = "/"
	}
	return target.URL(path, ""), nil
}

// listenerURL is a path on the loopback ingress of the running listener; "" is
// that of its webhook URL.
func (a *app) listenerURL(ctx context.Context, path string) (string, error) {
	dir, err := a.directory()
	if err != nil {
		return "", err
	}
	l, err := receiving(ctx, dir)
	switch {
	case err == nil && path == "":
		return l.LocalWebhookURL(), nil
	case err == nil:
		u, err := url.Parse(l.Local + path)
		if err != nil {
			return "", usageHint(err, "give --to a path such as /webhooks")
		}
		return u.String(), nil
	}
	if errors.Is(err, control.ErrNoListener) {
		return "", usageHint(fmt.Errorf("no listener is running for project %q", a.projectName()),
			"start one with: taskhook listen 3000, or post straight to your app with --to 3000/webhooks")
	}
	return "", a.openError(err)
}

// typeLine is an event type as JSON.
type typeLine struct {
	Name        string `json:"name"`
	WireType    string `json:"wireType"`
	Category    string `json:"category"`
	Description string `json:"description"`
}

func (a *app) listTypes() error {
	var lines []typeLine
	for _, e := range taskee.Catalogue() {
		lines = append(lines, typeLine{e.Name, e.WireType, e.Category, e.Description})
	}
	return printList(a, "eventType", lines, []string{"TYPE", "ON THE WIRE", "CATEGORY", "DESCRIPTION"}, func(e typeLine) []string {
		return []string{e.Name, e.WireType, e.Category, e.Description}
	})
}
