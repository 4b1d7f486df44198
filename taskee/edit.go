package taskee

import (
	"errors"
	"fmt"
	"strings"

	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/webhook"
)

// Edit returns a copy of an event's body with one change, all other bytes the
// same. The path leads into the payload: into data of a nested body unless only
// the body itself has its first key, such as type.
//
// A value keeps the type of what it replaces where it can; the note says where
// it does not, or that the path leads to nothing the body had. The error wraps
// [jsjson.ErrPath], or is about JSON that is not.
func Edit(body []byte, e webhook.Edit) (changed []byte, note string, err error) {
	path := payloadPath(body, e.Path)
	before, found := jsjson.Find(body, path)
	if e.Unset {
		if !found && jsjson.Check(body) == nil {
			return body, fmt.Sprintf("there is no %s to leave out", e.Path), nil
		}
		changed, err = jsjson.Remove(body, path)
		return changed, "", err
	}
	if e.JSON && jsjson.Check([]byte(e.Value)) != nil {
		return nil, "", fmt.Errorf("%q is not JSON", e.Value)
	}
	value := e.Value
	if !e.JSON {
		value = spelled(value, found && kindOf(before) == kindText)
	}
	if changed, err = jsjson.Set(body, path, value); err != nil {
		return nil, "", err
	}
	after := kindOf([]byte(strings.TrimSpace(value)))
	switch {
	case !found:
		note = fmt.Sprintf("the event had no %s: it was added as %s", e.Path, after)
	case !e.JSON && kindOf(before) != after && kindOf(before) != kindNull:
		note = fmt.Sprintf("%s was %s and is %s now", e.Path, kindOf(before), after)
	}
	return changed, note, nil
}

// spelled writes a value as JSON: as a text if it is to be one, and where it is
// no JSON.
func spelled(value string, asText bool) string {
	isJSON := jsjson.Check([]byte(value)) == nil
	if !isJSON || asText && kindOf([]byte(value)) != kindText {
		return string(jsjson.Quote(value))
	}
	return value
}

// payloadPath resolves a path into the payload to one into the body.
func payloadPath(body []byte, path string) string {
	inData := fieldData + "." + path
	first := firstKey(path)
	switch _, nested := jsjson.Find(body, fieldData+"."+first); {
	case nested:
		return inData
	case has(body, first) || !isObject(body, fieldData):
		return path
	}
	return inData
}

func has(body []byte, path string) bool {
	_, found := jsjson.Find(body, path)
	return found
}

func isObject(body []byte, path string) bool {
	raw, found := jsjson.Find(body, path)
	return found && kindOf(raw) == kindObject
}

// firstKey is a path up to its first dot that is not escaped.
func firstKey(path string) string {
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case '\\':
			i++
		case '.':
			return path[:i]
		}
	}
	return path
}

// kind is a kind of JSON value in words.
type kind string

const (
	kindText   kind = "a text"
	kindObject kind = "an object"
	kindNull   kind = "null"
)

func kindOf(raw []byte) kind {
	switch raw[0] {
	case '"':
		return kindText
	case '{':
		return kindObject
	case '[':
		return "an array"
	case 't', 'f':
		return "true or false"
	case 'n':
		return kindNull
	}
	return "a number"
}

// EditAll makes several changes, in order.
func EditAll(body []byte, edits []webhook.Edit) (changed []byte, notes []string, err error) {
	for _, e := range edits {
		var note string
		if body, note, err = Edit(body, e); err != nil {
			if errors.Is(err, jsjson.ErrPath) {
				return nil, nil, err
			}
			return nil, nil, fmt.Errorf("%s: %w", e.Path, err)
		}
		if note != "" {
			notes = append(notes, note)
		}
	}
	return body, notes, nil
}
