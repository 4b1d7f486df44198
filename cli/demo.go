package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/listener"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/sandbox"
	"github.com/taskhook/taskhook/taskee"
)

// demoTypes is what the demo sends, over and over.
var demoTypes = [...]string{
	"ContactCreate", "OpportunityCreate", "ContactTagUpdate", "AppointmentCreate",
	"InvoicePaid", "TaskComplete", "InboundMessage", "NoteCreate", "OrderCreate",
}

// forgedEvery is how often an endless demo sends an unsigned request, as anybody
// who finds a public URL can.
const forgedEvery = 9

func newDemoCommand(a *app) *cobra.Command {
	o := newListenOptions()
	o.tunnel.value = "none"
	var (
		count int
		every = 1500 * time.Millisecond
	)
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Try it all offline, with a sample app, a listener and signed events",
		Long: "Run a sample app, a listener and a stream of signed events in one process, on loopback\n" +
			"ports. The app verifies and deduplicates, and answers 429 or 500 now and then. No account\n" +
			"and no network are needed. The files are in a temporary directory, unless --project or\n" +
			"--data-dir names another.",
		Example: "  taskhook demo\n" +
			"  taskhook demo --every 5s --fault 'status:500 rate:20%'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.understandTraffic(cmd); err != nil {
				return err
			}
			if err := o.chooseOutput(a, cmd); err != nil {
				return err
			}
			return a.demo(cmd, o, count, every)
		},
	}
	o.addTraffic(cmd)
	f := cmd.Flags()
	f.Var(&o.output, "output", outputUsage)
	addNumber(f, &count, "count", 0, math.MaxInt, "end after `N` events; 0: continue until stopped")
	addDuration(f, &every, "every", "send an event every `DURATION`")
	return cmd
}

// demo wires the sample app, a listener and a sender of events together.
func (a *app) demo(cmd *cobra.Command, o *listenOptions, count int, every time.Duration) (err error) {
	cleanup, err := a.demoDirectory(cmd, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cleanup()) }()
	pair, err := a.devPair()
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	appLn, err := lc.Listen(cmd.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("start the sample app: %w", err)
	}
	sample := proxy.Serve(appLn, newSampleApp(pair.keys), nil, func(err error) { a.warn("the sample app: %v", err) })
	defer sample.Close()

	o.Addr = "127.0.0.1:0"
	target, err := httpwire.ParseTarget(appLn.Addr().String())
	if err != nil {
		return err
	}
	o.Proxy.Targets = []httpwire.Target{target}
	if err := o.understandShield(cmd); err != nil {
		return err
	}
	l, err := a.openListener(cmd.Context(), o)
	if err != nil {
		return err
	}
	d, err := l.Listener(cmd.Context())
	if err != nil {
		return errors.Join(err, l.Close())
	}
	box, err := a.openDemoSandbox(cmd.Context(), l.Dir(), pair.signer, d.WebhookURL(), count)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if count > 0 {
		every = min(every, 200*time.Millisecond)
	}
	sender := &demoSender{box: box, url: d.WebhookURL(), count: count, every: every}
	return errors.Join(a.demonstrate(cmd.Context(), l, o, sender), box.Close(), l.Close())
}

// demoSpeed is how fast the sandbox of an endless demo sends again what was
// answered 429: after a second instead of ten minutes.
const demoSpeed = 600

// openDemoSandbox opens the platform of the demo. With a count nothing is sent
// again before the end.
func (a *app) openDemoSandbox(ctx context.Context, dir string, signer taskee.Signer, url string, count int) (*sandbox.Sandbox, error) {
	o := sandbox.Options{Signer: signer, Seed: 1, People: 25, Speed: demoSpeed, Target: func() string { return url }}
	a.tellSchedules(dir, &o)
	if count > 0 {
		o.Speed = 1
	}
	return sandbox.Open(ctx, "", o)
}

// demoDirectory makes a temporary data directory unless one was asked for on
// the command line: a variable names the real project, which is no place for
// samples.
func (a *app) demoDirectory(cmd *cobra.Command, o *listenOptions) (cleanup func() error, err error) {
	for _, name := range []string{"data-dir", "project"} {
		if cmd.Flags().Changed(name) && !a.fromEnv[name] {
			return func() error { return nil }, nil
		}
	}
	dir, err := os.MkdirTemp("", "taskhook-demo-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary data directory: %w", err)
	}
	a.dataDir, o.temporary = dir, true
	return func() error { return os.RemoveAll(dir) }, nil
}

// demonstrate has the sandbox send events while the listener shows them. With a
// count it ends by itself once all are shown.
func (a *app) demonstrate(ctx context.Context, l *listener.Listener, o *listenOptions, d *demoSender) error {
	showCtx, stopShow := context.WithCancel(ctx)
	defer stopShow()
	sendCtx, stopSend := context.WithCancel(ctx)
	var work sync.WaitGroup
	var sendErr, boxErr error
	work.Go(func() { boxErr = d.box.Run(sendCtx) })
	work.Go(func() {
		if sendErr = d.send(sendCtx); d.count > 0 && o.output.value != "screen" {
			stopShow()
		}
	})
	err := a.runListener(showCtx, l, o)
	stopSend()
	work.Wait()
	if errors.Is(sendErr, context.Canceled) {
		sendErr = nil
	}
	return errors.Join(err, sendErr, boxErr)
}

// demoSender has the sandbox send sample events, and now and then sends an
// unsigned one itself.
type demoSender struct {
	box   *sandbox.Sandbox
	url   string
	count int           // 0: no end
	every time.Duration // between two events
}

func (d *demoSender) send(ctx context.Context) error {
	for i := 0; d.count == 0 || i < d.count; i++ {
		if i > 0 {
			if err := retry.Sleep(ctx, d.every); err != nil {
				return err
			}
		}
		var err error
		if d.count == 0 && i%forgedEvery == forgedEvery-1 {
			err = d.forge(ctx, demoTypes[i%len(demoTypes)])
		} else {
			_, err = d.box.Trigger(ctx, demoTypes[i%len(demoTypes)])
		}
		if err != nil {
			return err
		}
	}
	return d.awaitFirstSends(ctx)
}

// awaitFirstSends waits until every event has been sent once.
func (d *demoSender) awaitFirstSends(ctx context.Context) error {
	changed := d.box.WatchLog(ctx)
	for {
		log, err := d.box.Log(sandbox.LogQuery{State: sandbox.StateRetrying, Limit: 1000})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(log.Deliveries, func(d sandbox.Delivery) bool { return len(d.Attempts) == 0 }) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// forge posts an unsigned event, as anybody who finds a public URL can.
func (d *demoSender) forge(ctx context.Context, eventType string) error {
	t, ok := taskee.LookUp(eventType)
	if !ok {
		return fmt.Errorf("the catalogue has no %s", eventType)
	}
	forged := trigger{
		body: func(at time.Time) ([]byte, error) { return t.Sample(taskee.Sample{At: at}), nil },
		url:  d.url, asked: d.url, transport: new(http.Transport), scheme: taskee.SchemeNone,
	}
	_, last, err := forged.run(ctx, 1, func(triggered) error { return nil })
	if err == nil && last.Error != "" {
		err = fmt.Errorf("send a demo event: %s", last.Error)
	}
	return err
}
