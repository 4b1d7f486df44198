package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/listener"
	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/webhook"
)

func newStoreCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "store",
		Short: "Look after the file that events are stored in",
		Example: "  taskhook store info\n" +
			"  taskhook store salvage events.db.damaged-20261201-173645",
	}
	cmd.AddCommand(newStoreInfoCommand(a), newStoreCheckCommand(a), newStoreCompactCommand(a), newStoreSalvageCommand(a))
	return cmd
}

// storePath is where the project's store is. It need not exist yet.
func (a *app) storePath() (string, error) {
	dir, err := a.directory()
	return listener.StorePath(dir), err
}

func newStoreInfoCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "info",
		Short:   "Say where the store is, and what is in it",
		Example: "  taskhook store info --project shop",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withBackend(cmd, reads, func(b *backend) error { return a.storeInfo(cmd.Context(), b) })
		},
	}
	return a.withJSON(cmd, "print one JSON object")
}

// storeInfo is what there is to say of a store.
type storeInfo struct {
	Path     string         `json:"path"`
	Bytes    int64          `json:"bytes"`
	Listener int            `json:"listenerPID,omitempty"` // of the one that has it open
	Counts   webhook.Counts `json:"counts"`
	First    webhook.ID     `json:"first,omitempty"`
	Last     webhook.ID     `json:"last,omitempty"`
	Oldest   time.Time      `json:"oldest,omitzero"`
	Newest   time.Time      `json:"newest,omitzero"`
	Kept     []string       `json:"kept,omitempty"` // files that are left of earlier stores
}

func (a *app) storeInfo(ctx context.Context, b *backend) error {
	path, err := a.storePath()
	if err != nil {
		return err
	}
	l, err := b.Listener(ctx)
	if err != nil {
		return err
	}
	info := storeInfo{Path: path, Bytes: l.Counts.Bytes, Listener: l.PID, Counts: l.Counts, Kept: store.Kept(path)}
	for _, end := range []struct {
		order webhook.Order
		id    *webhook.ID
		at    *time.Time
	}{{webhook.OrderArrival, &info.First, &info.Oldest}, {webhook.Query{}.Order, &info.Last, &info.Newest}} {
		err := a.each(ctx, b, webhook.Query{Order: end.order, Limit: 1}, func(r webhook.Record) error {
			*end.id, *end.at = r.ID, r.ReceivedAt
			return nil
		})
		if err != nil {
			return err
		}
	}
	if a.json {
		return printLine(a.stdout, "store", info)
	}
	return a.printStoreInfo(info)
}

func (a *app) printStoreInfo(info storeInfo) error {
	var text strings.Builder
	line := func(name, layout string, args ...any) {
		fmt.Fprintf(&text, "%-9s  %s\n", name, fmt.Sprintf(layout, args...))
	}
	line("store", "%s", info.Path)
	line("size", "%s", format.Bytes(info.Bytes))
	c := info.Counts
	line("events", "%d: %d delivered, %d retrying, %d failed, %d rejected, %d ignored", c.Events, c.Delivered, c.Retrying, c.Failed, c.Rejected, c.Ignored)
	if info.Last != 0 {
		line("oldest", "%s, received %s", info.First, format.DateTime(info.Oldest.Local()))
		line("newest", "%s, received %s", info.Last, format.DateTime(info.Newest.Local()))
	}
	if info.Listener != 0 {
		line("in use", "by the listener with pid %d", info.Listener)
	}
	for _, name := range info.Kept {
		line("kept", "%s, of an earlier store; to bring back what is intact: %s", filepath.Base(name), a.salvageCommand(name))
	}
	_, err := fmt.Fprint(a.stdout, format.CleanLines(text.String()))
	return err
}

func newStoreCheckCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Read everything in the store, and name what is damaged",
		Long: "Read every event with its body and all attempts, and compare them with their checksums.\n" +
			"When no listener runs, every page of the file is looked at, too. The exit code is 1 if\n" +
			"anything is damaged.",
		Example: "  taskhook store check",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.checkStore(cmd) },
	}
}

func (a *app) checkStore(cmd *cobra.Command) error {
	path, err := a.storePath()
	if err != nil {
		return err
	}
	b, err := a.openBackend(cmd.Context(), reads)
	if err != nil {
		return err
	}
	events, attempts := 0, 0
	q := webhook.Query{Order: webhook.OrderArrival, Parts: webhook.Parts{Payload: true, Attempts: true}}
	err = a.each(cmd.Context(), b, q, func(r webhook.Record) error {
		events++
		attempts += len(r.History)
		return nil
	})
	running := b.running()
	if err = errors.Join(err, b.close()); err != nil {
		return err
	}
	if !running {
		switch err := store.CheckFile(path); {
		case errors.Is(err, store.ErrCorrupt):
			a.damaged = true
			a.warn("%v", err)
		case err != nil:
			return a.openError(err)
		}
	}
	intact := fmt.Sprintf("%s with %s", format.Plural(events, "event", "events"), format.Plural(attempts, "attempt", "attempts"))
	if !a.damaged {
		a.note("intact: %s", intact)
		return nil
	}
	hint := "to bring back what is intact: " + a.salvageCommand(path)
	if running {
		hint = "stop the listener, then " + hint
	}
	return withHint(fmt.Errorf("the store is damaged; intact: %s", intact), hint)
}

// salvageCommand is the command that salvages a file into the project's store.
func (a *app) salvageCommand(path string) string {
	text := "taskhook store salvage " + format.ShellQuote(path)
	switch {
	case a.dataDir != "":
		text += " --data-dir " + format.ShellQuote(a.dataDir)
	case a.project != defaultProject:
		text += " --project " + a.project
	}
	return text
}

func newStoreCompactCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "compact",
		Short: "Make the store's file as small as what is in it",
		Long: "Write the store's file anew, without the room that deleted events have left. New events\n" +
			"use that room, so that there is seldom a need to. No listener may run meanwhile.",
		Example: "  taskhook store compact",
		RunE: func(*cobra.Command, []string) error {
			path, err := a.storePath()
			if err != nil {
				return err
			}
			return a.compactStore(path)
		},
	}
}

func (a *app) compactStore(path string) error {
	before, err := os.Stat(path)
	if err != nil {
		return a.noStore(err)
	}
	var locked *store.LockedError
	switch err := store.Compact(path); {
	case errors.As(err, &locked):
		return withHint(err, "stop the listener, then run this again")
	case errors.Is(err, store.ErrCorrupt):
		return withHint(err, "to bring back what is intact: "+a.salvageCommand(path))
	case err != nil:
		return err
	}
	after, err := os.Stat(path)
	if err != nil {
		return err
	}
	a.note("the store had %s, and has %s now", format.Bytes(before.Size()), format.Bytes(after.Size()))
	return nil
}
