package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// repeats is how often a whole process is timed; the median counts.
const repeats = 11

// figures prints what is measured without load: start-up, the list of a large
// store, and the size of the program.
func figures(bin, dir, app string, listed int) error {
	fi, err := os.Stat(bin)
	if err != nil {
		return err
	}
	fmt.Printf("\nbinary, stripped: %.1f MB\n", float64(fi.Size())/1e6)
	data := filepath.Join(dir, "figures")
	took, err := startUp(bin, app, data)
	if err != nil {
		return err
	}
	fmt.Printf("start to ready, empty store: %s\n", took.Round(100*time.Microsecond))
	if listed == 0 {
		return nil
	}
	began := time.Now()
	if err := fill(bin, app, data, listed); err != nil {
		return fmt.Errorf("store %d events: %w", listed, err)
	}
	fmt.Printf("%d events received and stored by 64 senders: %s\n", listed, time.Since(began).Round(time.Millisecond))
	if took, err = startUp(bin, app, data); err != nil {
		return err
	}
	fmt.Printf("start to ready, %d events: %s\n", listed, took.Round(100*time.Microsecond))
	took, err = median(func() error {
		return exec.Command(bin, "events", "list", "--limit", "50", "--data-dir", data).Run()
	})
	if err != nil {
		return err
	}
	fmt.Printf("newest 50 of %d events, as a whole process: %s\n", listed, took.Round(100*time.Microsecond))
	return nil
}

// startUp is the time from the start of a listener to its ready line.
func startUp(bin, app, data string) (time.Duration, error) {
	var all []time.Duration
	for range repeats {
		began := time.Now()
		s, err := start(bin, listenArgs(app, data)...)
		if err != nil {
			return 0, err
		}
		all = append(all, time.Since(began))
		if err := s.stop(); err != nil {
			return 0, err
		}
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

// median times something repeatedly.
func median(do func() error) (time.Duration, error) {
	var all []time.Duration
	for range repeats {
		began := time.Now()
		if err := do(); err != nil {
			return 0, err
		}
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

// fill has a listener store n events, each with a webhookId of its own.
func fill(bin, app, data string, n int) error {
	s, err := start(bin, listenArgs(app, data, "--verify", "off", "--max-connections", "64")...)
	if err != nil {
		return err
	}
	const senders, size = 64, 2048
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
	defer client.CloseIdleConnections()
	errs := make([]error, senders)
	var wg sync.WaitGroup
	for c := range senders {
		wg.Go(func() {
			for i := c; i < n && errs[c] == nil; i += senders {
				errs[c] = post(client, s.url, signed{body: payload(i, size)})
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			_ = s.stop()
			return err
		}
	}
	return s.stop()
}
