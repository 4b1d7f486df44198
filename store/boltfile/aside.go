package boltfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/taskhook/taskhook/files"
)

// setAside renames a damaged file, so that a person may still look into it,
// and remembers what to say about it.
func (f *File) setAside(why error) error {
	base := f.path + ".damaged-" + time.Now().Format("20060102-150405")
	name := base
	for n := 2; ; n++ {
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			break
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
	if err := files.Rename(f.path, filepath.Base(name)); err != nil {
		return fmt.Errorf("%w; and it cannot be set aside: %w", why, err)
	}
	f.aside = fmt.Sprintf("%s could not be used (%v): it was set aside as %s, and a new one is started", f.path, why, filepath.Base(name))
	f.opts.Logger.Error("a damaged file was set aside", "path", f.path, "as", name, "error", why)
	return nil
}
