package boltfile

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/taskhook/taskhook/files"
)

// setAside renames a damaged file, so that what is intact in it can still be
// taken out, and returns its new path.
func (f *File) setAside(why error) (string, error) {
	name := f.freeName("damaged")
	if err := files.Rename(f.path, filepath.Base(name)); err != nil {
		return "", fmt.Errorf("%w; and it cannot be set aside: %w", why, err)
	}
	f.opts.Logger.Info("a damaged file was set aside", "path", f.path, "as", name, "error", why)
	return name, nil
}

// freeName is the path of a file beside this one, with what happened and when
// in its name, that is not there yet.
func (f *File) freeName(what string) string {
	base := f.path + "." + what + "-" + time.Now().Format("20060102-150405")
	name := base
	for n := 2; ; n++ {
		if _, err := os.Lstat(name); err != nil {
			return name
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
}
