package export

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/taskhook/taskhook/webhook"
)

var update = flag.Bool("update", false, "write the golden files anew")

// whole is an event with all that belongs to it.
type whole struct {
	event    webhook.Event
	sum      webhook.Summary
	attempts []webhook.Attempt
}

// wholes are events of every kind: tried twice, refused, binary, without a
// body, without an answer.
func wholes() []whole {
	e := func(id webhook.ID, body string) webhook.Event {
		return webhook.Event{
			ID: id, Type: "ContactCreate", WebhookID: fmt.Sprintf("w-%d", id), ReceivedAt: received.Add(time.Duration(id) * time.Second), Method: "POST",
			Path: "/hook", RawQuery: "a=%31&b=<2>&c", Host: "my-team.ngrok.app", Source: webhook.SourceTunnel,
			Header: http.Header{"Content-Type": {"application/json"}, "Cookie": {"s=1; t=2"}, "X-Two": {"b", "a"}},
			Body:   []byte(body), BodySize: int64(len(body)), Verdict: webhook.Verdict{Status: webhook.Valid, Key: "taskee"},
		}
	}
	tried := e(1, `{"a":"é </script>  日本"}`)
	attempts := []webhook.Attempt{
		{EventID: 1, Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, Target: "http://127.0.0.1:3000/hook?a=%31&b=<2>&c", StartedAt: received.Add(time.Second), Duration: 3_100_400,
			StatusCode: 500, Answered: 500, Header: http.Header{"Content-Type": {"text/plain"}, "Set-Cookie": {"s=1; Path=/; HttpOnly"}}, Body: []byte("oh"), BodySize: 9},
		{EventID: 1, Delivery: 2, Number: 1, Trigger: webhook.TriggerResend, Target: "http://127.0.0.1:3001/", StartedAt: received.Add(time.Minute), Duration: 250 * time.Millisecond,
			Error: "connection refused", Hint: "is your app running on port 3001?",
			Sent: &webhook.Request{Method: "PUT", Path: "/", Header: http.Header{"X-New": {"caf\xe9"}}, Body: []byte("\xff\x00new")}},
	}
	refused := e(2, "{}")
	refused.Verdict = webhook.Verdict{Status: webhook.Invalid}
	refusedSum := webhook.Summary{Event: refused}
	refusedSum.Answer = webhook.Answer{Status: 401, By: webhook.ByTaskhook, Reason: "invalid signature", At: refused.ReceivedAt.Add(2 * time.Millisecond)}
	binary := e(3, "\x00\xff\x1b[31m")
	pruned := e(4, "")
	pruned.Body, pruned.BodySize, pruned.NoBody, pruned.Source, pruned.Host = nil, 9<<20, true, webhook.SourceLocal, ""
	return []whole{
		{tried, webhook.Summary{Event: tried, Attempts: 2}, attempts},
		{refused, refusedSum, nil},
		{binary, webhook.Summary{Event: binary, Attempts: 1}, []webhook.Attempt{{EventID: 3, Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, Target: "http://127.0.0.1:3000/hook", StartedAt: received, StatusCode: 204, Header: http.Header{}}}},
		{pruned, webhook.Summary{Event: pruned}, nil},
	}
}

func formatNamed(t *testing.T, name string) Format {
	t.Helper()
	all := Formats()
	at := slices.IndexFunc(all, func(f Format) bool { return f.Name == name })
	if at < 0 {
		t.Fatalf("there is no format %s", name)
	}
	return all[at]
}

