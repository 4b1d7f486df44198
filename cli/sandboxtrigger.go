package cli

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/taskee"
)

func newSandboxTrigger(a *app) *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:     "trigger TYPE",
		Short:   "Send any event of the catalogue, with data from the sandbox",
		Example: "  taskhook sandbox trigger ContactCreate\n  taskhook sandbox trigger InvoicePaid",
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, ok := taskee.LookUp(args[0]); !ok {
				return unknownType(cmd, args[0])
			}
			return a.triggerInSandbox(cmd.Context(), args[0])
		},
	}, "print one JSON object")
}

func (a *app) triggerInSandbox(ctx context.Context, eventType string) error {
	var out struct {
		WebhookID string `json:"webhookId"`
	}
	if err := a.askSandbox(ctx, http.MethodPost, "trigger", map[string]string{"type": eventType}, &out); err != nil {
		return err
	}
	return a.print("triggered", map[string]string{"type": eventType, "webhookId": out.WebhookID}, "%s %s", eventType, out.WebhookID)
}
