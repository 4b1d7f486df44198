package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"taskhook/proxy"
	"taskhook/taskee"
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
			if err := o.rehearse.understand(cmd); err != nil {
				return err
			}
			if err := o.chooseOutput(a, cmd); err != nil {
				return err
			}
			return a.demo(cmd, o, count, every)
		},
	}
	o.rehearse.add(cmd)
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

	o.listen = "127.0.0.1:0"
	if o.target, err = proxy.ParseTarget(appLn.Addr().String()); err != nil {
		return err
	}
	s, err := a.openSession(cmd.Context(), o)
	if err != nil {
		return err
	}
	return errors.Join(s.demonstrate(cmd.Context(), signer, count, every), s.close())
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

// demonstrate sends events while the session shows them. With a count it ends
// by itself once all are shown.
func (s *session) demonstrate(ctx context.Context, signer taskee.Signer, count int, every time.Duration) error {
	if count > 0 {
		every = min(every, 200*time.Millisecond)
	}
	showCtx, stopShow := context.WithCancel(ctx)
	defer stopShow()
	sender := &demoSender{url: s.local + "/webhooks", signer: signer}
	sendCtx, stopSend := context.WithCancel(ctx)
	sent := make(chan error, 1)
	go func() {
		err := sender.send(sendCtx, count, every)
		if count > 0 && s.opts.output.value != "screen" {
			stopShow()
		}
		sent <- err
	}()
	err := s.run(showCtx)
	stopSend()
	if sendErr := <-sent; sendErr != nil && ctx.Err() == nil && !errors.Is(sendErr, context.Canceled) {
		err = errors.Join(err, sendErr)
	}
	return err
}

// demoSender plays the platform: it signs sample events and posts them.
type demoSender struct {
	url    string
	signer taskee.Signer
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
		scheme := taskee.SchemeRSA
		if count == 0 && i%forgedEvery == forgedEvery-1 {
			scheme = taskee.SchemeNone
		}
		if err := d.post(ctx, demoTypes[i%len(demoTypes)], scheme); err != nil {
			return err
		}
	}
	return nil
}

func (d *demoSender) post(ctx context.Context, eventType, scheme string) error {
	t, ok := taskee.LookUp(eventType)
	if !ok {
		return fmt.Errorf("the catalogue has no %s", eventType)
	}
	body := t.Sample(taskee.Sample{At: time.Now()})
	header, err := d.signer.Sign(body, scheme)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("send a demo event: %w", err)
	}
	return resp.Body.Close()
}
