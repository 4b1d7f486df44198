package filter

import (
	"errors"
	"testing"
)

func TestWhoMustNotGuessIsToldWhatCannotBeDecided(t *testing.T) {
	tests := []struct {
		text, body string
		want       bool
		err        error
	}{
		{`.n == 1`, `{"n":1}`, true, nil},
		{`.n == 1`, `{"n":2}`, false, nil},
		{`!.n == 1`, `{}`, true, nil},
		{`.n == 1`, `n=1`, false, ErrNotJSON},
		{`!(.n == 1)`, `n=1`, false, ErrNotJSON},
		{`jq:(.n % 2 == 1)`, ``, false, ErrNotJSON},
		{`jq:(.n % 2 == 1)`, `{"n":3`, false, ErrNotJSON},
		{`.n.x.y == 1`, `{"n":1}`, false, ErrFailed},
		{`!.n.x.y == 1`, `{"n":1}`, false, ErrFailed},
		{`jq:(last(range(1e18)))`, `{}`, false, ErrSlow},
		{`jq:([] | .[400000000] = 1)`, `{}`, false, ErrMemory},
		// What decides by itself leaves nothing open.
		{`type:Note* .n == 1`, `n=1`, false, nil},
		{`type:Contact* or .n == 1`, `n=1`, true, nil},
		{`body:nothing jq:(last(range(1e18)))`, `{}`, false, nil},
		{`body:n= or .n == 1`, `n=1`, true, nil},
		{`location:""`, `n=1`, true, nil},
	}
	for _, tt := range tests {
		e := contact()
		e.body = []byte(tt.body)
		s := mustParse(t, tt.text).At(noon, workers)
		row := RowOf(&e.Summary)
		for range 2 { // nothing is left of the event before
			got, err := s.Certain(&row, e)
			if !errors.Is(err, tt.err) || err == nil && got != tt.want {
				t.Errorf("%s in %s: %v, %v", tt.text, tt.body, got, err)
			}
		}
		if _, err := s.Match(&row, e); errors.Is(err, ErrNotJSON) || errors.Is(err, ErrFailed) {
			t.Errorf("%s in %s: Match is strict: %v", tt.text, tt.body, err)
		}
	}
}
