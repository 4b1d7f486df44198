package jsjson

import (
	"bytes"
	"slices"
)

// Remove returns a copy of a JSON body without the value at a path, its key and
// the comma that goes with it, and all other bytes the same. Paths are those of
// [Find]. Of equal keys all go: else an earlier one would take its place. The
// error wraps [ErrPath] for a path that does not exist, and is a [*SyntaxError]
// for a body that is not JSON.
func Remove(body []byte, path string) ([]byte, error) {
	keys, err := splitPath(path)
	if err != nil {
		return nil, err
	}
	holder, offset, p, err := descend(body, keys, "remove")
	if err != nil {
		return nil, err
	}
	if !p.found {
		return nil, pathError("cannot remove %s: it does not exist", joinPath(keys))
	}
	out := slices.Clone(holder)
	for _, cut := range slices.Backward(cuts(holder, keys[len(keys)-1])) {
		out = slices.Delete(out, cut.start, cut.end)
	}
	return slices.Concat(body[:offset], out, body[offset+len(holder):]), nil
}

// cuts are the parts that a key takes up in an object or array, in order.
func cuts(text []byte, key string) []span {
	r := NewReader(text)
	open, _ := r.Next() // locate has read all of it
	quoted := Quote(key)
	var all []span
	kept := false // something before is kept, and with it no comma
	var spelled []byte
	for n := uint32(0); ; n++ {
		before, start := r.at, 0
		same := false
		if open.Kind == OpenObject {
			k, err := r.Next()
			if err != nil || k.Kind != Key {
				return all
			}
			spelled = appendQuoted(spelled[:0], r.text[k.Start:k.End])
			start, same = k.Start, bytes.Equal(spelled, quoted)
		}
		v, err := r.Value()
		if err != nil || v.Kind == CloseArray {
			return all
		}
		if open.Kind == OpenArray {
			index, ok := arrayIndex([]byte(`"` + key + `"`))
			start, same = v.Start, ok && index == n
		}
		switch {
		case !same && !kept && len(all) > 0:
			all[len(all)-1].end = start // up to here, its comma included
			kept = true
		case !same:
			kept = true
		case kept:
			all = append(all, span{before, v.End})
		case len(all) > 0:
			all[len(all)-1].end = v.End
		default:
			all = append(all, span{start, v.End})
		}
	}
}
