package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/listener"
	"github.com/taskhook/taskhook/webhook"
)

// runTally counts what a listener has received by what became of it.
type runTally struct {
	events int
	states map[webhook.State]int
}

// summarize says, when a screen has closed, what came in while it was open and
// what to do about it.
func (a *app) summarize(l *listener.Listener, o *listenOptions) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	t := runTally{states: map[webhook.State]int{}}
	now := time.Now()
	for chunk, err := range l.Read(ctx, webhook.Query{Order: webhook.OrderArrival, Cursor: l.Start().Event}) {
		if err != nil {
			return err
		}
		for _, r := range chunk.Records {
			t.events++
			t.states[r.State(now)]++
		}
	}
	text := "taskhook: " + t.words() + "\n"
	if next := t.next(); next != "" && !o.temporary {
		text += "taskhook: hint: " + next + "\n"
	}
	_, err := io.WriteString(a.stderr, text)
	return err
}

// words lists the states in the order people read them.
func (t runTally) words() string {
	parts := []string{"this run: " + format.Plural(t.events, "event", "events")}
	if t.events == 0 {
		parts[0] = "this run: no events"
	}
	for _, s := range webhook.States {
		if n := t.states[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", format.Count(n), s))
		}
	}
	return strings.Join(parts, ", ")
}

// next is one thing to do, the most pressing.
func (t runTally) next() string {
	switch {
	case t.states[webhook.StateFailed]+t.states[webhook.StateOverdue]+t.states[webhook.StateInterrupted] > 0:
		return "send what failed again with: taskhook resend --failed"
	case t.states[webhook.StateRejected] > 0:
		return "see why with: taskhook events list --state rejected"
	}
	return ""
}
