package store

import "github.com/taskhook/taskhook/store/boltfile"

// ErrCorrupt is wrapped by errors of a file that is damaged as a whole, or in
// what all events need.
var ErrCorrupt = boltfile.ErrCorrupt

// CheckFile looks at every page of a store that nobody has open, but at no
// record. The error wraps ErrCorrupt, or is a *LockedError.
func CheckFile(path string) error { return boltfile.Check(path) }

// Compact writes the file of a store that nobody has open anew, without the
// room that deleted events have left. After an error, which may wrap ErrCorrupt
// or be a *LockedError, it is as it was.
func Compact(path string) error { return boltfile.Compact(path) }

// SetAside gives the file of a store that nobody has open another name, so that
// it can be salvaged, and returns its new path.
func SetAside(path string) (string, error) { return boltfile.SetAside(path) }
