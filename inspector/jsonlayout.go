package inspector

import (
	"context"

	"github.com/taskhook/taskhook/jsjson"
)

// jsonEntries lays JSON out, one line an entry, at most limit of them. Tokens
// keep their spelling. The body is valid JSON.
func jsonEntries(ctx context.Context, body []byte, limit, width int) (entries []entry, more bool) {
	l := jsonLayout{body: body, indent: max(2, min(48, width/2))}
	for r := jsjson.NewReader(body); ; {
		if len(l.entries)%lookUpEvery == 0 && ctx.Err() != nil {
			break
		}
		t, err := r.Next()
		if err != nil || t.Kind == jsjson.EndOfText {
			break
		}
		if len(l.entries) >= limit {
			return l.finish(), true
		}
		l.token(t)
	}
	l.flush()
	return l.finish(), false
}

// jsonLayout turns tokens into lines. All text is in one buffer until the end.
type jsonLayout struct {
	body    []byte
	indent  int // cells at most
	text    []byte
	starts  []int32 // of the entries, in text
	entries []entry
	open    []int32 // the entries that are open
	line    entry   // the one that is being made
	begun   bool
	last    jsjson.Kind
}

// token takes in the next token.
func (l *jsonLayout) token(t jsjson.Token) {
	begins := l.last == jsjson.OpenObject || l.last == jsjson.OpenArray
	ends := t.Kind == jsjson.CloseObject || t.Kind == jsjson.CloseArray
	switch {
	case begins && ends: // {} and [] stay together
		l.line.kind = entryPlain
		l.open = l.open[:len(l.open)-1]
	case begins:
		l.flush()
	case ends:
		l.flush()
		last := len(l.open) - 1
		l.entries[l.open[last]].end = int32(len(l.entries))
		l.open = l.open[:last]
		l.begin(t.Start)
		l.line.kind = entryCloses
	case l.last == jsjson.Key:
		l.text = append(l.text, ": "...)
	case l.begun:
		l.text = append(l.text, ',')
		l.flush()
	}
	l.last = t.Kind
	switch {
	case t.Kind == jsjson.Key:
		l.begin(t.Start)
	case !ends:
		l.value(t)
	}
	l.text = append(l.text, l.body[t.Start:t.End]...)
}

// value begins a value: on a line of its own, or behind its key.
func (l *jsonLayout) value(t jsjson.Token) {
	l.begin(t.Start)
	l.line.at = int32(t.Start)
	if n := len(l.open); n > 0 {
		l.entries[l.open[n-1]].count++
	}
	if t.Kind == jsjson.OpenObject || t.Kind == jsjson.OpenArray {
		l.line.kind = entryOpens
		l.open = append(l.open, int32(len(l.entries)))
	}
}

func (l *jsonLayout) begin(at int) {
	if l.begun {
		return
	}
	l.begun = true
	depth := len(l.open)
	l.line = entry{look: lookJSON, depth: int32(depth), at: int32(at)}
	l.starts = append(l.starts, int32(len(l.text)))
	l.text = append(l.text, spaces(min(2*depth, l.indent))...)
}

// flush ends the line.
func (l *jsonLayout) flush() {
	if l.begun {
		l.entries = append(l.entries, l.line)
		l.begun = false
	}
}

func (l *jsonLayout) finish() []entry {
	for _, i := range l.open { // left out
		if int(i) < len(l.entries) {
			l.entries[i].end = int32(len(l.entries) - 1)
		}
	}
	text := string(l.text)
	for i := range l.entries {
		end := len(text)
		if i+1 < len(l.starts) {
			end = int(l.starts[i+1])
		}
		l.entries[i].text = safe(text[l.starts[i]:end])
	}
	return l.entries
}
