package cli

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/body"
	"github.com/taskhook/taskhook/webhook/export"
)

// showForm is how one event is shown.
type showForm struct{ raw, headers, curl bool }

func newEventsShowCommand(a *app) *cobra.Command {
	var form showForm
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show one event with its headers, payload and attempts",
		Long:  "Show one event, named 42, #42, latest or by its webhookId.",
		Example: "  taskhook events show latest\n" +
			"  taskhook events show 42 --raw > body.json   # exactly the stored bytes",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := exclusive(cmd, "json", "raw", "headers", "curl"); err != nil {
				return err
			}
			return a.withBackend(cmd, reads, func(b *backend) error { return a.showEvent(cmd.Context(), b, args[0], form) })
		},
	}
	f := cmd.Flags()
	a.withJSON(cmd, "print one JSON object, with the body in base64")
	f.BoolVar(&form.raw, "raw", false, "print exactly the stored bytes of the body")
	f.BoolVar(&form.headers, "headers", false, "print the headers as received")
	f.BoolVar(&form.curl, "curl", false, "print a curl command that sends the event to your app")
	return cmd
}

func (a *app) showEvent(ctx context.Context, b *backend, name string, form showForm) error {
	ids, err := findAll(ctx, b, []string{name})
	if err != nil {
		return err
	}
	r, err := webhook.ReadRecord(ctx, b, ids[0], webhook.Parts{Payload: true, Attempts: !form.raw && !form.headers})
	if err != nil {
		return err
	}
	e := r.Event
	switch {
	case form.raw && e.NoBody:
		return withHint(fmt.Errorf("%s has no body: %s", e.ID, e.Answer.Reason), "have it sent again, with a larger --max-body of taskhook listen")
	case form.raw:
		_, err = a.stdout.Write(e.Body)
		return err
	case form.curl:
		return a.showCurl(ctx, b, r)
	case a.json:
		return export.EventObject(a.stdout, r, time.Now())
	}
	out := bufio.NewWriter(a.stdout) // Flush reports the error of any write
	if form.headers {
		writeHeaders(out, e)
	} else {
		writeEvent(out, r, time.Now())
	}
	return out.Flush()
}

// showCurl writes a curl command that sends the event to the target, or with
// several of them to where it was sent last.
func (a *app) showCurl(ctx context.Context, b *backend, r webhook.Record) error {
	l, err := b.Listener(ctx)
	if err != nil {
		return err
	}
	target, err := httpwire.ParseTarget(cmp.Or(l.Target, "127.0.0.1:3000"))
	if err != nil {
		return err
	}
	e := r.Event
	if e.Decision == webhook.Passed {
		target = target.Root()
	}
	url := target.URL(e.Path, e.RawQuery)
	if sent := len(r.History); sent > 0 && len(l.Routes) > 0 {
		url = r.History[sent-1].Target
	}
	command, needsFile := export.Curl(e, url)
	if needsFile {
		a.note("the command reads the body from a file; create it with: taskhook events show %d --raw > %s", e.ID, export.CurlBodyFile(e.ID))
	}
	_, err = fmt.Fprintln(a.stdout, command)
	return err
}

func writeHeaders(w io.Writer, e webhook.Event) {
	if e.Head != "" { // it was not understood
		_, _ = fmt.Fprintln(w, format.CleanLines(format.MaskURLs(e.Head)))
		return
	}
	uri := e.Path
	if e.RawQuery != "" {
		uri += "?" + e.RawQuery
	}
	_, _ = fmt.Fprintf(w, "%s %s\n", format.CleanLines(e.Method), format.CleanLines(format.MaskURLs(uri)))
	_, _ = fmt.Fprintf(w, "Host: %s\n", format.CleanLines(e.Host))
	for _, name := range slices.Sorted(maps.Keys(e.Header)) {
		for _, value := range e.Header[name] {
			_, _ = fmt.Fprintf(w, "%s: %s\n", format.Clean(name), format.Clean(format.MaskURLs(value)))
		}
	}
}

func writeEvent(w io.Writer, r webhook.Record, now time.Time) {
	e := r.Event
	line := func(label, layout string, args ...any) {
		_, _ = fmt.Fprintf(w, "%-10s %s\n", label, format.CleanLines(fmt.Sprintf(layout, args...)))
	}
	line("event", "%s %s", e.ID, eventName(e))
	if e.WebhookID != "" {
		line("webhookId", "%s", e.WebhookID)
	}
	line("received", "%s from %s (%s)", format.DateTime(e.ReceivedAt.Local()), e.RemoteAddr, e.Source)
	line("verdict", "%s", verdictLine(e.Verdict))
	if e.Decision.Rejected() && e.Verdict.Next != "" {
		line("  hint", "%s", e.Verdict.Next)
	}
	line("state", "%s", stateLine(r.Summary, now))
	writeRedelivery(line, e)
	for _, note := range e.Notes {
		line("note", "%s", note)
	}
	_, _ = fmt.Fprintln(w)
	writeHeaders(w, e)
	_, _ = fmt.Fprintln(w)
	if e.NoBody {
		line("body", "not kept (announced size: %s)", format.Bytes(e.BodySize))
	} else {
		text := body.OfEvent(&e)
		if note := cmp.Or(text.Note(), kindOf(text)); note != "" {
			line("body", "%s", note)
		}
		_, _ = fmt.Fprintln(w, export.Pretty(text.Bytes))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Trailer)) {
		line("trailer", "%s: %s", name, strings.Join(e.Trailer[name], ", "))
	}
	for i, at := range r.History {
		_, _ = fmt.Fprintln(w)
		line("attempt", "%s %s", at.Name(), format.DateTime(at.StartedAt.Local()))
		writeAttempt(line, at)
		if webhook.CutShort(r.History[i:]) {
			line("  cancelled", "before the next send, which would have arrived %s", format.Clock(at.RetryAt.Local()))
		}
	}
}

