package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
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

// wholes are records of every kind of event: tried twice, rejected, binary, without a
// body, without an answer.
func wholes() []webhook.Record {
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
		{EventID: 1, Delivery: 2, Number: 1, Trigger: webhook.TriggerResend, Resend: 1, Target: "http://127.0.0.1:3001/", StartedAt: received.Add(time.Minute), Duration: 250 * time.Millisecond,
			Error: "connection refused", Hint: "is your app running on port 3001?",
			Sent: &webhook.Request{Method: "PUT", Path: "/", Header: http.Header{"X-New": {"caf\xe9"}}, Body: []byte("\xff\x00new")}},
	}
	rejected := e(2, "{}")
	rejected.Verdict, rejected.Decision = webhook.Verdict{Status: webhook.Invalid}, webhook.RejectedSignature
	rejected.Answer = webhook.Answer{Status: 401, By: webhook.ByTaskhook, Reason: "invalid signature", At: rejected.ReceivedAt.Add(2 * time.Millisecond)}
	binary := e(3, "\x00\xff\x1b[31m")
	pruned := e(4, "")
	pruned.Body, pruned.BodySize, pruned.NoBody, pruned.Source, pruned.Host = nil, 9<<20, true, webhook.SourceLocal, ""
	return []webhook.Record{
		{Summary: webhook.Summary{Event: tried, Attempts: 2}, History: attempts},
		{Summary: webhook.Summary{Event: rejected}},
		{Summary: webhook.Summary{Event: binary, Attempts: 1}, History: []webhook.Attempt{{EventID: 3, Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, Target: "http://127.0.0.1:3000/hook", StartedAt: received, StatusCode: 204, Header: http.Header{}}}},
		{Summary: webhook.Summary{Event: pruned}},
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

func write(t *testing.T, format string, o Options, events ...webhook.Record) string {
	t.Helper()
	var b bytes.Buffer
	w := formatNamed(t, format).New(&b, o)
	if b.Len() != 0 {
		t.Errorf("%s: %q is written before there is anything to write", format, b.String())
	}
	for _, e := range events {
		before := b.Len()
		if err := w.Event(e); err != nil {
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
			t.Errorf("%s takes more than one line", e.ID)
		}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		if line.ID != e.ID || !bytes.Equal(line.Body, e.Body) || len(line.Attempts) != len(e.History) || !cmp.Equal(line.Header, e.Header) {
			t.Errorf("%+v is not %+v", line, e.Event)
		}
		for i, a := range e.History {
			if a.Sent != nil && !bytes.Equal(line.Attempts[i].Sent.Body, a.Sent.Body) {
				t.Errorf("sent %q, want %q", line.Attempts[i].Sent.Body, a.Sent.Body)
			}
		}
	}
}

// chunks yields events #1 to n, two at a time, and then an error, if there is
// one.
func chunks(n webhook.ID, err error) iter.Seq2[webhook.Chunk, error] {
	return func(yield func(webhook.Chunk, error) bool) {
		for id := webhook.ID(1); id <= n; id += 2 {
			b := webhook.Chunk{Records: []webhook.Record{
				{Summary: webhook.Summary{Event: webhook.Event{ID: id}}}, {Summary: webhook.Summary{Event: webhook.Event{ID: id + 1}}},
			}}
			if !yield(b, nil) {
				return
			}
		}
		if err != nil {
			yield(webhook.Chunk{}, err)
		}
	}
}

func TestCopyWritesEveryChunkInOrder(t *testing.T) {
	var b bytes.Buffer
	seen := 0
	n, err := Copy(formatNamed(t, "jsonl").New(&b, Options{Now: received}), chunks(6, nil), func(chunk webhook.Chunk) bool {
		seen += len(chunk.Records)
		if lines := strings.Count(b.String(), "\n"); lines != seen {
			t.Errorf("%d events are written, %d were read", lines, seen)
		}
		return true
	})
	if n != 6 || seen != 6 || err != nil {
		t.Errorf("%d events, %d seen: %v", n, seen, err)
	}
	var got []webhook.ID
	for dec := json.NewDecoder(&b); ; {
		var line struct{ ID webhook.ID }
		if dec.Decode(&line) != nil {
			break
		}
		got = append(got, line.ID)
	}
	if !slices.Equal(got, []webhook.ID{1, 2, 3, 4, 5, 6}) {
		t.Errorf("order %v", got)
	}
}

func TestCopyStopsWhenItIsTold(t *testing.T) {
	w := formatNamed(t, "har").New(io.Discard, Options{})
	n, err := Copy(w, chunks(10, nil), func(b webhook.Chunk) bool { return b.Records[0].ID < 3 })
	if n != 4 || err != nil {
		t.Errorf("%d events: %v", n, err)
	}
	failure := errors.New("the socket is gone")
	if n, err := Copy(w, chunks(2, failure), func(webhook.Chunk) bool { return true }); n != 2 || !errors.Is(err, failure) {
		t.Errorf("%d events, error %v", n, err)
	}
	full := errors.New("the disk is full")
	if n, err := Copy(formatNamed(t, "jsonl").New(failing{full}, Options{}), chunks(2, nil), nil); n != 0 || !errors.Is(err, full) {
		t.Errorf("%d events, error %v", n, err)
	}
}

// failing is a writer that takes nothing.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
