package export

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/body"
)

// harWriter writes HTTP Archive 1.2 entry by entry. Fields whose names begin
// with an underscore are the custom ones that the format allows.
type harWriter struct {
	w       io.Writer
	opts    Options
	entries int
}

func newHARWriter(w io.Writer, o Options) Writer { return &harWriter{w: w, opts: o} }

// Event implements [Writer].
func (h *harWriter) Event(r webhook.Record) error {
	if len(r.History) == 0 {
		return h.entry(unsentEntry(r.Event))
	}
	for _, a := range r.History {
		if err := h.entry(attemptEntry(r.Event, a)); err != nil {
			return err
		}
	}
	return nil
}

// entry writes one entry, on one line.
func (h *harWriter) entry(e harEntry) error {
	before := ","
	if h.entries == 0 {
		before = h.head()
	}
	h.entries++
	line := bytes.NewBufferString(before + "\n")
	if err := Line(line, e); err != nil {
		return err
	}
	line.Truncate(line.Len() - 1) // a comma may follow
	_, err := line.WriteTo(h.w)
	return err
}

func (h *harWriter) head() string {
	version, _ := json.Marshal(h.opts.Version)
	return `{"log":{"version":"1.2","creator":{"name":"taskhook","version":` + string(version) + `},"entries":[`
}

// Close implements [Writer].
func (h *harWriter) Close() error {
	text := "\n]}}\n"
	if h.entries == 0 {
		text = h.head() + "]}}\n"
	}
	_, err := io.WriteString(h.w, text)
	return err
}

// The objects of HAR 1.2. -1 is its way to say that something is not known.
type (
	harEntry struct {
		Started  string      `json:"startedDateTime"`
		Time     float64     `json:"time"` // ms
		Request  harRequest  `json:"request"`
		Response harResponse `json:"response"`
		Cache    struct{}    `json:"cache"`
		Timings  harTimings  `json:"timings"`
		Comment  string      `json:"comment,omitempty"`

		EventID    webhook.ID            `json:"_eventId"`
		Type       string                `json:"_type,omitempty"`
		WebhookID  string                `json:"_webhookId,omitempty"`
		Verdict    webhook.VerdictStatus `json:"_verdict,omitempty"`
		Delivery   int                   `json:"_delivery,omitempty"`
		Number     int                   `json:"_number,omitempty"`
		Trigger    webhook.Trigger       `json:"_trigger,omitempty"`
		AnsweredBy webhook.AnsweredBy    `json:"_answeredBy,omitempty"`
	}
	harRequest struct {
		Method      string      `json:"method"`
		URL         string      `json:"url"`
		Version     string      `json:"httpVersion"`
		Cookies     []harCookie `json:"cookies"`
		Headers     []harPair   `json:"headers"`
		Query       []harPair   `json:"queryString"`
		Body        *harBody    `json:"postData,omitempty"`
		HeadersSize int64       `json:"headersSize"`
		BodySize    int64       `json:"bodySize"`
		Target      string      `json:"_requestTarget,omitempty"` // in place of the URL's path
		Trailers    []harPair   `json:"_trailers,omitempty"`
	}
	harResponse struct {
		Status      int         `json:"status"`
		StatusText  string      `json:"statusText"`
		Version     string      `json:"httpVersion"`
		Cookies     []harCookie `json:"cookies"`
		Headers     []harPair   `json:"headers"`
		Content     harContent  `json:"content"`
		Redirect    string      `json:"redirectURL"`
		HeadersSize int64       `json:"headersSize"`
		BodySize    int64       `json:"bodySize"`
		Error       string      `json:"_error,omitempty"`
		Trailers    []harPair   `json:"_trailers,omitempty"`
	}
	harBody struct {
		Type     string    `json:"mimeType"`
		Params   []harPair `json:"params"`
		Text     string    `json:"text"`
		Encoding string    `json:"_encoding,omitempty"` // 1.2 has one for answers alone
		Comment  string    `json:"comment,omitempty"`
	}
	harContent struct {
		Size        int64  `json:"size"`
		Compression int64  `json:"compression,omitempty"` // bytes that a coding saved
		Type        string `json:"mimeType"`
		Text        string `json:"text,omitempty"`
		Encoding    string `json:"encoding,omitempty"`
		Comment     string `json:"comment,omitempty"`
	}
	harPair struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	harCookie struct {
		Name     string `json:"name"`
		Value    string `json:"value"`
		Path     string `json:"path,omitempty"`
		Domain   string `json:"domain,omitempty"`
		Expires  string `json:"expires,omitempty"`
		HTTPOnly bool   `json:"httpOnly,omitempty"`
		Secure   bool   `json:"secure,omitempty"`
	}
	harTimings struct {
		Blocked float64 `json:"blocked"`
		DNS     float64 `json:"dns"`
		Connect float64 `json:"connect"`
		Send    float64 `json:"send"`
		Wait    float64 `json:"wait"`
		Receive float64 `json:"receive"`
		SSL     float64 `json:"ssl"`
	}
)

