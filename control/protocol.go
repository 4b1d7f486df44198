package control

import (
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// protocol is the version of the protocol. It grows whenever an older program
// would misunderstand a newer one.
const protocol = "5"

// versionHeader carries the protocol's version in every request and response.
const versionHeader = "Taskhook-Control"

// The paths of the calls. Each is a POST with its argument as JSON, answered by
// its result as JSON; read, watch, simulate and batch by a stream of gob values.
const (
	pathListener = "/listener"
	pathRead     = "/read"
	pathUpdates  = "/updates"
	pathFind     = "/find"
	pathWatch    = "/changes" // "/watch" was answered by JSON lines
	pathResend   = "/resend"
	pathSimulate = "/simulate"
	pathSteer    = "/steer"
	pathBatch    = "/batch"
	pathFaults   = "/faults"
	pathSalvage  = "/salvage"
	pathAnnounce = "/announce"
	pathExpect   = "/expect"
	pathShield   = "/shield"
	pathSkip     = "/skip-verify"
	pathDelete   = "/delete"
	pathMark     = "/mark"
	pathDiagnose = "/diagnose"
	pathLog      = "/log"
)

const (
	// maxRequest bounds an argument in bytes. The largest is an edited body, of
	// any size that a listener can be configured to accept.
	maxRequest = 512 << 20
	// maxAnswer bounds a JSON answer in bytes: a resend returns what was sent, a
	// third longer in base64.
	maxAnswer = 512 << 20

	// readTimeout bounds how long a requester may take to send its request.
	readTimeout = 10 * time.Second
	// writeTimeout bounds how long it may take to receive the answer, but for
	// that to read.
	writeTimeout = 30 * time.Second
	// callTimeout bounds how long a listener may be silent, so that one that was
	// stopped hangs nobody. Calls that last as long as the app have no timeout.
	callTimeout = 30 * time.Second
	// cancelTimeout bounds how long a cancelled simulation may take to report how
	// far it came.
	cancelTimeout = 5 * time.Second
	// heartbeat is how often a watch that has nothing to say says so.
	heartbeat = 15 * time.Second
	// silence is after how long without hint or heartbeat a watch is dead.
	silence = 3 * heartbeat
)

// expected is the argument of expect.
type expected struct {
	ID webhook.ID `json:"id"`
	At time.Time  `json:"at"`
}

// marking is the argument of mark.
type marking struct {
	IDs    []webhook.ID `json:"ids"`
	Marked bool         `json:"marked"`
}
