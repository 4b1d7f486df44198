package proxy

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// message is the JSON body of an answer that Taskhook gives itself: what is wrong
// and one thing to do about it.
type message struct {
	Error   string                `json:"error"`
	Reason  string                `json:"reason,omitempty"`
	Verdict webhook.VerdictStatus `json:"verdict,omitempty"`
	Target  string                `json:"target,omitempty"`
	Next    string                `json:"next,omitempty"`
}

// writeMessage answers a request in place of the app.
func writeMessage(w http.ResponseWriter, status int, m message) { writeJSON(w, status, m) }

// writeJSON answers a request with a value that consists of texts and truth
// values.
func writeJSON(w http.ResponseWriter, status int, value any) {
	body := jsonBytes(value)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the context tells whether the sender has gone
}

// jsonBytes is a value as writeJSON writes it.
func jsonBytes(value any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		b.Reset() // cannot happen
	}
	return b.Bytes()
}

// reason returns one line of the message, which is stored with the answer.
func (m message) reason() string {
	if m.Reason == "" {
		return m.Error
	}
	return m.Reason
}

// byTaskhook returns an answer that Taskhook gives itself now.
func byTaskhook(status int, reason string) webhook.Answer {
	return webhook.Answer{Status: status, By: webhook.ByTaskhook, Reason: reason, At: time.Now()}
}

func stoppingMessage() message {
	return message{
		Error:  "taskhook is stopping",
		Reason: "the event arrived while taskhook was stopping, and was not forwarded",
		Next:   "send it again in a few minutes",
	}
}

func busyMessage(target string) message {
	return message{
		Error:  "the app is busy",
		Reason: errBusy.Error() + " until the time limit, so the event was not forwarded",
		Target: format.MaskURLs(target),
		Next:   "answer faster, or allow more connections with --max-connections",
	}
}
