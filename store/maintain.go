package store

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/taskhook/taskhook/store/boltfile"
)

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

// Kept are the files that are left of earlier stores at this path.
func Kept(path string) []string {
	dir, base := filepath.Split(path)
	entries, _ := os.ReadDir(dir) // what cannot be listed is not known
	var kept []string
	for _, e := range entries {
		after, ok := strings.CutPrefix(e.Name(), base+".")
		if ok && (strings.HasPrefix(after, "damaged-") || strings.HasPrefix(after, "removed-")) && !strings.HasSuffix(after, ".lock") {
			kept = append(kept, dir+e.Name())
		}
	}
	return kept
}
