// Package files writes files in one of two ways. An [Output] goes where a
// person said: it follows symbolic links and writes through devices and pipes.
// Files of the data directory ([Write], [Install], [Open]) stay inside that
// directory, whatever somebody else has put in their place.
package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Output is a file that a person named. A regular file appears complete or not
// at all: Close gives it its name, Abort leaves nothing behind, and only its
// owner can read it. A symbolic link is followed and stays a link. A device or
// a pipe is written to directly; what has been written cannot be taken back.
type Output struct {
	name     string   // as given to Create
	path     string   // name with its symbolic links followed
	file     *os.File // the device, or a temporary file next to path
	regular  bool
	reserved bool // path is an empty file that Create made
	done     bool
	detach   func() bool // stops watching the context; nil for all but a pipe
}

// Create begins an output. Without overwrite, the error wraps fs.ErrExist when
// a regular file of that name exists. A pipe blocks Create until somebody opens
// it for reading, for ten seconds at most; then the error wraps
// os.ErrDeadlineExceeded. The end of ctx interrupts that and writes to the
// pipe. A block device, such as a disk, is refused. The caller must call Close
// or Abort.
func Create(ctx context.Context, name string, overwrite bool) (*Output, error) {
	o := &Output{name: name, path: name}
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("%s is a folder", name)
	case err == nil && !info.Mode().IsRegular():
		err = o.through(ctx, info.Mode())
	default:
		err = o.beside(overwrite)
	}
	if err != nil {
		return nil, err
	}
	return o, nil
}

// through opens what is not a regular file.
func (o *Output) through(ctx context.Context, mode fs.FileMode) (err error) {
	switch {
	case mode&fs.ModeDevice != 0 && mode&fs.ModeCharDevice == 0:
		return fmt.Errorf("%s is a block device, and what is on it would be overwritten", o.name)
	case mode&fs.ModeNamedPipe != 0:
		return o.throughPipe(ctx)
	}
	o.file, err = os.OpenFile(o.name, os.O_WRONLY, 0)
	return err
}

// How long a pipe may be without a reader, and how often it is looked for.
const (
	pipeTimeout = 10 * time.Second
	pipePoll    = 10 * time.Millisecond
)

// throughPipe opens a pipe once somebody reads it.
func (o *Output) throughPipe(ctx context.Context) (err error) {
	for deadline := time.Now().Add(pipeTimeout); ; {
		// A system that is not to wait for a reader says that there is none.
		o.file, err = os.OpenFile(o.name, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		switch {
		case err == nil:
			o.detach = context.AfterFunc(ctx, func() { _ = o.file.SetWriteDeadline(time.Unix(1, 0)) })
			return nil
		case !errors.Is(err, syscall.ENXIO):
			return err
		case time.Now().After(deadline):
			return fmt.Errorf("%w: nobody has opened the pipe %s to read it", os.ErrDeadlineExceeded, o.name)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pipePoll):
		}
	}
}

// beside creates a temporary file next to the one to write.
func (o *Output) beside(overwrite bool) (err error) {
	o.regular = true
	if o.path, err = follow(o.name); err != nil {
		return err
	}
	if !overwrite {
		// Reserve the name, so that no file created meanwhile is overwritten.
		f, err := os.OpenFile(o.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err // names operation and path
		}
		o.reserved = true
		if err := f.Close(); err != nil {
			o.Abort()
			return err
		}
	}
	if o.file, err = os.CreateTemp(filepath.Dir(o.path), ".taskhook-*"); err != nil {
		o.Abort()
		return fmt.Errorf("create a file beside %s: %w", o.path, err)
	}
	return nil
}

// maxLinks is how many symbolic links are followed: as many as Linux does.
const maxLinks = 40

// follow follows symbolic links, also to a file that does not exist.
func follow(name string) (string, error) {
	for range maxLinks {
		to, err := os.Readlink(name)
		if err != nil {
			return name, nil //nolint:nilerr // it is no link
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(name), to)
		}
		name = to
	}
	return "", &fs.PathError{Op: "open", Path: name, Err: errors.New("too many symbolic links")}
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) { return o.file.Write(p) }

// Close completes the output. After an error, a regular file is as it was
// before Create. Further calls do nothing.
func (o *Output) Close() error {
	if o.done {
		return nil
	}
	var err error
	if o.regular {
		err = o.file.Sync()
	}
	err = errors.Join(err, o.file.Close())
	if err == nil && o.regular {
		err = replace(o.file.Name(), o.path)
	}
	if err != nil {
		o.Abort()
		return fmt.Errorf("write %s: %w", o.name, err)
	}
	o.finish()
	return nil
}

// replace renames a file over a regular one, or to a free name.
func replace(from, to string) error {
	info, err := os.Lstat(to)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file any more", to)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return os.Rename(from, to)
}

// Abort gives up the output and leaves a regular file as it was before Create.
// After Close it does nothing.
func (o *Output) Abort() {
	if o.done {
		return
	}
	o.finish()
	if o.file != nil {
		_ = o.file.Close()
		if o.regular {
			_ = os.Remove(o.file.Name())
		}
	}
	if o.reserved {
		_ = os.Remove(o.path)
	}
}

func (o *Output) finish() {
	o.done = true
	if o.detach != nil {
		o.detach()
	}
}
