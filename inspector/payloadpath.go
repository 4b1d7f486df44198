package inspector

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/taskhook/taskhook/jsjson"
)

// pathSteps is how many steps of a path are shown: the last ones.
const pathSteps = 40

// path names the value at an entry as code would: data.items[3].email. The
// root is "".
func (p *page) path(e int) string {
	if e >= len(p.entries) {
		return ""
	}
	if p.entries[e].kind == entryCloses {
		e = p.opener(e)
	}
	var steps []string
	for p.entries[e].depth > 0 {
		if len(steps) == pathSteps {
			steps = append(steps, "…")
			break
		}
		parent, index := p.parent(e)
		if parent < 0 {
			break
		}
		steps = append(steps, p.step(e, parent, index))
		e = parent
	}
	slices.Reverse(steps)
	return strings.TrimPrefix(strings.Join(steps, ""), ".")
}

// opener is the entry that a closing one closes.
func (p *page) opener(closing int) int {
	for i := closing - 1; i >= 0; i-- {
		if p.entries[i].kind == entryOpens && int(p.entries[i].end) == closing {
			return i
		}
	}
	return closing
}

// parent returns what an entry is directly in, and its place there; -1 for none.
func (p *page) parent(e int) (parent, index int) {
	depth := p.entries[e].depth
	for i := e - 1; i >= 0; i-- {
		switch o := &p.entries[i]; {
		case o.depth < depth:
			return i, index
		case o.depth == depth && o.kind != entryCloses:
			index++
		}
	}
	return -1, 0
}

func (p *page) step(e, parent, index int) string {
	if strings.HasSuffix(p.entries[parent].text, "[") {
		return "[" + strconv.Itoa(index) + "]"
	}
	text := []byte(strings.TrimLeft(p.entries[e].text, " "))
	t, err := jsjson.NewReader(text).Next()
	if err != nil {
		return ""
	}
	return keyStep(clip(string(text[t.Start:t.End]), 100))
}

// keyStep is how code names a key that is spelled as JSON.
func keyStep(quoted string) string {
	var name string
	if err := json.Unmarshal([]byte(quoted), &name); err != nil || !identifier(name) {
		return "[" + quoted + "]"
	}
	return "." + name
}

func identifier(s string) bool {
	for i, c := range s {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '$', i > 0 && c >= '0' && c <= '9':
		default:
			return false
		}
	}
	return s != ""
}

// container is the entry that is folded when the cursor is at e: that one, or
// what it is in; -1 if there is nothing.
func (p *page) container(e int) int {
	switch p.entries[e].kind {
	case entryOpens:
		return e
	case entryCloses:
		return p.opener(e)
	}
	if p.entries[e].depth == 0 {
		return -1
	}
	parent, _ := p.parent(e)
	return parent
}

// valueAt is the value at an offset of a JSON body, as it is spelled there.
func valueAt(body []byte, at int) []byte {
	if at < 0 || at >= len(body) {
		return nil
	}
	t, err := jsjson.NewReader(body[at:]).Value()
	if err != nil {
		return nil
	}
	return body[at+t.Start : at+t.End]
}
