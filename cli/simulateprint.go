package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// simulationPrinter prints simulations, several at a time.
type simulationPrinter struct {
	app    *app
	seeded bool // the seed was given

	mu        sync.Mutex
	failed    bool
	cancelled bool
	writeErr  error
}

// minPause is the shortest wait that is announced.
const minPause = 100 * time.Millisecond

// step prints one step.
func (p *simulationPrinter) step(s retry.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case s.Step == retry.StepAnswer && s.Attempt != nil:
		p.writeErr = cmp.Or(p.writeErr, p.app.printAttempt(*s.Attempt, s.State, sendLine(s.Attempt, s.Send)))
	case s.Step == retry.StepWait && !p.app.json:
		if pause := time.Until(s.Due); pause > minPause {
			p.app.note("next send in %s: on Taskee at %s, %s later", format.Duration(pause), format.Clock(s.Arrives.Local()), format.Duration(s.Send.Gap))
		}
	}
	for _, note := range s.Notes {
		p.app.note("%s", noteText(note))
	}
}

// sendLine is one send on the virtual clock.
func sendLine(a *webhook.Attempt, send retry.Send) string {
	answer := attemptOutcome(*a)
	switch {
	case a.Simulated && a.AppStatus != 0:
		answer = format.Status(a.StatusCode) + " in place of " + format.Answer(a.AppStatus, a.Duration)
	case a.Simulated && a.Error != "":
		answer = format.Status(a.StatusCode) + " in place of: " + a.Error
	case a.Simulated:
		answer = format.Status(a.StatusCode) + ", your app was not called"
	}
	gap := ""
	if send.Gap > 0 {
		gap = "+" + format.Duration(send.Gap)
	}
	return fmt.Sprintf("%s  %-13s  would arrive %s  %-8s  %s", a.EventID, a.Name(), format.Clock(a.VirtualTime.Local()), gap, answer)
}

// simulationLine is the JSON line that sums up a simulation.
type simulationLine struct {
	EventID           webhook.ID    `json:"eventId"`
	Policy            string        `json:"policy"`
	Sends             int           `json:"sends"`
	Outcome           retry.Outcome `json:"outcome"`
	VirtualDurationMS int64         `json:"virtualDurationMs"`
	Seed              uint64        `json:"seed"`
	Words             string        `json:"words"`
	Remarks           []string      `json:"remarks"`
}

// end prints how a simulation ended.
func (p *simulationPrinter) end(ctx context.Context, id webhook.ID, r retry.Report, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	cancelled := ctx.Err() != nil && err != nil || err == nil && r.Record.Outcome == retry.OutcomeCancelled
	if cancelled {
		p.cancelled = true
	} else if err != nil || r.Record.Outcome != retry.OutcomeDelivered {
		p.failed = true
	}
	if len(r.Record.Sends) > 0 {
		p.writeErr = cmp.Or(p.writeErr, p.summary(id, r))
	}
	if err != nil && !cancelled {
		p.app.report(simulateError(id, err))
	}
}

func (p *simulationPrinter) summary(id webhook.ID, r retry.Report) error {
	record := r.Record
	err := p.app.print("simulation", simulationLine{
		EventID: id, Policy: record.Simulation.Policy.Name, Sends: len(record.Sends),
		Outcome: record.Outcome, VirtualDurationMS: record.Duration.Milliseconds(),
		Seed: record.Simulation.Seed, Words: record.Summary(), Remarks: append([]string{}, r.Remarks...),
	}, "%s  %s", id, record.Summary())
	if p.app.json {
		return err
	}
	for _, remark := range r.Remarks {
		p.app.note("%s: %s", id, remark)
	}
	if len(record.Sends) > 1 && !p.seeded {
		p.app.note("%s: the same schedule again with --seed %d", id, record.Simulation.Seed)
	}
	return err
}

// outcome is the error that the command ends with.
func (p *simulationPrinter) outcome(ctx context.Context) error {
	switch {
	case p.cancelled || ctx.Err() != nil:
		return &hintError{err: errReported, code: exitCancelled}
	case p.writeErr != nil:
		return p.writeErr
	case p.failed:
		return errReported
	}
	return nil
}

func simulateError(id webhook.ID, err error) error {
	if errors.Is(err, webhook.ErrSimulating) {
		return withHint(fmt.Errorf("simulate %s: %w", id, err), "wait for it to end, or cancel it where it was started")
	}
	return sendError("simulate", id, err)
}
