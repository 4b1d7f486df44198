package proxy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// breakpoint is an app that stands still at each request, after it has begun to
// answer, until it is told what to answer.
func breakpoint(t *testing.T, begun ...string) (addr string, goOn chan string) {
	t.Helper()
	goOn = make(chan string)
	return rawApp(t, func(c net.Conn, _ int) {
		br := bufio.NewReader(c)
		for {
			if _, _, err := readRequest(br); err != nil {
				return
			}
			_, _ = io.WriteString(c, strings.Join(begun, ""))
			for answer := range goOn {
				_, _ = io.WriteString(c, answer)
				if strings.HasSuffix(answer, "done") {
					break
				}
			}
		}
	}), goOn
}

// stored waits for an attempt that was stored durably: a late answer.
func (r *rig) put(t *testing.T) webhook.Attempt {
	t.Helper()
	select {
	case a := <-r.store.put:
		return a
	case <-time.After(10 * time.Second):
		t.Fatal("no late answer was recorded")
	}
	return webhook.Attempt{}
}

func impatient(o *Options) {
	o.Timeout, o.ShieldTimeout, o.MaxConnections = 300*time.Millisecond, 300*time.Millisecond, 1
}

const doneAnswer = "HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 4\r\n\r\ndone"

func TestALateAnswerIsRecorded(t *testing.T) {
	tests := []struct {
		name    string
		change  func(*Options)
		body    string
		begun   string // what the app sends before it stands still
		answer  []string
		told    int
		status  int
		failure string // of the late answer
		state   webhook.State
	}{
		{"within the time for a breakpoint", nil, "{}", "", []string{doneAnswer}, 408, 200, "", webhook.StateRecovered},
		{"in the middle of the status line", nil, "{}", doneAnswer[:5], []string{doneAnswer[5:]}, 408, 200, "", webhook.StateRecovered},
		{"in the middle of a header", nil, "{}", doneAnswer[:25], []string{doneAnswer[25:30], doneAnswer[30:]}, 408, 200, "", webhook.StateRecovered},
		{"behind an informational answer", nil, "{}", "HTTP/1.1 103 Early Hints\r\n\r\n", []string{doneAnswer}, 408, 200, "", webhook.StateRecovered},
		{"to a large body", nil, `"` + strings.Repeat("x", 200<<10) + `"`, "", []string{doneAnswer}, 408, 200, "", webhook.StateRecovered},
		{"a failure", nil, "{}", "", []string{strings.Replace(doneAnswer, "200 OK", "500 No", 1)}, 408, 500, "", webhook.StateFailed},
		{"under the shield", func(o *Options) { o.Shield = true }, "{}", "", []string{doneAnswer}, 429, 200, "", webhook.StateRetrying},
		{"that is no HTTP", nil, "{}", "", []string{"done\r\nnot done"}, 408, 0, "not HTTP", webhook.StateFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr, goOn := breakpoint(t, tt.begun)
			defer close(goOn)
			r := newRig(t, addr, impatient, func(o *Options) {
				if tt.change != nil {
					tt.change(o)
				}
			})
			resp, body := r.post("/hook", tt.body)
			if resp.StatusCode != tt.told {
				t.Fatalf("answered %d %s", resp.StatusCode, body)
			}
			first := r.store.attempt(t)
			if first.StatusCode != 0 || first.Answered != tt.told || len(first.Notes) != 1 || first.Notes[0] != "its answer is awaited for 10m more" {
				t.Errorf("the first attempt: %+v", first)
			}
			if inUse, _ := r.proxy.Apps()[0].Connections(); inUse != 0 {
				t.Errorf("%d connections are in use: other events have to wait for the late answer", inUse)
			}
			for _, piece := range tt.answer {
				goOn <- piece
			}
			a := r.put(t)
			if a.Trigger != webhook.TriggerLate || a.Delivery != 1 || a.Number != 1 || a.Answered != tt.told ||
				!a.StartedAt.Equal(first.StartedAt) || a.Duration <= first.Duration || a.Target != first.Target {
				t.Errorf("recorded %+v", a)
			}
			if a.StatusCode != tt.status || !strings.Contains(a.Error, tt.failure) || tt.status != 0 && (string(a.Body) != "done" || a.Header.Get("X-A") != "1") {
				t.Errorf("recorded %+v", a)
			}
			sum, err := r.store.Summary(t.Context(), 1)
			if state := sum.State(time.Now()); err != nil || state != tt.state {
				t.Errorf("the event is %s, want %s", state, tt.state)
			}
			if sum.Answer.Status != tt.told || sum.Answer.By != webhook.ByTaskhook {
				t.Errorf("the sender was told %+v", sum.Answer)
			}
		})
	}
}

