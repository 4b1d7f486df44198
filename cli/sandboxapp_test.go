package cli

import (
	"errors"
	"testing"

	"github.com/taskhook/taskhook/sandbox"
)

// failsOnce is a writer whose first write fails.
type failsOnce struct{ err error }

func (w *failsOnce) Write(p []byte) (int, error) {
	err := w.err
	w.err = nil
	return len(p), err
}

func TestSettingsOfAnAppReportEveryFailedWrite(t *testing.T) {
	failed := errors.New("no space left on device")
	a := &app{stdout: &failsOnce{failed}}
	settings := sandbox.App{ID: "app_1", Events: map[string]sandbox.AppEvent{"ContactDelete": {Off: true}}}
	if err := a.printApp(settings); !errors.Is(err, failed) {
		t.Errorf("got %v, want %v", err, failed)
	}
}
