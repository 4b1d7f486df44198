package fakengrok

import "golang.ngrok.com/muxado/v2"

// Streams of the agent protocol. The first four bytes of every muxado stream,
// big endian, name its type; the payload is JSON. 0xFFFFFFFF is the heartbeat
// and answered within muxado.
const (
	streamAuth       muxado.StreamType = 0
	streamBind       muxado.StreamType = 1
	streamUnbind     muxado.StreamType = 2
	streamProxy      muxado.StreamType = 3 // to the agent, one per public connection
	streamServerInfo muxado.StreamType = 8
	streamStopTunnel muxado.StreamType = 9 // to the agent
)

// Auth is an agent's request for a session.
type Auth struct {
	ClientID string `json:"ClientId"` // "" unless the session comes back
	Extra    struct {
		Authtoken, Cookie, UserAgent, ClientType, Version string
	}
}

type authAnswer struct {
	Version  string
	ClientID string `json:"ClientId"`
	Error    string
	Extra    struct {
		Version, Region, Cookie, AccountName, PlanName, AgentSessionID string
	}
}

// Bind is an agent's request for an endpoint.
type Bind struct {
	ID    string `json:"Id"` // "" unless the endpoint comes back
	Proto string
	Opts  struct{ URL string }
	Extra struct{ Token string }
}

type bindAnswer struct {
	ID    string `json:"Id"`
	URL   string
	Proto string
	Opts  map[string]string
	Error string
	Extra struct{ Token, TunnelID string }
}

type unbind struct {
	ID string `json:"Id"`
}

type stopTunnel struct {
	ID        string `json:"Id"`
	Message   string
	ErrorCode string
}

// proxyHeader opens a public connection: its length as a little endian int64,
// then the JSON.
type proxyHeader struct {
	ID         string `json:"Id"`
	ClientAddr string
	Proto      string
	EdgeType   string
}
