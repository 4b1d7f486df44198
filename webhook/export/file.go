package export

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/taskhook/taskhook/webhook"
)

// File is a [Writer] to a file that appears complete or not at all: what is
// written becomes the file with Close and is gone after Abort. Only its owner
// can read it.
type File struct {
	path    string
	over    bool
	claimed bool // an empty file reserves the name
	temp    *os.File
	buffer  *bufio.Writer
	writer  Writer
	done    bool
}

// Create begins a file. Without overwrite the error wraps fs.ErrExist when
// there is one of that name already. One of Close and Abort must be called.
func Create(path string, f Format, overwrite bool, o Options) (*File, error) {
	w := &File{path: path, over: overwrite}
	if err := w.claim(); err != nil {
		return nil, err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".taskhook-export-*")
	if err != nil {
		w.Abort()
		return nil, fmt.Errorf("create a file beside %s: %w", path, err)
	}
	w.temp = temp
	w.buffer = bufio.NewWriterSize(temp, 64<<10)
	w.writer = f.New(w.buffer, o)
	return w, nil
}

// claim reserves the name, so that nothing that appears meanwhile is
// overwritten.
func (w *File) claim() error {
	if info, err := os.Stat(w.path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder", w.path)
	}
	if w.over {
		return nil
	}
	f, err := os.OpenFile(w.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err // names operation and path
	}
	w.claimed = true
	return f.Close()
}

// Event implements [Writer].
func (w *File) Event(e webhook.Event, sum webhook.Summary, attempts []webhook.Attempt) error {
	return w.writer.Event(e, sum, attempts)
}

// Close implements [Writer]: the file gets its name. After an error there is
// no file, or the one that was to be overwritten.
func (w *File) Close() error {
	if w.done {
		return nil
	}
	err := w.writer.Close()
	if err == nil {
		err = w.buffer.Flush()
	}
	err = errors.Join(err, w.temp.Close())
	if err == nil {
		err = os.Rename(w.temp.Name(), w.path)
	}
	if err != nil {
		w.Abort()
		return fmt.Errorf("write %s: %w", w.path, err)
	}
	w.done = true
	return nil
}

// Abort takes back everything that was written. After Close it does nothing.
func (w *File) Abort() {
	if w.done {
		return
	}
	w.done = true
	if w.temp != nil {
		_ = w.temp.Close()
		_ = os.Remove(w.temp.Name())
	}
	if w.claimed {
		_ = os.Remove(w.path)
	}
}
