package control

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
)

// exactly is a value on the socket whose texts need not be UTF-8, as request
// lines and headers: it is gob within a JSON string.
type exactly[T any] struct{ value T }

// MarshalJSON implements [json.Marshaler].
func (e exactly[T]) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(e.value); err != nil {
		return nil, err
	}
	return json.Marshal(b.Bytes())
}

// UnmarshalJSON implements [json.Unmarshaler].
func (e *exactly[T]) UnmarshalJSON(text []byte) error {
	var b []byte
	if err := json.Unmarshal(text, &b); err != nil {
		return err
	}
	return gob.NewDecoder(bytes.NewReader(b)).Decode(&e.value)
}
