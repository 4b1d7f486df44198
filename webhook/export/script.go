package export

import (
	"fmt"
	"io"
	"strings"

	"github.com/taskhook/taskhook/webhook"
)

// defaultTarget is asked by the command of an event that was never tried.
const defaultTarget = "http://127.0.0.1:3000"

// curlWriter writes a shell script that sends each event as it was received.
type curlWriter struct {
	w     io.Writer
	opts  Options
	begun bool
}

// head lets a script be run from anywhere: the bodies are beside it.
const head = "#!/bin/sh\n"
const enter = "cd \"$(dirname \"$0\")\" || exit 1\n"

func (c *curlWriter) begin() error {
	if c.begun {
		return nil
	}
	c.begun = true
	text := head
	if c.opts.Beside != nil {
		text += enter
	}
	_, err := io.WriteString(c.w, text)
	return err
}

func (c *curlWriter) Event(e webhook.Event, _ webhook.Summary, attempts []webhook.Attempt) error {
	if err := c.begin(); err != nil {
		return err
	}
	name := e.Type
	if name == "" {
		name = e.Method + " " + e.Path
	}
	title := fmt.Sprintf("\n# %s %s, received %s\n", e.ID, Clean(name), utc(e.ReceivedAt).Format("2006-01-02 15:04:05.000 UTC"))
	if e.NoBody || e.Body == nil && e.BodySize != 0 {
		_, err := io.WriteString(c.w, title+"# its body was not kept: there is nothing to send\n")
		return err
	}
	url := c.url(e, attempts)
	command, needsFile := Curl(e, url)
	if needsFile {
		var err error
		if command, err = c.withFile(e, url); err != nil {
			return err
		}
	}
	_, err := io.WriteString(c.w, title+command+"\n")
	return err
}

// withFile is the command of an event whose body does not fit on it.
func (c *curlWriter) withFile(e webhook.Event, url string) (string, error) {
	if c.opts.Beside == nil {
		return printed(e.Body) + " | " + curl(e, url, "--data-binary @-"), nil
	}
	name, err := c.opts.Beside(CurlBodyFile(e.ID), e.Body)
	if err != nil {
		return "", fmt.Errorf("write the body of %s: %w", e.ID, err)
	}
	return curl(e, url, "--data-binary "+quote("@"+name)), nil
}

func (c *curlWriter) Close() error { return c.begin() }

// url is where the event's own bytes were last sent to.
func (c *curlWriter) url(e webhook.Event, attempts []webhook.Attempt) string {
	for i := len(attempts) - 1; i >= 0; i-- {
		if a := attempts[i]; a.Target != "" && a.Sent == nil {
			return a.Target
		}
	}
	target := c.opts.Target
	if target == "" {
		target = defaultTarget
	}
	return targetURL(target, e)
}

// targetURL is the URL at which a target gets an event: a target with a path
// gets every event at exactly that path, and queries are joined.
func targetURL(target string, e webhook.Event) string {
	base, query, _ := strings.Cut(target, "?")
	_, rest, _ := strings.Cut(base, "://")
	if _, path, _ := strings.Cut(rest, "/"); path == "" {
		base = strings.TrimRight(base, "/") + "/" + strings.TrimPrefix(e.Path, "/")
	}
	if query != "" && e.RawQuery != "" {
		query += "&"
	}
	return asked(base, query+e.RawQuery)
}

func asked(path, query string) string {
	if query != "" {
		return path + "?" + query
	}
	return path
}

// printed is a shell command that prints exactly these bytes. Its arguments
// are for a builtin, so that no system's limit on them counts.
func printed(body []byte) string {
	const chunk = 16 << 10
	var b strings.Builder
	b.WriteString("{")
	for len(body) > 0 {
		n := min(chunk, len(body))
		b.WriteString(" printf '")
		for _, c := range body[:n] {
			octal(&b, c)
		}
		b.WriteString("';")
		body = body[n:]
	}
	b.WriteString(" }")
	return b.String()
}
