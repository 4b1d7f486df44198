package main

import (
	"context"
	"fmt"
	"time"
)

// sampleEvery is how often the memory of an export is looked at.
const sampleEvery = 10 * time.Millisecond

// exportFigures prints how fast n events of size bytes are exported from the
// file and through a listener that has it open, and what memory that takes.
func exportFigures(ctx context.Context, t *taskhook, data string, n, size int) error {
	alone, err := timeExports(ctx, t, data, nil)
	if err != nil {
		return err
	}
	p, err := t.listen(ctx, data)
	if err != nil {
		return err
	}
	through, err := timeExports(ctx, t, data, p)
	if err != nil {
		return err
	}
	if err := p.stop(); err != nil {
		return err
	}
	speed := func(d time.Duration) float64 { return float64(n) * float64(size) / 1e6 / d.Seconds() }
	fmt.Printf("export of %d events from the file: %s, %.0f MB/s; memory %.0f MB\n", n, alone.took.Round(time.Millisecond), speed(alone.took), mb(alone.memory))
	fmt.Printf("the same through a listener: %s, %.0f MB/s, %.2f times as long; memory %.0f MB, the listener's %.0f MB\n",
		through.took.Round(time.Millisecond), speed(through.took), through.took.Seconds()/alone.took.Seconds(), mb(through.memory), mb(through.listener))
	return nil
}

func mb(bytes int64) float64 { return float64(bytes) / 1e6 }

// exported is what an export took.
type exported struct {
	took             time.Duration
	memory, listener int64 // the most anonymous memory, in bytes
}

// timeExports repeats an export; p is the listener that answers it, if any.
func timeExports(ctx context.Context, t *taskhook, data string, p *process) (exported, error) {
	var x exported
	took, err := medianTime(3, func() (time.Duration, error) {
		cmd := t.command(ctx, "events", "export", "--data-dir", data)
		began := time.Now()
		if err := cmd.Start(); err != nil {
			return 0, err
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		for sample := time.NewTicker(sampleEvery); ; {
			select {
			case err := <-ended:
				sample.Stop()
				return time.Since(began), err
			case <-sample.C:
				x.memory = max(x.memory, rssAnon(cmd.Process.Pid))
				if p != nil {
					x.listener = max(x.listener, rssAnon(p.cmd.Process.Pid))
				}
			}
		}
	})
	x.took = took
	return x, err
}
