package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// repeats is how often a whole process is timed; the median counts.
const repeats = 11

// figures prints what is measured without load: start-up, the list and export of
// a large store, and the size of the program.
func figures(ctx context.Context, t *taskhook, listed int) error {
	fi, err := os.Stat(t.bin)
	if err != nil {
		return err
	}
	fmt.Printf("\nbinary, stripped: %.1f MB\n", mb(fi.Size()))
	data := filepath.Join(t.dir, "figures")
	took, err := startUp(ctx, t, data)
	if err != nil {
		return err
	}
	fmt.Printf("start to ready, empty store: %s\n", took.Round(100*time.Microsecond))
	if listed == 0 {
		return nil
	}
	began := time.Now()
	if err := fill(ctx, t, data, listed); err != nil {
		return fmt.Errorf("store %d events: %w", listed, err)
	}
	fmt.Printf("%d events received and stored by 64 senders: %s\n", listed, time.Since(began).Round(time.Millisecond))
	if took, err = startUp(ctx, t, data); err != nil {
		return err
	}
	fmt.Printf("start to ready, %d events: %s\n", listed, took.Round(100*time.Microsecond))
	took, err = medianTime(repeats, func() (time.Duration, error) {
		cmd := t.command(ctx, "events", "list", "--limit", "50", "--data-dir", data)
		began := time.Now()
		err := cmd.Run()
		return time.Since(began), err
	})
	if err != nil {
		return err
	}
	fmt.Printf("newest 50 of %d events, as a whole process: %s\n", listed, took.Round(100*time.Microsecond))
	return exportFigures(ctx, t, data, listed, filledSize)
}

// startUp is the time from the start of a listener to its ready line.
func startUp(ctx context.Context, t *taskhook, data string) (time.Duration, error) {
	return medianTime(repeats, func() (time.Duration, error) {
		began := time.Now()
		p, err := t.listen(ctx, data)
		if err != nil {
			return 0, err
		}
		took := time.Since(began)
		return took, p.stop()
	})
}

// medianTime repeats something that tells how long it took.
func medianTime(n int, do func() (time.Duration, error)) (time.Duration, error) {
	var all []time.Duration
	for range n {
		took, err := do()
		if err != nil {
			return 0, err
		}
		all = append(all, took)
	}
	return median(all), nil
}

// filledSize is the size of the bodies that fill stores, in bytes.
const filledSize = 2048

// fill has a listener store n events, each with a webhookId of its own.
func fill(ctx context.Context, t *taskhook, data string, n int) error {
	p, err := t.listen(ctx, data, verifyOff...)
	if err != nil {
		return err
	}
	const senders = 64
	client := newClient(senders)
	defer client.CloseIdleConnections()
	posts, ctx := errgroup.WithContext(ctx)
	posts.SetLimit(senders)
	for i := range n {
		posts.Go(func() error { return post(ctx, client, p.url, signed{body: payload(i, filledSize)}) })
	}
	return errors.Join(posts.Wait(), p.stop())
}
