package control

import (
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// protocol is the version of what is said on the socket. It grows whenever an
// older program would misunderstand a newer one.
const protocol = "4"

// versionHeader carries the protocol's version in every request and response.
const versionHeader = "Taskhook-Control"

// The paths of the calls. Each is a POST with the argument as JSON, answered
// by the result as JSON; watch, simulate and rescue are answered by lines for
// as long as they last.
const (
	pathListener = "/listener"
	pathRead     = "/read"
	pathNews     = "/news"
	pathFind     = "/find"
	pathWatch    = "/watch"
	pathResend   = "/resend"
	pathSimulate = "/simulate"
	pathSteer    = "/steer"
	pathBatch    = "/batch"
	pathFaults   = "/faults"
	pathShield   = "/shield"
	pathDelete   = "/delete"
	pathMark     = "/mark"
	pathDiagnose = "/diagnose"
	pathLog      = "/log"
)

const (
	// maxRequest bounds an argument in bytes: an edited body at most, of any
	// size that a listener can be told to accept.
	maxRequest = 512 << 20
	// maxAnswer bounds an answer in bytes. The largest body that a listener
	// can be told to accept is 256 MiB, a third more in base64.
	maxAnswer = 512 << 20

	// readTimeout bounds how long an asking process may take over its request.
	readTimeout = 10 * time.Second
	// writeTimeout bounds how long it may take to read the answer.
	writeTimeout = 30 * time.Second
	// callTimeout bounds every call but those that last as long as the app may
	// take, and Watch: a listener that was stopped must not hang others.
	callTimeout = 30 * time.Second
	// cancelTimeout bounds how long a simulation that is cancelled may take to
	// say how far it came.
	cancelTimeout = 5 * time.Second
	// heartbeat is how often a watch that has nothing to say says so.
	heartbeat = 15 * time.Second
	// silence is after how long without hint or heartbeat a watch is dead.
	silence = 3 * heartbeat
)

// marking is the argument of mark.
type marking struct {
	IDs    []webhook.ID `json:"ids"`
	Marked bool         `json:"marked"`
}
