package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

// failure says why the app gave no complete answer.
type failure struct {
	status int    // for the sender, if it has not got a status yet
	title  string // in a few words
	text   string // in a sentence
	next   string // one thing to do
	// reached says that the app may have got the complete request.
	reached bool
}

func (f *failure) message(t httpwire.Target) message {
	return message{Error: f.title, Reason: f.text, Target: format.MaskURLs(t.String()), Next: format.MaskURLs(f.next)}
}

// explain says what an error of the transport means. When Taskhook itself ends
// the exchange because it is stopping, the platform has to send the event again.
func explain(ctx context.Context, err error, t httpwire.Target, a *webhook.Attempt, limit time.Duration) *failure {
	var dial *dialError
	switch {
	case ctx.Err() != nil && !errors.Is(context.Cause(ctx), ErrStopping):
		return explainCancelled(a)
	case ctx.Err() != nil:
		f := &failure{
			status: http.StatusTooManyRequests, title: "taskhook is stopping",
			text: "taskhook stopped before the app had answered", next: "send it again in a few minutes",
		}
		if a.StatusCode != 0 {
			f.text = fmt.Sprintf("taskhook stopped after %d bytes of the app's answer (%d)", a.BodySize, a.StatusCode)
		}
		return f
	case errors.Is(err, ErrStopping):
		return &failure{
			status: http.StatusTooManyRequests, title: "taskhook is stopping",
			text: "taskhook stopped while it waited for the app", next: "send it again in a few minutes",
		}
	case errors.As(err, &dial):
		return unreachable(dial, t)
	case httpwire.IsTimeout(err):
		return explainTimeout(a, limit)
	case errors.Is(err, errSpeaksTLS), errors.Is(err, errSpeaksHTTP2):
		return explainOther(err, t)
	case errors.Is(err, errClosedIdle):
		return explainClosedIdle()
	case errors.Is(err, errNoAnswer):
		return mayHaveCrashed(err.Error(), "look at your app's log: it may have crashed on this event")
	case a.StatusCode != 0:
		text := fmt.Sprintf("the app broke off its answer (%d) after %d bytes", a.StatusCode, a.BodySize)
		return mayHaveCrashed(text, "look at your app's log: it may have crashed while answering")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return mayHaveCrashed("the app broke off in the headers of its answer", "look at your app's log")
	}
	return explainProtocol(err, t)
}

// explainCancelled is for an attempt that a person has cancelled.
func explainCancelled(a *webhook.Attempt) *failure {
	f := mayHaveCrashed("cancelled before the app had answered", "")
	if a.StatusCode != 0 {
		f.text = fmt.Sprintf("cancelled after %d bytes of the app's answer (%d)", a.BodySize, a.StatusCode)
	}
	f.title = "the attempt was cancelled"
	return f
}

func badGateway(text, next string) *failure {
	return &failure{status: http.StatusBadGateway, title: "the app gave no answer", text: text, next: next}
}

// mayHaveCrashed is the failure of an app that got the event and gave no complete
// answer.
func mayHaveCrashed(text, next string) *failure {
	f := badGateway(text, next)
	f.reached = true
	return f
}

// explainClosedIdle is for an app whose end of an idle connection met the next
// event. It is not the event's fault: the platform is to send it again, which
// is safe, as an app has to know a webhookId that it has processed.
func explainClosedIdle() *failure {
	return &failure{
		status: http.StatusTooManyRequests, title: "the app closed a kept connection",
		text:    errClosedIdle.Error() + "; " + webhook.MayBeProcessed,
		next:    "keep idle connections open for 2s or more in your app; for a minute, taskhook opens a new one for each event",
		reached: true,
	}
}

func explainTimeout(a *webhook.Attempt, limit time.Duration) *failure {
	f := &failure{
		status: http.StatusRequestTimeout, title: "the app is too slow",
		text:    fmt.Sprintf("the app did not answer within %s", format.Duration(limit)),
		next:    "answer at once and do the work afterwards, or allow more with --timeout",
		reached: true,
	}
	if a.StatusCode != 0 {
		f.text = fmt.Sprintf("the app did not finish its answer (%d) within %s", a.StatusCode, format.Duration(limit))
	}
	return f
}

// explainProtocol is for an answer that is not HTTP.
func explainProtocol(err error, t httpwire.Target) *failure {
	text := strings.TrimPrefix(err.Error(), "net/http: ")
	f := badGateway("the app's answer is not HTTP: "+text, "does something else listen on "+t.Origin().Authority()+"?")
	var upgrade *upgradeError
	switch {
	case errors.As(err, &upgrade):
		f.text = err.Error()
		f.next = upgrade.next()
	case errors.Is(err, errHeadTooBig):
		f.text = err.Error()
		f.next = "look at your app's log"
	}
	return f
}
