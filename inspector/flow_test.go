package inspector

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/teatest/v2"
	"go.uber.org/goleak"

	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// program runs the screen as bubbletea runs it: with a renderer, and with
// commands beside each other. Time comes by itself.
type program struct {
	t    *testing.T
	feed *memory
	tm   *teatest.TestModel
	eye  *eye
}

// eye is a model that remembers what it drew last.
type eye struct {
	*model
	mu    sync.Mutex
	frame string
}

func (e *eye) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	_, cmd := e.model.Update(msg)
	return e, cmd
}

func (e *eye) View() tea.View {
	v := e.model.View()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.frame = ansi.Strip(v.Content)
	return v
}

func (e *eye) last() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.frame
}

func startProgram(t *testing.T, feed *memory, width, height int) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	b := &background{ctx: ctx}
	p := &program{t: t, feed: feed, eye: &eye{model: newModel(feed, feed, b, noon, Options{Location: time.UTC})}}
	p.tm = teatest.NewTestModel(t, p.eye, teatest.WithInitialTermSize(width, height))
	ticking := make(chan struct{})
	go func() {
		defer close(ticking)
		now := noon
		for retry.Sleep(ctx, 5*time.Millisecond) == nil {
			now = now.Add(tickEvery)
			p.tm.Send(tickMsg{now, true})
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ticking
		b.close()
	})
	return p
}

// sees waits until a text is on the screen.
func (p *program) sees(text string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	for !strings.Contains(p.eye.last(), text) {
		if retry.Sleep(ctx, 2*time.Millisecond) != nil {
			p.t.Fatalf("the screen never says %q:\n%s", text, p.eye.last())
		}
	}
}

func (p *program) press(keys ...string) {
	for _, k := range keys {
		p.tm.Send(keyPress(k))
	}
}

func (p *program) quit() {
	p.press("q")
	p.tm.WaitFinished(p.t, teatest.WithFinalTimeout(time.Minute))
}

func TestAProgramFiltersOpensAndMarks(t *testing.T) {
	p := startProgram(t, some(), 80, 24)
	p.sees("NoteCreate")
	p.press("/")
	p.tm.Type("status:429")
	p.sees("OpportunityStatusUpdate")
	p.press("enter")
	p.sees("only /status:429")
	p.press("m")
	p.sees("*14:33:23")
	p.press("enter")
	p.sees("Payload")
	p.press("esc", "esc", "M")
	p.sees("only the marked")
	p.quit()
	if !p.feed.events[2].Marked {
		t.Error("the mark is not stored")
	}
}

func TestAProgramShowsWhatArrives(t *testing.T) {
	p := startProgram(t, &memory{listener: some().listener}, 100, 30)
	p.sees("taskhook trigger ContactCreate")
	p.feed.add(webhook.Summary{Event: webhook.Event{Type: "ContactCreate", ReceivedAt: noon, Method: "POST"}})
	p.sees("forwarding")
	p.feed.try(webhook.Attempt{EventID: 1, Trigger: webhook.TriggerReceived, StatusCode: 204, Answered: 204})
	p.sees("✓ 204")
	p.quit()
}

func TestAProgramShowsHelpAndLog(t *testing.T) {
	f := some()
	f.log = []string{`level=INFO msg="tunnel online"`}
	p := startProgram(t, f, 80, 24)
	p.sees("NoteCreate")
	p.press("?")
	p.sees("Keys of the list")
	p.press("end")
	p.sees("is:marked")
	p.press("?", "L")
	p.sees("tunnel online")
	p.press("L")
	p.sees("NoteCreate")
	p.quit()
}

// panicky panics where a test says.
type panicky struct {
	*memory
	at string
}

func (p panicky) Read(ctx context.Context, q webhook.Query) iter.Seq2[webhook.Chunk, error] {
	if p.at == "read" {
		panic("a bug in a read")
	}
	return p.memory.Read(ctx, q)
}

func (p panicky) Watch(ctx context.Context) (<-chan webhook.Change, error) {
	if p.at == "watch" {
		panic("a bug in a watch")
	}
	return p.memory.Watch(ctx)
}

func TestAPanicLeavesTheTerminalAndItsWords(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for _, at := range []string{"read", "watch"} {
		in, keys := io.Pipe()
		out, words := &lockedBuffer{}, &lockedBuffer{}
		m := some()
		err := screenWithWindow(t, panicky{m, at}, m, Options{Input: in, Output: out, Errors: words})
		if err == nil || !strings.Contains(err.Error(), "a bug in a "+at) {
			t.Errorf("%s: error %v", at, err)
		}
		if !strings.Contains(words.String(), "flow_test.go") {
			t.Errorf("%s: the stack is not among the last words: %s", at, words.String())
		}
		leftScreen(t, out.String())
		_ = keys.Close()
	}
}

// screenWithWindow runs a screen on an output that is no terminal, which has
// no size of its own.
func screenWithWindow(t *testing.T, feed Feed, actions Actions, o Options) error {
	t.Helper()
	return show(t.Context(), feed, actions, o, tea.WithWindowSize(80, 24))
}

// leftScreen checks that what was switched on is switched off in the end.
func leftScreen(t *testing.T, out string) {
	t.Helper()
	for on, off := range map[string]string{
		"\x1b[?1049h": "\x1b[?1049l", // the other screen
		"\x1b[?1002h": "\x1b[?1002l", // mouse
		"\x1b[?2004h": "\x1b[?2004l", // paste
		"\x1b[?25l":   "\x1b[?25h",   // cursor
	} {
		if strings.Contains(out, on) && strings.LastIndex(out, off) < strings.LastIndex(out, on) {
			t.Errorf("%q is not taken back: %q", on, out)
		}
	}
	if !strings.Contains(out, "\x1b[?1049h") {
		t.Error("the other screen was never entered: the test proves nothing")
	}
}

func TestAnErrorNobodySawIsSaidAfterTheScreen(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	in, keys := io.Pipe()
	out, words := &lockedBuffer{}, &lockedBuffer{}
	f := some()
	failed := make(chan struct{})
	f.markErr = errors.New("the disk is\x1b[2J full")
	go func() {
		for f.markCalls() == 0 {
			if _, err := keys.Write([]byte("m")); err != nil {
				break
			}
			_ = retry.Sleep(t.Context(), 5*time.Millisecond)
		}
		_, _ = keys.Write([]byte("q"))
		close(failed)
	}()
	if err := screenWithWindow(t, f, f, Options{Input: in, Output: out, Errors: words}); err != nil {
		t.Fatal(err)
	}
	<-failed
	_ = keys.Close()
	if got := words.String(); !strings.HasPrefix(got, "taskhook: cannot mark #10: the disk is full") {
		t.Errorf("last words %q", got)
	}
	leftScreen(t, out.String())
}
