package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/sandbox"
	"github.com/taskhook/taskhook/taskee"
)

// demoTypes is what the demo sends, over and over.
var demoTypes = [...]string{
	"ContactCreate", "OpportunityCreate", "ContactTagUpdate", "AppointmentCreate",
	"InvoicePaid", "TaskComplete", "InboundMessage", "NoteCreate", "OrderCreate",
}

// forgedEvery is how often an endless demo sends an unsigned request, as
// strangers who find a public URL do.
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
		Short: "see it all offline: a sample app, a listener and signed events",
		Long: "Run a sample receiver (it verifies, deduplicates, and now and then answers 429 or 500),\n" +
			"a listener and a stream of signed events in one process on loopback ports. It needs no\n" +
			"account and no network, and keeps its files in a temporary directory unless told otherwise.",
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if count < 0 || every < 0 {
				return usageError(cmd, errors.New("--count and --every cannot be negative"))
			}
			if err := o.traffic.understand(cmd); err != nil {
				return err
			}
			if err := o.chooseOutput(a, cmd); err != nil {
				return err
			}
			return a.demo(cmd, o, count, every)
		},
	}
	o.traffic.add(cmd)
	f := cmd.Flags()
	addChoice(f, &o.output, "output", "how events are shown (auto: screen on a terminal, else plain)")
	f.IntVar(&count, "count", 0, "end after this many events; 0: go on until stopped")
	f.DurationVar(&every, "every", every, "pause between two events")
	return cmd
}

// demo wires the sample app, a listener and a sender of events together.
func (a *app) demo(cmd *cobra.Command, o *listenOptions, count int, every time.Duration) (err error) {
	cleanup, err := a.demoDirectory(cmd)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cleanup()) }()
	dir, err := a.directory()
	if err != nil {
		return err
	}
	signer, err := a.devSigner(dir)
	if err != nil {
		return err
	}
	keys, err := loadDevPublic(dir)
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	appLn, err := lc.Listen(cmd.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("start the sample app: %w", err)
	}
	appServer := proxy.NewServer(newSampleApp(keys), nil)
	served := make(chan error, 1)
	go func() { served <- appServer.Serve(appLn) }()
	defer func() {
		_ = appServer.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			a.warn("the sample app ended: %v", err)
		}
	}()

	o.addr = "127.0.0.1:0"
	if o.target, err = httpwire.ParseTarget(appLn.Addr().String()); err != nil {
		return err
	}
	s, err := a.openSession(cmd.Context(), o)
	if err != nil {
		return err
	}
	box, err := openDemoSandbox(cmd.Context(), signer, s.local+"/webhooks", count)
	if err != nil {
		return errors.Join(err, s.close())
	}
	return errors.Join(s.demonstrate(cmd.Context(), box, count, every), box.Close(), s.close())
}

// demoSpeed is how fast the sandbox of an endless demo sends again what was
// answered 429: after a second instead of ten minutes.
const demoSpeed = 600

// openDemoSandbox opens the platform of the demo. With a count nothing is sent
// again before the end.
func openDemoSandbox(ctx context.Context, signer taskee.Signer, url string, count int) (*sandbox.Sandbox, error) {
	o := sandbox.Options{Signer: signer, Seed: 1, People: 25, Speed: demoSpeed, Target: func() string { return url }}
	if count > 0 {
		o.Speed = 1
	}
	return sandbox.Open(ctx, "", o)
}

// demoDirectory makes a temporary data directory unless one was asked for on
// the command line: a variable names the real project, which is no place for
// samples.
func (a *app) demoDirectory(cmd *cobra.Command) (cleanup func() error, err error) {
	for _, name := range []string{"data-dir", "project"} {
		if cmd.Flags().Changed(name) && !a.fromEnv[name] {
			return func() error { return nil }, nil
		}
	}
	dir, err := os.MkdirTemp("", "taskhook-demo-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary data directory: %w", err)
	}
	a.dataDir = dir
	return func() error { return os.RemoveAll(dir) }, nil
}

// demonstrate has the sandbox send events while the session shows them. With a
// count it ends by itself once all are shown.
func (s *session) demonstrate(ctx context.Context, box *sandbox.Sandbox, count int, every time.Duration) error {
	if count > 0 {
		every = min(every, 200*time.Millisecond)
	}
	showCtx, stopShow := context.WithCancel(ctx)
	defer stopShow()
	sendCtx, stopSend := context.WithCancel(ctx)
	var work sync.WaitGroup
	var sendErr, runErr error
	work.Go(func() { runErr = box.Run(sendCtx) })
	work.Go(func() {
		d := demoSender{box: box, url: s.local + "/webhooks"}
		if sendErr = d.send(sendCtx, count, every); count > 0 && s.opts.output.value != "screen" {
			stopShow()
		}
	})
	err := s.run(showCtx)
	stopSend()
	work.Wait()
	if sendErr != nil && ctx.Err() == nil && !errors.Is(sendErr, context.Canceled) {
		err = errors.Join(err, sendErr)
	}
	return errors.Join(err, runErr)
}

// demoSender has the sandbox send sample events, and now and then plays a
// stranger.
type demoSender struct {
	box *sandbox.Sandbox
	url string
}

func (d *demoSender) send(ctx context.Context, count int, every time.Duration) error {
	for i := 0; count == 0 || i < count; i++ {
		if i > 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(every):
			}
		}
		var err error
		if count == 0 && i%forgedEvery == forgedEvery-1 {
			err = d.forge(ctx, demoTypes[i%len(demoTypes)])
		} else {
			_, err = d.box.Trigger(ctx, demoTypes[i%len(demoTypes)])
		}
		if err != nil {
			return err
		}
	}
	return d.settle(ctx)
}

// settle waits until every event has been sent once.
func (d *demoSender) settle(ctx context.Context) error {
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

// forge posts an unsigned event, as strangers who find a public URL do.
func (d *demoSender) forge(ctx context.Context, eventType string) error {
	t, ok := taskee.LookUp(eventType)
	if !ok {
		return fmt.Errorf("the catalogue has no %s", eventType)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader(t.Sample(taskee.Sample{At: time.Now()})))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("send a demo event: %w", err)
	}
	return resp.Body.Close()
}