// writeRedelivery says how an event relates to earlier ones with its webhookId.
func writeRedelivery(line func(string, string, ...any), e webhook.Event) {
	if e.RedeliveryOf != 0 {
		line("redelivery", "of %s: send %d of the same webhookId", e.RedeliveryOf, e.Try)
	}
	if e.Altered {
		line("altered", "the same webhookId as %s, and other bytes", e.RedeliveryOf)
	}
	if e.Duplicate {
		line("duplicate", "this webhookId was delivered to your app before")
	}
	if e.PossiblyDeleted {
		line("salvaged", "brought back from a damaged store; it may have been deleted before")
	}
}

// answerWords says what came of an attempt.
func answerWords(at webhook.Attempt) string {
	outcome := at.Error
	if at.StatusCode != 0 {
		outcome = format.AnswerOf(at) + ", " + format.Bytes(at.BodySize)
		if at.Error != "" {
			outcome += ", then " + at.Error
		}
	}
	switch {
	case at.Simulated && at.AppStatus != 0:
		outcome = fmt.Sprintf("%s, written by taskhook in place of your app's %d (%s)", format.Status(at.StatusCode), at.AppStatus, format.Duration(at.Duration))
	case at.Simulated && at.Error == "":
		outcome = format.Status(at.StatusCode) + ", written by taskhook: your app was not called"
	}
	if at.Waited > 0 {
		outcome += ", " + format.Waited(at.Waited)
	}
	if at.Trigger == webhook.TriggerLate {
		outcome += "; " + format.Told(at.Answered)
	}
	return outcome
}

func writeAttempt(line func(string, string, ...any), at webhook.Attempt) {
	line("  target", "%s", format.MaskURLs(at.Target))
	if at.Signed != nil {
		line("  signed", "%s", format.Signed)
	}
	if !at.VirtualTime.IsZero() {
		line("  virtual", "would arrive %s by the policy %s", format.DateTime(at.VirtualTime.Local()), cmp.Or(at.Policy, "given"))
	}
	line("  answer", "%s", answerWords(at))
	if at.Fault != "" {
		line("  fault", "%s", at.Fault)
	}
	if text := body.OfAnswer(&at); text.Size > 0 {
		if note := text.Note(); note != "" {
			line("  body", "%s", note)
		}
		line("  body", "%s", strings.TrimSpace(answerText(text.Bytes)))
	}
	for _, name := range slices.Sorted(maps.Keys(at.Trailer)) {
		line("  trailer", "%s: %s", name, strings.Join(at.Trailer[name], ", "))
	}
	for _, note := range at.Notes {
		line("  note", "%s", note)
	}
	if at.Hint != "" {
		line("  hint", "%s", at.Hint)
	}
}

// kindOf says what a body is that is not the JSON of a webhook.
func kindOf(t body.Text) string {
	if t.Size == 0 {
		return ""
	}
	return body.Kind(nil, t.Bytes)
}

// dumped is how much of an answer that is no text is shown, in bytes.
const dumped = 256

// answerText is an answer's body for reading: its text, or else a dump of its
// beginning.
func answerText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return "\n" + export.Pretty(b[:min(len(b), dumped)])
}

// verdictLine is a verdict with its reason.
func verdictLine(v webhook.Verdict) string {
	s := format.Verdict(v)
	if v.Reason != "" {
		s += ": " + v.Reason
	}
	return s
}

// stateLine is a state with what was answered, or with what to do now. The
// reason of a verdict is beside the verdict.
func stateLine(s webhook.Summary, now time.Time) string {
	text := format.StateLine(s.Outcome, s.Try, taskee.Policy().MaxRetries, now.Local())
	next := format.StateNext(s.State(now))
	if a := s.Answer; a.By == webhook.ByTaskhook && a.Status != 0 {
		next = fmt.Sprintf("answered %d", a.Status)
		if a.Reason != "" && a.Reason != s.Verdict.Reason {
			next += ": " + a.Reason
		}
	}
	if next != "" {
		text += ": " + next
	}
	return text
}