func write(t *testing.T, format string, o Options, events ...whole) string {
	t.Helper()
	var b bytes.Buffer
	w := formatNamed(t, format).New(&b, o)
	if b.Len() != 0 {
		t.Errorf("%s: %q is written before there is anything to write", format, b.String())
	}
	for _, e := range events {
		before := b.Len()
		if err := w.Event(e.event, e.sum, e.attempts); err != nil {
			t.Fatal(err)
		}
		if b.Len() == before {
			t.Errorf("%s: an event is held back", format)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("..", "..", "testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs from %s (run with -update when it should)\n%s", path, diff)
	}
}

func TestEveryFormatIsAsItShouldBe(t *testing.T) {
	for _, f := range Formats() {
		golden(t, "export"+f.Ext, write(t, f.Name, Options{Version: "1.0.0", Now: received}, wholes()...))
	}
}

func TestNoEventsAreValidToo(t *testing.T) {
	if got := write(t, "jsonl", Options{}); got != "" {
		t.Errorf("JSON lines %q", got)
	}
	checkHAR(t, write(t, "har", Options{}), 0)
}

func TestALineOfAnExportHasTheBytes(t *testing.T) {
	for _, e := range wholes() {
		var line struct {
			ID       webhook.ID
			Body     []byte `json:"bodyBase64"`
			Header   http.Header
			Attempts []struct {
				Body []byte `json:"bodyBase64"`
				Sent *struct {
					Body []byte `json:"bodyBase64"`
				}
			}
		}
		text := write(t, "jsonl", Options{Now: received}, e)
		if strings.Count(text, "\n") != 1 {
			t.Errorf("%s takes more than one line", e.event.ID)
		}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		if line.ID != e.event.ID || !bytes.Equal(line.Body, e.event.Body) || len(line.Attempts) != len(e.attempts) || !cmp.Equal(line.Header, e.event.Header) {
			t.Errorf("%+v is not %+v", line, e.event)
		}
		for i, a := range e.attempts {
			if a.Sent != nil && !bytes.Equal(line.Attempts[i].Sent.Body, a.Sent.Body) {
				t.Errorf("sent %q, want %q", line.Attempts[i].Sent.Body, a.Sent.Body)
			}
		}
	}
}

// source has n events; those in gone vanish between the list and the read.
type source struct {
	n    webhook.ID
	gone map[webhook.ID]bool
	err  error
}

// Page gives half a page at a time.
func (s *source) Page(_ context.Context, q webhook.Query) (webhook.Page, error) {
	var p webhook.Page
	for id := s.n; id > 0; id-- {
		if q.Cursor != 0 && id >= q.Cursor || !slices.Contains(q.IDs, id) {
			continue
		}
		if len(p.Events) == (q.Limit+1)/2 {
			p.Next = id + 1
			break
		}
		p.Events = append(p.Events, webhook.Summary{Event: webhook.Event{ID: id}})
	}
	return p, s.err
}

func (s *source) Event(_ context.Context, id webhook.ID) (webhook.Event, error) {
	switch {
	case s.gone[id]:
		return webhook.Event{}, webhook.ErrNotFound
	case id == 2:
		return webhook.Event{}, webhook.ErrPruned
	}
	return webhook.Event{ID: id, Body: []byte("{}"), BodySize: 2}, nil
}

func (s *source) Attempts(context.Context, webhook.ID) ([]webhook.Attempt, error) { return nil, nil }

func TestCopyKeepsTheOrderAndLeavesOutWhatIsGone(t *testing.T) {
	s := &source{n: 700, gone: map[webhook.ID]bool{4: true}}
	ids := []webhook.ID{3, 1, 4, 2, 999}
	for id := webhook.ID(5); id <= 700; id++ {
		ids = append(ids, id)
	}
	var b bytes.Buffer
	w := formatNamed(t, "jsonl").New(&b, Options{Now: received})
	steps := 0
	n, err := Copy(t.Context(), w, s, ids, func() bool { steps++; return true })
	if n != 699 || steps != len(ids) || err != nil {
		t.Errorf("%d events in %d steps: %v", n, steps, err)
	}
	var got []webhook.ID
	for dec := json.NewDecoder(&b); ; {
		var line struct{ ID webhook.ID }
		if dec.Decode(&line) != nil {
			break
		}
		got = append(got, line.ID)
	}
	want := slices.DeleteFunc(slices.Clone(ids), func(id webhook.ID) bool { return id == 4 || id == 999 })
	if !slices.Equal(got, want) {
		t.Errorf("order %v", got)
	}
}

func TestCopyStopsWhenItIsTold(t *testing.T) {
	w := formatNamed(t, "har").New(io.Discard, Options{})
	left := 3
	n, err := Copy(t.Context(), w, &source{n: 10}, []webhook.ID{1, 2, 3, 4, 5}, func() bool { left--; return left > 0 })
	if n != 3 || err != nil {
		t.Errorf("%d events: %v", n, err)
	}
	failure := errors.New("the socket is gone")
	if _, err := Copy(t.Context(), w, &source{n: 10, err: failure}, []webhook.ID{1}, nil); !errors.Is(err, failure) {
		t.Errorf("error %v", err)
	}
}