const harVersion = "HTTP/1.1"

// timings puts everything into the wait for the answer: of the parts, some of
// which must not be -1, nothing is known.
func timings(d time.Duration) harTimings {
	return harTimings{Blocked: -1, DNS: -1, Connect: -1, Wait: max(0, milliseconds(d)), SSL: -1}
}

func harTime(t time.Time) string { return utc(t).Format("2006-01-02T15:04:05.000Z07:00") }

// newEntry is a request with the answer that an attempt got.
func newEntry(e webhook.Event, a webhook.Attempt, q harRequest) harEntry {
	t := timings(a.Duration)
	return harEntry{
		Started: harTime(a.StartedAt), Time: t.Wait, Timings: t,
		Request: q, Response: newHARResponse(a),
		EventID: e.ID, Type: e.Type, WebhookID: e.WebhookID, Verdict: e.Verdict.Status,
		Delivery: a.Delivery, Number: a.Number, Trigger: a.Trigger,
	}
}

// attemptEntry is an attempt at the app.
func attemptEntry(e webhook.Event, a webhook.Attempt) harEntry {
	entry := newEntry(e, a, sentRequest(e, a))
	entry.Comment = a.Name()
	if a.Trigger == webhook.TriggerLate {
		entry.Comment += ", " + format.Told(a.Answered)
	}
	if a.Hint != "" {
		entry.Comment += ": " + a.Hint
	}
	if a.Simulated {
		entry.AnsweredBy = webhook.ByTaskhook
	}
	return entry
}

// unsentEntry is an event that never reached the app, with what its sender
// was told.
func unsentEntry(e webhook.Event) harEntry {
	answer := webhook.Attempt{StartedAt: e.ReceivedAt, StatusCode: e.Answer.Status}
	if !e.Answer.At.IsZero() {
		answer.Duration = e.Answer.At.Sub(e.ReceivedAt)
	}
	entry := newEntry(e, answer, receivedRequest(e))
	entry.Response.BodySize = -1
	entry.AnsweredBy, entry.Comment = e.Answer.By, e.Answer.Reason
	return entry
}

func newHARResponse(a webhook.Attempt) harResponse {
	r := harResponse{
		Status: a.StatusCode, StatusText: http.StatusText(a.StatusCode), Version: harVersion,
		Cookies: harCookies((&http.Response{Header: a.Header}).Cookies()), Headers: harHeaders(a.Header),
		Redirect: text(a.Header.Get("Location")), HeadersSize: -1, BodySize: a.BodySize, Error: text(a.Error),
		Content: harContent{Size: a.BodySize, Type: mimeType(a.Header)},
	}
	r.Trailers = harTrailers(a.Trailer)
	if a.StatusCode == 0 {
		r.BodySize = -1
	}
	r.Content.fill(body.OfAnswer(&a))
	return r
}

// fill takes in a body as a browser has it: decoded.
func (c *harContent) fill(b body.Text) {
	c.Text, c.Encoding = harText(b.Bytes)
	c.Comment = b.Note()
	if b.Decoded() {
		c.Size = int64(len(b.Bytes))
		c.Compression = c.Size - int64(b.Size)
	}
	if b.Partial && b.Coding == "" {
		c.Comment = "only the beginning of the body is stored"
	}
}

// harText is a body as the text of a JSON string can hold it exactly.
func harText(b []byte) (text, encoding string) {
	if utf8.Valid(b) {
		return string(b), ""
	}
	return base64.StdEncoding.EncodeToString(b), "base64"
}

func mimeType(h http.Header) string {
	return text(cmp.Or(h.Get("Content-Type"), "x-unknown"))
}

// harHeaders are all values of all headers, sorted by name.
func harHeaders(h http.Header) []harPair {
	pairs := make([]harPair, 0, len(h))
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			pairs = append(pairs, harPair{text(name), text(v)})
		}
	}
	return pairs
}

func harCookies(cookies []*http.Cookie) []harCookie {
	all := make([]harCookie, 0, len(cookies))
	for _, c := range cookies {
		own := harCookie{Name: text(c.Name), Value: text(c.Value), Path: text(c.Path), Domain: text(c.Domain), HTTPOnly: c.HttpOnly, Secure: c.Secure}
		if !c.Expires.IsZero() {
			own.Expires = harTime(c.Expires)
		}
		all = append(all, own)
	}
	return all
}
