package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// sampleEvery is how often the memory of an export is looked at.
const sampleEvery = 10 * time.Millisecond

// exportRounds is how often both ways of an export are timed, in turn.
const exportRounds = 5

// exportFigures prints how fast n events of size bytes are exported from the
// file and through a listener that has it open, and what memory that takes.
func exportFigures(ctx context.Context, t *taskhook, data string, n, size int) error {
	var alone, through exported
	var ratios []float64
	for range exportRounds {
		a, err := timeExport(ctx, t, data, nil)
		if err != nil {
			return err
		}
		p, err := t.listen(ctx, data)
		if err != nil {
			return err
		}
		b, err := timeExport(ctx, t, data, p)
		if err = errors.Join(err, p.stop()); err != nil {
			return err
		}
		alone.add(a)
		through.add(b)
		ratios = append(ratios, b.took[0].Seconds()/a.took[0].Seconds())
	}
	report := func(x exported) string {
		took := median(x.took)
		return fmt.Sprintf("%s, %.0f MB/s; memory %.0f MB", took.Round(time.Millisecond), float64(n)*float64(size)/1e6/took.Seconds(), mb(x.memory))
	}
	fmt.Printf("export of %d events from the file: %s\n", n, report(alone))
	fmt.Printf("the same through a listener: %s, the listener's %.0f MB; %.2f times as long\n", report(through), mb(through.listener), median(ratios))
	return nil
}

func mb(bytes int64) float64 { return float64(bytes) / 1e6 }

// exported is what exports took.
type exported struct {
	took             []time.Duration
	memory, listener int64 // the most anonymous memory, in bytes
}

func (x *exported) add(other exported) {
	x.took = append(x.took, other.took...)
	x.memory, x.listener = max(x.memory, other.memory), max(x.listener, other.listener)
}

// timeExport exports once; p is the listener that answers it, if any.
func timeExport(ctx context.Context, t *taskhook, data string, p *process) (exported, error) {
	cmd := t.command(ctx, "events", "export", "--data-dir", data)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return exported{}, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	sample := time.NewTicker(sampleEvery)
	defer sample.Stop()
	var x exported
	for {
		select {
		case err := <-ended:
			x.took = []time.Duration{time.Since(began)}
			return x, err
		case <-sample.C:
			x.memory = max(x.memory, rssAnon(cmd.Process.Pid))
			if p != nil {
				x.listener = max(x.listener, rssAnon(p.cmd.Process.Pid))
			}
		}
	}
}
