package webhook

// Diagnosis is all there is to know of an event's signatures. Unlike a
// [Verdict] it is made on demand, without a limit on the work.
type Diagnosis struct {
	Verdict    Verdict     `json:"verdict"` // with the keys that are trusted now
	Signatures []Signature `json:"signatures,omitempty"`
	// Restringify says whether the event would still verify for a receiver that
	// checks JSON.stringify(JSON.parse(body)) instead of the bytes.
	Restringify Restringify `json:"restringify"`
}

// Signature is one signature header of an event.
type Signature struct {
	Header      string        `json:"header"`
	Status      VerdictStatus `json:"status"`
	Scheme      string        `json:"scheme,omitempty"`      // "rsa", "ed25519", "" if its length fits none
	Size        int           `json:"size,omitempty"`        // decoded, in bytes
	Key         string        `json:"key,omitempty"`         // name of the key that made it, "" if none here did
	Fingerprint string        `json:"fingerprint,omitempty"` // of that key
	Reason      string        `json:"reason,omitempty"`      // why it does not count
	Next        string        `json:"next,omitempty"`        // one thing to do about it
}

// Restringify compares a body with what JavaScript makes of it.
type Restringify struct {
	Same  bool   `json:"same"`            // the bytes are their own JSON.stringify
	Error string `json:"error,omitempty"` // why JSON.parse would throw
	// Offset is the first byte that differs, from 0; Was and Becomes show both
	// sides from there on.
	Offset  int    `json:"offset,omitempty"`
	Was     string `json:"was,omitempty"`
	Becomes string `json:"becomes,omitempty"`
}