func TestTheConnectionOfALateAnswerIsReused(t *testing.T) {
	conns := make(chan int, 2)
	goOn := make(chan struct{})
	r := newRig(t, rawApp(t, func(c net.Conn, n int) {
		br := bufio.NewReader(c)
		for {
			if _, _, err := readRequest(br); err != nil {
				return
			}
			conns <- n
			<-goOn
			_, _ = io.WriteString(c, doneAnswer)
		}
	}), impatient)
	r.post("/hook", "{}")
	goOn <- struct{}{}
	r.put(t)
	waitUntil(t, func() bool { return !r.proxy.late.awaits(1) })
	close(goOn)
	if resp, _ := r.post("/hook", "{}"); resp.StatusCode != http.StatusOK {
		t.Errorf("answered %d", resp.StatusCode)
	}
	if first, second := <-conns, <-conns; first != 1 || second != 1 {
		t.Errorf("the events came over the connections %d and %d", first, second)
	}
}

func TestWhatEndsTheWaitForALateAnswer(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Proxy)
		end    func(*rig, net.Conn)
		want   string // recorded; "": nothing is
	}{
		{"the app closes the connection", nil, func(_ *rig, c net.Conn) { _ = c.Close() }, "without an answer"},
		{"its limit", func(p *Proxy) { p.late.limit = time.Millisecond }, func(*rig, net.Conn) {}, "did not answer within"},
		{"a stop", nil, func(r *rig, _ net.Conn) { r.proxy.Drain() }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conns := make(chan net.Conn, 1)
			r := newRig(t, rawApp(t, func(c net.Conn, _ int) {
				br := bufio.NewReader(c)
				_, _, _ = readRequest(br)
				conns <- c
				_, _ = io.Copy(io.Discard, br)
			}), impatient)
			if tt.change != nil {
				tt.change(r.proxy)
			}
			if resp, body := r.post("/hook", "{}"); resp.StatusCode != http.StatusRequestTimeout {
				t.Fatalf("answered %d %s", resp.StatusCode, body)
			}
			tt.end(r, <-conns)
			waitUntil(t, func() bool { return !r.proxy.late.awaits(1) })
			if tt.want != "" {
				if a := r.put(t); !strings.Contains(a.Error, tt.want) || a.StatusCode != 0 {
					t.Errorf("recorded %+v", a)
				}
			}
			_ = r.proxy.Close(t.Context())
			if _, attempts := r.store.count(); attempts != 1 && tt.want == "" {
				t.Errorf("%d attempts are recorded", attempts)
			}
		})
	}
}

func TestLateAnswersAreBoundedInNumber(t *testing.T) {
	addr, goOn := breakpoint(t)
	defer close(goOn)
	r := newRig(t, addr, impatient)
	for range maxLate {
		if !r.proxy.late.enter(7) {
			t.Fatal("an answer is not awaited")
		}
	}
	if resp, body := r.post("/hook", "{}"); resp.StatusCode != http.StatusRequestTimeout {
		t.Errorf("answered %d %s", resp.StatusCode, body)
	}
	if a := r.store.attempt(t); len(a.Notes) != 0 || r.proxy.late.awaits(1) {
		t.Errorf("one more answer is awaited: %q", a.Notes)
	}
	for range maxLate {
		r.proxy.late.leave(7)
	}
}

func TestAResendHasNoLimit(t *testing.T) {
	addr, goOn := breakpoint(t)
	defer close(goOn)
	r := newRig(t, addr, impatient)
	r.store.events = []webhook.Event{{ID: 1, Method: "POST", Path: "/", Body: []byte("{}"), BodySize: 2}}
	time.AfterFunc(2*r.proxy.opts.Timeout, func() { goOn <- doneAnswer }) // longer than an event may take
	if sent, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: 1}); err != nil || sent.Attempt.StatusCode != http.StatusOK || sent.Attempt.Error != "" {
		t.Errorf("%+v, %v", sent.Attempt, err)
	}
}

func TestAResendHasTheLimitThatItIsGiven(t *testing.T) {
	addr, goOn := breakpoint(t)
	defer close(goOn)
	r := newRig(t, addr)
	r.store.events = []webhook.Event{{ID: 1, Method: "POST", Path: "/", Body: []byte("{}"), BodySize: 2}}
	sent, err := r.proxy.Resend(t.Context(), webhook.Resend{EventID: 1, Timeout: 20 * time.Millisecond})
	if err != nil || !strings.Contains(sent.Attempt.Error, "did not answer within 20ms") || r.proxy.late.awaits(1) {
		t.Errorf("%+v, %v", sent.Attempt, err)
	}
}

