package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/export"
)

// resendFlags are the flags of resend.
type resendFlags struct {
	to         string
	newID      bool
	sign       choice
	set        []string
	unverified bool
	json       bool
}

func newResendCommand(a *app) *cobra.Command {
	f := resendFlags{sign: oneOf("original", "dev", "none", "corrupt")}
	cmd := &cobra.Command{
		Use:   "resend ID…",
		Short: "send stored events to your app again",
		Long: "Send stored events again: by default the original bytes, headers and signature, to the\n" +
			"running listener's target. An event is named 42, #42, latest or by its webhookId.",
		Example: "  taskhook resend latest\n" +
			"  taskhook resend 42 --new-id                     # new webhookId and timestamp\n" +
			"  taskhook resend 42 --set email='\"jane@example.com\"' --to 3001",
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.resend(cmd)
			if err != nil {
				return err
			}
			b, err := a.openBackend(cmd.Context(), writes)
			if err != nil {
				return err
			}
			return errors.Join(a.resendAll(cmd.Context(), b, args, r, f.json), b.close())
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.to, "to", "", "send to this TARGET instead")
	fl.BoolVar(&f.newID, "new-id", false, "put in a new webhookId and timestamp, sign with the development key")
	addChoice(fl, &f.sign, "sign", "signature headers (as received, by the development key, none at all, broken)")
	fl.StringArrayVar(&f.set, "set", nil, "change one value of the JSON body, PATH=VALUE (repeatable)")
	fl.BoolVar(&f.unverified, "unverified", false, "send even an event that was rejected")
	fl.BoolVar(&f.json, "json", false, "print one JSON object per attempt")
	return cmd
}

// resend understands the flags.
func (f *resendFlags) resend(cmd *cobra.Command) (webhook.Resend, error) {
	r := webhook.Resend{To: f.to, NewID: f.newID, Unverified: f.unverified}
	if f.to != "" {
		if _, err := httpwire.ParseTarget(f.to); err != nil {
			return r, usageError(cmd, fmt.Errorf("invalid --to: %w", err))
		}
	}
	var err error
	if r.Set, err = parseEdits(f.set); err != nil {
		return r, usageError(cmd, err)
	}
	if cmd.Flags().Changed("sign") {
		r.Sign = webhook.Sign(f.sign.value)
	}
	return r, nil
}

// parseEdits understands path=value; the value is JSON, or else a string.
func parseEdits(set []string) ([]webhook.Edit, error) {
	var edits []webhook.Edit
	for _, s := range set {
		path, value, ok := strings.Cut(s, "=")
		if !ok || path == "" {
			return nil, fmt.Errorf("invalid --set %q: want PATH=VALUE, such as data.email=jane@example.com", s)
		}
		edits = append(edits, webhook.Edit{Path: path, Value: value})
	}
	return edits, nil
}

// resendAll sends events one after the other and goes on past failures.
func (a *app) resendAll(ctx context.Context, b *backend, names []string, r webhook.Resend, asJSON bool) error {
	ids, err := findAll(ctx, b, names)
	if err != nil {
		return err
	}
	if err := a.needTarget(ctx, b, r.To); err != nil {
		return err
	}
	failed := 0
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.EventID = id
		sent, err := b.Resend(ctx, r)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			failed++
			a.report(resendError(id, err))
			continue
		}
		if !webhook.Delivered(sent.Attempt.StatusCode) {
			failed++
		}
		if err := a.printResent(sent, asJSON); err != nil {
			return err
		}
	}
	if failed > 0 {
		return errReported
	}
	return nil
}

// needTarget refuses to go on when nobody knows where to send.
func (a *app) needTarget(ctx context.Context, b *backend, to string) error {
	if to != "" {
		return nil
	}
	l, err := b.Listener(ctx)
	if err != nil {
		return err
	}
	if l.Target == "" {
		return &hintError{err: errors.New("no target is known"), hint: "name your app with --to 3000", code: exitUsage}
	}
	return nil
}

func resendError(id webhook.ID, err error) error { return sendError("resend", id, err) }

// sendError says why a stored event could not be sent.
func sendError(what string, id webhook.ID, err error) error {
	err = fmt.Errorf("%s %s: %w", what, id, err)
	switch {
	case errors.Is(err, webhook.ErrUnverified):
		return withHint(err, "look at it first: taskhook events show "+fmt.Sprint(uint64(id))+"; then add --unverified if it is yours")
	case errors.Is(err, webhook.ErrPruned):
		return withHint(err, "have it sent again; a larger --max-body takes larger ones")
	case errors.Is(err, jsjson.ErrPath):
		return withHint(err, "see what the body has: taskhook events show "+fmt.Sprint(uint64(id)))
	}
	return err
}

func (a *app) printResent(r webhook.Resent, asJSON bool) error {
	at := r.Attempt
	for _, n := range r.Notes {
		a.note("%s: %s", at.EventID, n)
	}
	if asJSON {
		return export.AttemptLine(a.stdout, at, r.State)
	}
	outcome := at.Error
	if at.StatusCode != 0 {
		outcome = fmt.Sprintf("%d in %s", at.StatusCode, format.Duration(at.Duration))
	}
	_, err := fmt.Fprintf(a.stdout, "%s → %s  %s  (the event: %s)\n", at.EventID, format.CleanLines(at.Target), format.CleanLines(outcome), r.State)
	return err
}
