package cli

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/sandbox"
)

// logFlags are the flags of sandbox logs.
type logFlags struct {
	webhookID, eventType string
	state                choice
	status, limit        int
	follow               bool
}

func newSandboxLogs(a *app) *cobra.Command {
	f := logFlags{state: anyOf(sandbox.States()...), limit: 50}
	cmd := &cobra.Command{
		Use:   "logs",
		Short: "Show the platform's delivery log",
		Example: "  taskhook sandbox logs --state failed\n" +
			"  taskhook sandbox logs --follow --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.sandboxLogs(cmd.Context(), f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.webhookID, "webhook-id", "", "only webhooks whose webhookId begins with `PREFIX`")
	fl.StringVar(&f.eventType, "type", "", "only webhooks of this `TYPE`")
	addNumber(fl, &f.status, "status", 100, 599, "only webhooks whose last answer had this `STATUS`")
	fl.Var(&f.state, "state", "only webhooks in this state; unsent: toggled off, or without a URL")
	addNumber(fl, &f.limit, "limit", 1, 1000, "show at most `N` webhooks")
	fl.BoolVar(&f.follow, "follow", false, "continue with what happens next")
	a.withJSON(cmd, "print one JSON object per line")
	cmd.AddCommand(newSandboxAction(a, "logs", "retry WEBHOOK_ID", "Retry a webhook now instead of when it is due", http.MethodPost, "log/%s/retry", "retrying %s now"))
	return cmd
}

func (f logFlags) query() string {
	v := url.Values{"limit": {strconv.Itoa(f.limit)}}
	set := func(name, value string) {
		if value != "" && value != "0" {
			v.Set(name, value)
		}
	}
	set("webhookId", f.webhookID)
	set("type", f.eventType)
	set("state", f.state.value)
	set("status", strconv.Itoa(f.status))
	return "log?" + v.Encode()
}

func (a *app) sandboxLogs(ctx context.Context, f logFlags) error {
	c, err := a.openSandbox()
	if err != nil {
		return err
	}
	var changed <-chan struct{}
	if f.follow {
		if changed, err = c.watchLog(ctx); err != nil {
			return err
		}
	}
	printed := map[uint64]int{} // how many attempts of a webhook have been printed
	for {
		var page sandbox.LogPage
		if err := c.ask(ctx, http.MethodGet, f.query(), nil, &page); err != nil {
			return err
		}
		for _, d := range slices.Backward(page.Deliveries) {
			if n, known := printed[d.Number]; known && n == len(d.Attempts) {
				continue
			}
			printed[d.Number] = len(d.Attempts)
			if err := a.printDelivery(d); err != nil {
				return err
			}
		}
		if !f.follow {
			if len(page.Deliveries) == 0 && f.selects() {
				a.note("no webhooks match")
			}
			return a.printRates(page.Rates)
		}
		if _, ok := <-changed; !ok {
			if ctx.Err() != nil {
				return nil
			}
			return errors.New("the sandbox has ended")
		}
	}
}

// selects reports whether any of the flags selects webhooks.
func (f logFlags) selects() bool {
	return f.webhookID != "" || f.eventType != "" || f.state.value != "" || f.status != 0
}

// deliveryLine is a webhook of the log as JSON.
type deliveryLine struct {
	sandbox.Delivery
	Status  int    `json:"status"`
	Outcome string `json:"outcome"`
}

func (a *app) printDelivery(d sandbox.Delivery) error {
	status := "–"
	if d.LastStatus() != 0 {
		status = strconv.Itoa(d.LastStatus())
	}
	cause := ""
	if c := d.Caused(); c != "" {
		cause = "  (" + c + ")"
	}
	return a.print("webhook", deliveryLine{d, d.LastStatus(), d.Outcome()}, "%s  %s  %s %4s  %s%s",
		format.Clock(d.CreatedAt.Local()), d.WebhookID, column(d.Type, 20), status, d.Outcome(), cause)
}

func (a *app) printRates(r sandbox.Rates) error {
	return a.print("rates", r, "%s: %d delivered, %d failed, %d retrying, %d not sent",
		format.Plural(r.All, "webhook", "webhooks"), r.Delivered, r.Failed, r.Retrying, r.Unsent)
}

// watchLog tells when webhooks of the log have changed, until ctx or the sandbox
// ends.
func (st sandboxState) watchLog(ctx context.Context) (<-chan struct{}, error) {
	resp, err := st.send(ctx, http.MethodGet, "log/events", nil) //nolint:bodyclose // the goroutine below does
	if err != nil {
		return nil, err
	}
	out := make(chan struct{}, 1)
	go func() { // ends with the response, which ends with ctx or the sandbox
		defer close(out)
		defer func() { _ = resp.Body.Close() }()
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if !strings.HasPrefix(lines.Text(), "data: ") {
				continue
			}
			select {
			case out <- struct{}{}:
			default: // one that is waiting is enough
			}
		}
	}()
	return out, nil
}
