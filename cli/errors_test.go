package cli

import (
	"bytes"
	"errors"
	"testing"
)

// TestAnErrorThatIsRepeatedIsSaidOnce has a buffered writer, which repeats at its
// end what it has failed with.
func TestAnErrorThatIsRepeatedIsSaidOnce(t *testing.T) {
	full, other := errors.New("write /dev/stdout: no space"), errors.New("close the store: broken")
	tests := []struct {
		err  error
		want string
	}{
		{errors.Join(full, full), "taskhook: error: write /dev/stdout: no space\n"},
		{errors.Join(full, other), "taskhook: error: write /dev/stdout: no space\nclose the store: broken\n"},
	}
	for _, tt := range tests {
		var said bytes.Buffer
		(&app{stderr: &said}).report(tt.err)
		if said.String() != tt.want {
			t.Errorf("said %q, want %q", said.String(), tt.want)
		}
	}
}
