package cli

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"
)

func TestAResendThatTakesLongSaysWhatItWaitsFor(t *testing.T) {
	for took, want := range map[time.Duration]string{
		time.Second: "",
		time.Minute: "taskhook: #7: waiting for your app's answer; Ctrl+C cancels, --timeout limits it\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			a := &app{stderr: &out}
			stop := a.noteSlowApp(7)
			time.Sleep(took)
			stop()
			time.Sleep(time.Hour)
			if out.String() != want {
				t.Errorf("after %v: said %q", took, out.String())
			}
		})
	}
}