func TestACancelledResendIsGivenUpAndRecorded(t *testing.T) {
	tests := []struct {
		name string
		end  func(p *Proxy, cancel context.CancelFunc)
		want string
	}{
		{"by a person", func(_ *Proxy, cancel context.CancelFunc) { cancel() }, "cancelled before the app had answered"},
		{"by a stop", func(p *Proxy, _ context.CancelFunc) {
			now, cancel := context.WithCancel(context.Background())
			cancel()
			_ = p.Close(now)
		}, "taskhook stopped before the app had answered"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reached := make(chan struct{})
			r := newRig(t, rawApp(t, func(c net.Conn, _ int) {
				br := bufio.NewReader(c)
				_, _, _ = readRequest(br)
				close(reached)
				_, _ = io.Copy(io.Discard, br)
			}))
			r.store.events = []webhook.Event{{ID: 1, Method: "POST", Path: "/", Body: []byte("{}"), BodySize: 2}}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan error, 1)
			go func() {
				sent, err := r.proxy.Resend(ctx, webhook.Resend{EventID: 1})
				if err == nil && sent.Attempt.Error != tt.want {
					err = errors.New(sent.Attempt.Error)
				}
				ended <- err
			}()
			<-reached
			tt.end(r.proxy, cancel)
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if a := r.put(t); a.Error != tt.want {
				t.Errorf("recorded %+v", a)
			}
		})
	}
}

func TestResendFailedLeavesOutWhatIsAwaitedAndWhatIsRecovered(t *testing.T) {
	addr, goOn := breakpoint(t)
	defer close(goOn)
	r, st := realRig(t, addr, impatient)
	failed := webhook.Batch{Failed: true, DryRun: true}
	dryRun := func(b webhook.Batch) webhook.BatchReport {
		t.Helper()
		report, err := r.proxy.ResendBatch(t.Context(), b, nil)
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	if resp, body := r.post("/hook", `{"type":"ContactCreate","webhookId":"w1"}`); resp.StatusCode != http.StatusRequestTimeout {
		t.Fatalf("answered %d %s", resp.StatusCode, body)
	}
	if err := st.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if report := dryRun(failed); report.Unknown != 1 || report.Delivered != 0 {
		t.Errorf("while its answer is awaited: %+v", report)
	}
	if report := dryRun(webhook.Batch{Failed: true, DryRun: true, IncludeUnknown: true}); report.Delivered != 1 {
		t.Errorf("while its answer is awaited, with all: %+v", report)
	}
	goOn <- doneAnswer
	waitUntil(t, func() bool { return !r.proxy.late.awaits(1) })
	if report := dryRun(failed); report.Total != 0 {
		t.Errorf("when it has come: %+v", report)
	}
	sum, err := st.Summary(t.Context(), 1)
	if state := sum.State(time.Now()); err != nil || state != webhook.StateRecovered || sum.Answer.Status != http.StatusRequestTimeout {
		t.Errorf("the event is %s, answered %d, %v", state, sum.Answer.Status, err)
	}
	all, err := st.Attempts(t.Context(), 1)
	if err != nil || len(all) != 2 || all[0].Trigger != webhook.TriggerReceived || all[0].StatusCode != 0 ||
		all[1].Trigger != webhook.TriggerLate || all[1].StatusCode != http.StatusOK || all[1].Delivery != 1 {
		t.Errorf("the attempts: %+v, %v", all, err)
	}
	counts, err := st.Counts(t.Context())
	if err != nil || counts.Failed != 0 || counts.Delivered != 1 {
		t.Errorf("counted %+v, %v", counts, err)
	}
}

func TestACancelledBatchDoesNotWaitForAnAppThatHangs(t *testing.T) {
	addr, goOn := breakpoint(t)
	defer close(goOn)
	r, st := realRig(t, addr)
	put(t, st, `{"type":"ContactCreate","webhookId":"w1"}`, webhook.Answer{Status: 500, By: webhook.ByApp})
	ctx, cancel := context.WithCancel(t.Context())
	cut := time.AfterFunc(20*time.Millisecond, cancel)
	defer cut.Stop()
	report, err := r.proxy.ResendBatch(ctx, webhook.Batch{Failed: true}, nil)
	if !errors.Is(err, context.Canceled) || report.Failed != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	all, err := st.Attempts(t.Context(), 1)
	if err != nil || len(all) != 1 || all[0].Error != "cancelled before the app had answered" {
		t.Errorf("the attempts: %+v, %v", all, err)
	}
}
