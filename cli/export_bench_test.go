package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/taskhook/taskhook/control"
	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/webhook"
)

// The store of BenchmarkExport has so many events of so many bytes.
const (
	exportedEvents = 100_000
	exportedBody   = 2048
)

// BenchmarkExport writes a large store as JSON lines, from the file and through
// the socket of a listener that has it open. MB/s counts the bodies.
func BenchmarkExport(b *testing.B) {
	dir := b.TempDir()
	fillStore(b, dir)
	a := &app{stdout: io.Discard, stderr: io.Discard, dataDir: dir}
	export := func(b *testing.B, from *backend) {
		f := &exportFlags{format: oneOf("jsonl")}
		b.SetBytes(exportedEvents * exportedBody)
		for b.Loop() {
			if err := a.exportEvents(b.Context(), from, nil, webhook.Query{}, f); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("file", func(b *testing.B) {
		own, err := a.openStored(dir, reads)
		if err != nil {
			b.Fatal(err)
		}
		export(b, own)
		if err := own.close(); err != nil {
			b.Fatal(err)
		}
	})
	b.Run("listener", func(b *testing.B) {
		own, err := a.openStored(dir, writes)
		if err != nil {
			b.Fatal(err)
		}
		stop, err := own.own.Share()
		if err != nil {
			b.Fatal(err)
		}
		client, err := control.Dial(dir)
		if err != nil {
			b.Fatal(err)
		}
		export(b, &backend{Backend: client})
		stop()
		if err := errors.Join(client.Close(), own.close()); err != nil {
			b.Fatal(err)
		}
	})
}

// fillStore makes the store of a data directory.
func fillStore(b *testing.B, dir string) {
	b.Helper()
	st, err := store.Open(filepath.Join(dir, "events.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	var wg sync.WaitGroup
	const writers = 512 // they share commits
	for w := range writers {
		wg.Go(func() {
			for i := w; i < exportedEvents; i += writers {
				e := exportedEvent(i)
				if err := st.PutEvent(context.Background(), &e); err != nil {
					b.Error(err)
					return
				}
				answer := webhook.Answer{Status: 200, By: webhook.ByApp, At: e.ReceivedAt}
				st.QueueAttempt(webhook.Attempt{
					EventID: e.ID, Number: 1, Trigger: webhook.TriggerReceived, Target: "http://127.0.0.1:3000/webhooks",
					StartedAt: e.ReceivedAt, Duration: 3 * time.Millisecond, StatusCode: 200, Answered: 200,
					Header: http.Header{"Content-Type": {"text/plain"}, "Content-Length": {"2"}}, Body: []byte("ok"), BodySize: 2,
				}, answer)
			}
		})
	}
	wg.Wait()
	if err := st.Close(); err != nil {
		b.Fatal(err)
	}
}

func exportedEvent(i int) webhook.Event {
	now := time.Now()
	id := fmt.Sprintf("5f3bc716-3f2a-4c1e-9d55-%012d", i)
	head, tail := `{"type":"ContactCreate","webhookId":"`+id+`","text":"`, `"}`
	body := head + strings.Repeat("é<é ", exportedBody)[:exportedBody-len(head)-len(tail)] + tail
	return webhook.Event{
		WebhookID: id, Type: "ContactCreate", SentAt: now, ReceivedAt: now,
		Method: http.MethodPost, Path: "/webhooks", Host: "127.0.0.1:4480", RemoteAddr: "127.0.0.1:1",
		Header: http.Header{
			"Content-Type": {"application/json"}, "User-Agent": {"Taskee"}, "Accept": {"*/*"},
			"X-Wh-Signature": {strings.Repeat("QUJD", 170)},
		},
		Body: []byte(body), BodySize: exportedBody, Source: webhook.SourceTunnel,
		Verdict: webhook.Verdict{Status: webhook.Valid, Scheme: "rsa", Key: "taskee"},
	}
}
