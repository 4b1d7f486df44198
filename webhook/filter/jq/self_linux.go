package jq

// ownProgram is the file of this program. It is the running one also when a
// newer one has taken its place.
func ownProgram() (string, error) { return "/proc/self/exe", nil }
