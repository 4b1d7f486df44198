package proxy

import (
	"cmp"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// logInterval is how long the same cause is not logged again if it comes and
// goes.
const logInterval = time.Minute

// degradation is why the proxy answers 429 to events. It is logged when it
// begins and when it ends, not for every request.
type degradation struct {
	logger  *slog.Logger
	changed func()      // called when a cause has begun or ended
	any     atomic.Bool // whether a cause may be there to end

	mu     sync.Mutex
	store  cause // the store cannot write
	memory cause // too many bytes of bodies are in flight
	signer cause // the development key cannot be used
}

// cause is one reason to be degraded.
type cause struct {
	text     string // "": it is not there
	loggedAt time.Time
	logged   bool // its beginning was logged, so its end is too
}

// reason says why the proxy is degraded, "" if it is not.
func (d *degradation) reason() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return cmp.Or(d.store.text, d.memory.text, d.signer.text)
}

func (d *degradation) begin(c *cause, text string) {
	if d.set(c, text) {
		d.changed()
	}
}

// set returns whether the cause began with it.
func (d *degradation) set(c *cause, text string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.any.Store(true)
	began := c.text == ""
	c.text = text
	if now := time.Now(); began && now.Sub(c.loggedAt) > logInterval {
		c.loggedAt, c.logged = now, true
		d.logger.Error(text + "; events are answered 429 until it works again")
	}
	return began
}

func (d *degradation) end(c *cause, text string) {
	if d.any.Load() && d.clear(c, text) {
		d.changed()
	}
}

// clear returns whether the cause ended with it.
func (d *degradation) clear(c *cause, text string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.text == "" {
		return false
	}
	c.text = ""
	d.any.Store(cmp.Or(d.store.text, d.memory.text, d.signer.text) != "")
	if c.logged {
		c.logged = false
		d.logger.Info(text)
	}
	return true
}
