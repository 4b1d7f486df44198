package inspector

import (
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

func TestTheHeaderFoldsAfterTheFirstEvent(t *testing.T) {
	f := &memory{listener: some().listener}
	d := drive(t, f, 80, 24, Options{})
	d.sees("verify  enforce")
	d.sees("reachable from outside")
	arrive(f, 1)
	d.ticks(4)
	d.misses("verify  enforce")
	d.sees("https://my-team.ngrok.app")
	d.press("i")
	d.sees("verify  enforce")
	d.sees("total   1 event")
	d.press("i")
	d.misses("verify  enforce")
}

func TestTheHeaderSumsUp(t *testing.T) {
	f := some()
	f.listener.Counts = webhook.Counts{Delivered: 995, LastHour: webhook.Tally{Events: 200, Delivered: 199, Failed: 1}}
	f.listener.Health.Since = noon.Add(-time.Hour)
	d := drive(t, f, 120, 40, Options{})
	d.sees("last hour 200, 99.5% ok")
	d.sees("✗ 2 failed")
	d.press("i")
	d.sees("● answers since 13:35")
	d.sees("10 events, 99.7% ok · last hour 200, 99.5% ok")
	d.sees("✗ 2 failed · 1 retrying · 2 rejected")
}

func TestPercentNeitherFlattersNorAlarms(t *testing.T) {
	for _, c := range []struct {
		part, whole int
		want        string
	}{
		{0, 5, "0%"}, {5, 5, "100%"}, {99999, 100000, "99.9%"}, {1, 100000, "under 1%"}, {1, 2, "50%"}, {989, 1000, "98%"}, {990, 1000, "99.0%"},
	} {
		if got := percent(c.part, c.whole); got != c.want {
			t.Errorf("%d of %d: %q, want %q", c.part, c.whole, got, c.want)
		}
	}
}

func TestADegradedListenerIsAlwaysShown(t *testing.T) {
	f := some()
	f.listener.Degraded = "the disk is full"
	for _, size := range [][2]int{{40, 10}, {80, 24}, {120, 40}} {
		d := drive(t, f, size[0], size[1], Options{})
		for _, keys := range [][]string{{}, {"enter"}, {"esc", "i"}, {"L"}, {"L", "/"}} {
			d.press(keys...)
			d.sees("answering 429: the disk is full")
			d.fits()
		}
	}
}

func TestAListenerThatIsGoneIsSaidAndComesBack(t *testing.T) {
	d := drive(t, some(), 120, 40, Options{})
	d.feed.err = errTest
	d.ticks(4)
	d.sees("listener gone since 14:35, reconnecting")
	d.sees("the listener has been gone since 14:35:0")
	d.sees("NoteCreate") // what was read stays
	since := d.m.goneAt
	d.ticks(20)
	if d.m.goneAt != since {
		t.Errorf("gone since %s, then since %s", since, d.m.goneAt)
	}
	d.feed.err = nil
	d.feed.listener.StartedAt = d.m.now
	arrive(d.feed, 1)
	d.ticks(4)
	d.misses("gone")
	d.sees("✓ the listener was restarted 14:35")
	d.wants(11, true)
}

func TestCopyingTheWebhookURL(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("c")
	d.sees("webhook URL")
	f := some()
	f.listener.Tunnel = webhook.Tunnel{State: webhook.TunnelNone}
	d = drive(t, f, 80, 24, Options{})
	d.press("?")
	d.misses("copy the webhook URL")
}

func TestTheFirstRunSaysWhatToDo(t *testing.T) {
	f := &memory{listener: some().listener}
	f.listener.Health.Up = false
	d := drive(t, f, 80, 24, Options{})
	d.sees("https://my-team.ngrok.app")
	d.sees("c copies it")
	d.sees("taskhook trigger ContactCreate")
	d.sees("does not answer")
	f = &memory{listener: some().listener}
	f.listener.Tunnel = webhook.Tunnel{State: webhook.TunnelNone}
	d = drive(t, f, 80, 24, Options{})
	d.sees("Without a tunnel")
	d.sees("http://127.0.0.1:4480")
}

func TestTheLogFollowsAndHolds(t *testing.T) {
	f := some()
	for i := range 100 {
		f.log = append(f.log, "line "+format.Count(i)+" \x1b[2J "+strings.Repeat("x", i))
	}
	for _, size := range [][2]int{{40, 12}, {80, 24}} {
		d := drive(t, f, size[0], size[1], Options{})
		d.press("L")
		d.harmless()
		d.fits()
		d.sees("live")
		d.sees("line 99")
		f.log = append(f.log, "the newest line")
		d.ticks(3)
		d.sees("the newest line")
		d.press("up", "up", "up")
		d.sees("paused")
		d.misses("the newest line")
		f.log = append(f.log, "one more")
		d.ticks(3)
		d.misses("one more")
		d.press("home")
		d.sees("line 0")
		d.press("end")
		d.sees("one more")
		d.sees("live")
		d.press("esc")
		d.sees("NoteCreate")
		f.log = f.log[:100]
	}
}

func TestALogThatCannotBeReadSaysSo(t *testing.T) {
	d := drive(t, some(), 80, 24, Options{})
	d.press("L")
	d.sees("The log is empty")
	d.feed.err = errTest
	d.ticks(3)
	d.sees("cannot read the log: the socket is gone")
}

func TestHelpHasTheKeysOfThePlaceAndTheFilter(t *testing.T) {
	for _, size := range [][2]int{{40, 12}, {80, 24}, {120, 40}} {
		d := drive(t, some(), size[0], size[1], Options{})
		d.press("?")
		var all strings.Builder
		for range 60 {
			d.fits()
			all.WriteString(d.screen())
			d.press("pgdown")
		}
		for _, want := range []string{"Keys of the list", "only the marked ones", "Keys of the filter line", "ctrl+p", "Signs", "state:STATE", "is:marked", "is:slow", ".JQ"} {
			if !strings.Contains(all.String(), want) {
				t.Errorf("%v: the help does not say %q", size, want)
			}
		}
		d.press("?", "enter", "?")
		d.sees("Keys of the detail")
	}
}

func TestAnswersThatSayTheyFailedAreCountedInTheHeader(t *testing.T) {
	f := some()
	f.listener.Counts.Unsuccessful = 3
	d := drive(t, f, 140, 30, Options{})
	d.sees("! 3 success:false")
	d.press("i")
	d.sees("3 success:false")
}
