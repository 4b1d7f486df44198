package inspector

import (
	"bytes"
	"context"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/jsjson"
)

// Bounds of a comparison by path.
const (
	maxPathDepth  = 48      // below it containers are compared as they are spelled
	maxPathLeaves = 200_000 // of each side
	maxChanges    = 5000
	maxValue      = 2000 // bytes of a value that are shown
)

// leaf is a value of a JSON body that is compared as a whole.
type leaf struct {
	path  string
	value []byte // as it is spelled, a part of the body
}

// leaves lists the values of a JSON body in order; more says that some were
// left out.
func leaves(ctx context.Context, body []byte) (all []leaf, more bool) {
	w := leafWalk{body: body, r: jsjson.NewReader(body)}
	for len(w.leaves)%lookUpEvery != 0 || ctx.Err() == nil {
		t, err := w.next()
		if err != nil || t.Kind == jsjson.EndOfText {
			break
		}
		if len(w.leaves) >= maxPathLeaves {
			return w.leaves, true
		}
		w.token(t)
	}
	return w.leaves, false
}

// leafWalk walks through JSON and keeps the path.
type leafWalk struct {
	body   []byte
	r      *jsjson.Reader
	leaves []leaf
	path   []byte // of what is open
	key    []byte // of the value that comes, within an object
	open   []openPath
}

type openPath struct {
	start  int // in the body
	before int // length of the path without it
	object bool
	values int // in it so far
}

// next reads a token, or at the greatest depth a whole value.
func (w *leafWalk) next() (jsjson.Token, error) {
	if len(w.open) >= maxPathDepth {
		return w.r.Value()
	}
	return w.r.Next()
}

func (w *leafWalk) token(t jsjson.Token) {
	switch t.Kind {
	case jsjson.Key:
		w.key = w.body[t.Start:t.End]
		return
	case jsjson.OpenObject, jsjson.OpenArray:
		if len(w.open) >= maxPathDepth {
			break
		}
		before := len(w.path)
		w.step()
		w.open = append(w.open, openPath{start: t.Start, before: before, object: t.Kind == jsjson.OpenObject})
		return
	case jsjson.CloseObject, jsjson.CloseArray:
		top := w.open[len(w.open)-1]
		w.path = w.path[:top.before]
		w.open = w.open[:len(w.open)-1]
		if top.values > 0 {
			w.valueEnds()
			return
		}
		t.Start = top.start // {} and [] are values
	}
	w.leaf(t)
}

// step appends the step to the value that comes to the path.
func (w *leafWalk) step() {
	if len(w.open) == 0 {
		return
	}
	top := w.open[len(w.open)-1]
	if !top.object {
		w.path = append(w.path, '[')
		w.path = strconv.AppendInt(w.path, int64(top.values), 10)
		w.path = append(w.path, ']')
		return
	}
	w.path = append(w.path, keyStep(string(w.key))...)
}

func (w *leafWalk) leaf(t jsjson.Token) {
	before := len(w.path)
	w.step()
	w.leaves = append(w.leaves, leaf{strings.TrimPrefix(string(w.path), "."), w.body[t.Start:t.End]})
	w.path = w.path[:before]
	w.valueEnds()
}

func (w *leafWalk) valueEnds() {
	if n := len(w.open); n > 0 {
		w.open[n-1].values++
	}
}

// byPath lists the paths whose values changed, came or went.
func (b *pageBuilder) byPath(one, two []byte) {
	before, moreOne := leaves(b.ctx, one)
	after, moreTwo := leaves(b.ctx, two)
	old := make(map[string][]byte, len(before))
	for _, l := range before {
		old[l.path] = l.value // of equal keys the last one counts
	}
	have := make(map[string][]byte, len(after))
	for _, l := range after {
		have[l.path] = l.value
	}
	changes := 0
	room := func() bool { changes++; return changes <= maxChanges && !b.full() }
	for _, l := range after {
		was, known := old[l.path]
		value := have[l.path]
		switch {
		case known && bytes.Equal(was, value):
		case !room():
		case known:
			b.changed(l.path, was, value)
		default:
			b.add(lookSigned, "+ "+pathName(l.path)+": "+brieflySpelled(value))
		}
		old[l.path] = value // once is enough
	}
	for _, l := range before {
		if _, known := have[l.path]; !known && room() {
			b.add(lookSigned, "- "+pathName(l.path)+": "+brieflySpelled(l.value))
		}
	}
	if changes > maxChanges || moreOne || moreTwo {
		b.more()
	}
}

// pathName writes a path for people, who need a name for the body itself.
func pathName(path string) string {
	if path == "" {
		return "(root)"
	}
	return path
}

// changed adds a path with both values: on one line where it has room.
func (b *pageBuilder) changed(path string, was, value []byte) {
	was, value = parting(was, value)
	line := "~ " + pathName(path) + ": " + brieflySpelled(was) + " → " + brieflySpelled(value)
	if ansi.StringWidth(safe(clip(line, b.spec.width))) <= b.spec.width {
		b.add(lookSigned, line)
		return
	}
	b.add(lookSigned, "~ "+pathName(path))
	b.add(lookSigned, "- "+brieflySpelled(was))
	b.add(lookSigned, "+ "+brieflySpelled(value))
}

func brieflySpelled(value []byte) string {
	if len(value) > maxValue {
		return string(value[:maxValue]) + "… (" + format.Bytes(int64(len(value))) + ")"
	}
	return string(value)
}

// partingLead is what is left of a common beginning.
const partingLead = 40

// parting cuts the common beginning of two long texts, so that what is shown
// of them is what differs.
func parting(a, b []byte) ([]byte, []byte) {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	if max(len(a), len(b)) <= maxValue || n <= 2*partingLead {
		return a, b
	}
	from := n - partingLead
	for from > 0 && a[from]&0xc0 == 0x80 {
		from--
	}
	return append([]byte("…"), a[from:]...), append([]byte("…"), b[from:]...)
}
