package export

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/taskhook/taskhook/webhook"
)

// File is a [Writer] to a file that is there as a whole or not at all: what is
// written becomes the file with Close and is gone after Abort. The bodies that
// a script needs are in a folder beside it, named as the file and ".bodies".
// Files are readable by their owner alone; a script may be run.
type File struct {
	path    string
	bodies  string // the folder's final name
	over    bool
	claimed bool // an empty file holds the name
	temp    *os.File
	staged  string // the folder of bodies until Close; "" if no body needed one
	buffer  *bufio.Writer
	writer  Writer
	done    bool
}

// Create begins a file. Without overwrite the error wraps fs.ErrExist when
// there is one of that name already. One of Close and Abort must be called.
func Create(path string, f Format, overwrite bool, o Options) (*File, error) {
	w := &File{path: path, over: overwrite, bodies: strings.TrimSuffix(path, filepath.Ext(path)) + ".bodies"}
	if err := w.claim(); err != nil {
		return nil, err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".taskhook-export-*")
	if err != nil {
		w.Abort()
		return nil, fmt.Errorf("create a file beside %s: %w", path, err)
	}
	w.temp = temp
	if f == FormatCurl {
		if err := temp.Chmod(0o700); err != nil {
			w.Abort()
			return nil, err
		}
	}
	w.buffer = bufio.NewWriterSize(temp, 64<<10)
	if o.Beside == nil {
		o.Beside = w.beside
	}
	if w.writer, err = NewWriter(w.buffer, f, o); err != nil {
		w.Abort()
		return nil, err
	}
	return w, nil
}

// claim takes the name, so that nothing that comes meanwhile is overwritten.
func (w *File) claim() error {
	if info, err := os.Stat(w.path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder", w.path)
	}
	if w.over {
		return nil
	}
	if _, err := os.Stat(w.bodies); err == nil {
		return fmt.Errorf("create %s: %w", w.bodies, fs.ErrExist)
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

// beside puts a body into the folder.
func (w *File) beside(name string, body []byte) (string, error) {
	if w.staged == "" {
		dir, err := os.MkdirTemp(filepath.Dir(w.path), ".taskhook-bodies-*")
		if err != nil {
			return "", err
		}
		w.staged = dir
	}
	if err := os.WriteFile(filepath.Join(w.staged, name), body, 0o600); err != nil {
		return "", err
	}
	return filepath.Base(w.bodies) + "/" + name, nil
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
		err = w.publish()
	}
	if err != nil {
		w.Abort()
		return fmt.Errorf("write %s: %w", w.path, err)
	}
	w.done = true
	if w.staged != "" {
		_ = os.Remove(w.staged)
	}
	return nil
}

func (w *File) publish() error {
	if w.staged != "" {
		if err := w.publishBodies(); err != nil {
			return err
		}
	}
	return os.Rename(w.temp.Name(), w.path)
}

// publishBodies gives the folder its name. One that is there already keeps
// what else is in it.
func (w *File) publishBodies() error {
	if _, err := os.Stat(w.bodies); err == nil && w.over {
		files, err := os.ReadDir(w.staged)
		for _, f := range files {
			if err == nil {
				err = os.Rename(filepath.Join(w.staged, f.Name()), filepath.Join(w.bodies, f.Name()))
			}
		}
		return err // Abort or the end takes the empty folder away
	}
	if err := os.Rename(w.staged, w.bodies); err != nil {
		return err
	}
	w.staged = ""
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
	if w.staged != "" {
		_ = os.RemoveAll(w.staged)
	}
	if w.claimed {
		_ = os.Remove(w.path)
	}
}
