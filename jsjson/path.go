package jsjson

import (
	"errors"
	"fmt"
	"strings"
)

// ErrPath is returned for a path that does not exist in a body; it is wrapped
// with what is there instead.
var ErrPath = errors.New("no such path")

func pathError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrPath, fmt.Sprintf(format, args...))
}

// splitPath splits a dotted path into keys; a backslash escapes the character
// after it.
func splitPath(path string) ([]string, error) {
	if path == "" {
		return nil, pathError("the path is empty")
	}
	var keys []string
	var k strings.Builder
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '.':
			keys = append(keys, k.String())
			k.Reset()
		case c == '\\' && i+1 < len(path):
			i++
			k.WriteByte(path[i])
		default:
			k.WriteByte(c)
		}
	}
	keys = append(keys, k.String())
	for _, k := range keys {
		if k == "" {
			return nil, pathError("%s has an empty key: want a path such as data.email or tags.0", path)
		}
	}
	return keys, nil
}

// joinPath writes keys as a path that splitPath reads; "" for none.
func joinPath(keys []string) string {
	escaped := make([]string, len(keys))
	for i, k := range keys {
		escaped[i] = strings.NewReplacer(`\`, `\\`, ".", `\.`).Replace(k)
	}
	return strings.Join(escaped, ".")
}
