package proxy

import (
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// pipes is a network in memory: each dial is one connection that Accept gives
// to a server.
type pipes struct{ conns chan net.Conn }

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error   { close(p.conns); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours, nil
}

// TestTheScheduleAtItsTrueLength lets the platform's 70 minutes pass on a fake
// clock, at speed 1, with real HTTP over a network in memory.
func TestTheScheduleAtItsTrueLength(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			network := pipes{make(chan net.Conn, 1)}
			var arrived []time.Time
			srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				arrived = append(arrived, time.Now())
				time.Sleep(2 * time.Second) // the app takes its time
				w.WriteHeader(http.StatusTooManyRequests)
			})}
			served := make(chan error, 1)
			go func() { served <- srv.Serve(network) }()
			store := newMemStore()
			p := New(Options{Store: store, Targets: []httpwire.Target{mustTarget(t, "app.test:80")}})
			p.transport.pool.dialer.tcp.Connect = network.dial
			e := webhook.Event{Method: "POST", Path: "/", Body: []byte(contact), BodySize: int64(len(contact)), Answer: lost}
			if err := store.PutEvent(t.Context(), &e); err != nil {
				t.Fatal(err)
			}
			report, err := p.Simulate(t.Context(), retry.SimulationRequest{
				Resend:     webhook.Resend{EventID: 1},
				Simulation: retry.Simulation{Policy: taskee.Policy(), Speed: 1, Seed: seed},
			})
			if err != nil || report.Record.Summary() != "failed: the platform gives up after 7 sends" {
				t.Errorf("%s, %v", report.Record.Summary(), err)
			}
			checkSchedule(t, seed, arrived, report.Record)
			_ = p.Close(t.Context())
			_ = srv.Close()
			<-served
		})
	}
}

// checkSchedule holds the arrivals against the plan: every gap begins with the
// answer, two seconds after the arrival.
func checkSchedule(t *testing.T, seed uint64, arrived []time.Time, record retry.Record) {
	t.Helper()
	plan := retry.Plan(taskee.Policy(), seed)
	if len(arrived) != len(plan) || len(arrived) != 7 {
		t.Fatalf("%d sends arrived", len(arrived))
	}
	for i, at := range arrived {
		want := plan[i] + time.Duration(i)*2*time.Second
		if got := at.Sub(arrived[0]); got != want {
			t.Errorf("seed %d: send %d arrived after %s, want %s", seed, i+1, got, want)
		}
		if got := record.Sends[i].Offset; got != want {
			t.Errorf("seed %d: send %d is on record for %s, want %s", seed, i+1, got, want)
		}
	}
	if total := arrived[6].Sub(arrived[0]); total < 60*time.Minute || total > 73*time.Minute {
		t.Errorf("the whole took %s", total)
	}
}

func mustTarget(t *testing.T, text string) httpwire.Target {
	t.Helper()
	target, err := httpwire.ParseTarget(text)
	if err != nil {
		t.Fatal(err)
	}
	return target
}
