package proxy

import (
	"io"
	"net/http"
	"time"
)

// What is read and discarded of a body after the answer.
const (
	discardBytes = 64 << 20
	discardTime  = 30 * time.Second
	discardPause = 5 * time.Second // of the sender
)

// answerEarly prepares w for an answer that is given before the whole body has
// arrived: it goes out at once and not after what the server would read of the
// rest, and the sender, if it listens, need not send that rest.
func answerEarly(w http.ResponseWriter) {
	_ = http.NewResponseController(w).EnableFullDuplex()
	w.Header().Set("Connection", "close")
}

// discardBody sends the answer and reads the rest of the body, within limits.
// Many senders read no answer before they have written everything: if the
// connection were closed under them, they would see a reset and never the
// answer.
func discardBody(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	if rc.Flush() == nil {
		discard(rc.SetReadDeadline, r.Body)
	}
}

// discard reads until the end, or a limit.
func discard(setDeadline func(time.Time) error, from io.Reader) {
	end := time.Now().Add(discardTime)
	buf := make([]byte, 32<<10)
	for left := discardBytes; left > 0; {
		now := time.Now()
		if !now.Before(end) {
			return
		}
		_ = setDeadline(now.Add(min(discardPause, end.Sub(now))))
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		left -= n
	}
}
