package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/control"
	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/webhook"
)

func newStoreSalvageCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "salvage FILE",
		Short: "Bring back what is intact in the file of a damaged store",
		Long: "Look through FILE, page by page, and store every event that is intact in the project's\n" +
			"store, under the number that it had: through the running listener if there is one. FILE\n" +
			"stays as it is; events that are stored already are skipped. An event that may have been\n" +
			"deleted, because nothing leads to it any more, is marked as such.\n\n" +
			"FILE is one that was set aside, a backup, or the store itself while no listener runs:\n" +
			"that is set aside first.",
		Example: "  taskhook store salvage events.db.damaged-20261201-173645\n" +
			"  taskhook events list --filter is:possibly-deleted",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			if file, err = a.notTheStoreItself(cmd.Context(), file); err != nil {
				return err
			}
			b, err := a.openBackend(cmd.Context(), creates)
			if err != nil {
				return err
			}
			report, err := b.Salvage(cmd.Context(), file, nil)
			return errors.Join(a.salvageError(err), b.close(), a.reportSalvage(report, err))
		},
	}
	return a.withJSON(cmd, "print one JSON object")
}

// notTheStoreItself sets the project's own store aside if that is what is to
// be salvaged, and returns the file to read.
func (a *app) notTheStoreItself(ctx context.Context, file string) (string, error) {
	given, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", withHint(fmt.Errorf("there is no file %s", file), "see which there are: taskhook store info")
	case err != nil:
		return "", err
	case !given.Mode().IsRegular():
		return "", withHint(fmt.Errorf("%s is no file that could be a store", file), "see which there are: taskhook store info")
	}
	path, err := a.storePath()
	if err != nil {
		return "", err
	}
	own, err := os.Stat(path)
	if err != nil || !os.SameFile(given, own) {
		return file, nil //nolint:nilerr // there is no store yet
	}
	if _, err := receiving(ctx, filepath.Dir(path)); !errors.Is(err, control.ErrNoListener) {
		return "", a.salvageError(webhook.ErrOwnFile)
	}
	aside, err := store.SetAside(path)
	if err != nil {
		return "", a.salvageError(err)
	}
	a.note("the store is kept as %s, and a new one is started", filepath.Base(aside))
	return aside, nil
}

// salvageError adds to an error of a salvage what to do about it.
func (a *app) salvageError(err error) error {
	var locked *store.LockedError
	switch {
	case errors.As(err, &locked), errors.Is(err, webhook.ErrOwnFile):
		return withHint(err, "stop the listener that uses it, then run this again")
	case errors.Is(err, webhook.ErrNothingFound):
		return withHint(err, "name the file of a store, such as events.db.damaged-20261201-173645")
	case err != nil:
		return a.openError(err)
	}
	return nil
}

// salvageLine is what a salvage did, as JSON.
type salvageLine struct {
	Events          int          `json:"events"`
	Attempts        int          `json:"attempts"`
	PossiblyDeleted int          `json:"possiblyDeleted"`
	Incomplete      int          `json:"incomplete"`
	There           int          `json:"there"`
	Different       int          `json:"different"`
	Lost            []webhook.ID `json:"lost,omitempty"`
	DamagedPages    int          `json:"damagedPages"`
}

// reportSalvage says what a salvage did, also before an error.
func (a *app) reportSalvage(r webhook.Salvage, err error) error {
	if err != nil && r.Events+r.There == 0 {
		return nil
	}
	if a.json {
		return printLine(a.stdout, "salvage", salvageLine{
			r.Events, r.Attempts, r.PossiblyDeleted, r.Incomplete, r.There, r.Different, r.Lost, r.Pages,
		})
	}
	a.note("brought back %s with %s", format.Plural(r.Events, "event", "events"), format.Plural(r.Attempts, "attempt", "attempts"))
	if r.There > 0 {
		a.note("%s there already", format.Plural(r.There, "event was", "events were"))
	}
	if r.PossiblyDeleted > 0 {
		a.note("%s deleted before: taskhook events list --filter is:possibly-deleted", format.Plural(r.PossiblyDeleted, "of them may have been", "of them may have been"))
	}
	if r.Incomplete > 0 {
		a.note("%s not complete: a body, an attempt or the state is lost", format.Plural(r.Incomplete, "of them is", "of them are"))
	}
	if r.Different > 0 {
		a.warn("%s left in the file: another event has its number here", format.Plural(r.Different, "event is", "events are"))
	}
	if len(r.Lost) > 0 {
		a.warn("too little is left of %s to bring back: %s", format.Plural(len(r.Lost), "event", "events"), numbers(r.Lost))
	}
	return nil
}

// numbers writes IDs in order, those in a row together.
func numbers(ids []webhook.ID) string {
	var parts []string
	for i := 0; i < len(ids); {
		end := i
		for end+1 < len(ids) && ids[end+1] == ids[end]+1 {
			end++
		}
		part := ids[i].String()
		if end > i {
			part += " to " + ids[end].String()
		}
		parts = append(parts, part)
		i = end + 1
	}
	return strings.Join(parts, ", ")
}
