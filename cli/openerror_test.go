package cli

import (
	"errors"
	"testing"

	"github.com/taskhook/taskhook/control"
)

func TestAnotherVersionOfTheListenerIsAnsweredWithWhatToDo(t *testing.T) {
	tests := []struct{ listener, client, hint string }{
		{"4", "5", "restart the listener with this taskhook"},
		{"6", "5", "update taskhook, or use the one that runs the listener"},
	}
	for _, tt := range tests {
		err := (&app{}).openError(&control.VersionError{Listener: tt.listener, Client: tt.client})
		var h *hintError
		if !errors.As(err, &h) || h.hint != tt.hint {
			t.Errorf("a listener of version %s for version %s: %v, hint %+v; want the hint %q", tt.listener, tt.client, err, h, tt.hint)
		}
	}
}
