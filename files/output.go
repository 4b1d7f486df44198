// Package files writes files in one of two ways: an [Output] goes where a
// person said, through symbolic links, devices and pipes, and files of the
// data directory ([Write], [Install], [Open]) go nowhere but there, whatever
// somebody else has put in their place.
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

// Output is a file that a person named. A regular file appears complete or
// not at all: what is written becomes the file with Close and is gone after
// Abort; only its owner can read it. A symbolic link is followed and stays. A
// device or a pipe is written through; what has been written to it cannot be
// taken back.
type Output struct {
	name     string   // as it was given
	path     string   // where that leads
	file     *os.File // the device, or a temporary file beside path
	regular  bool
	reserved bool // an empty file of ours stands at path
	done     bool
	detach   func() bool // no longer ends with the context
}

// Create begins an output. Without overwrite the error wraps fs.ErrExist when
// there is a regular file of that name already. A pipe is waited for until
// somebody reads it; the end of ctx interrupts that, and each later write to
// it. One of Close and Abort must be called.
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
	if mode&fs.ModeNamedPipe == 0 {
		o.file, err = os.OpenFile(o.name, os.O_WRONLY, 0)
		return err
	}
	// To open a pipe waits for its reader. In the end be one, to end the wait.
	opened, left := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(left)
		if r, err := os.OpenFile(o.name, os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
			<-opened
			_ = r.Close()
		}
	})
	o.file, err = os.OpenFile(o.name, os.O_WRONLY, 0)
	close(opened)
	if !stop() {
		<-left
	}
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return errors.Join(err, o.file.Close())
	}
	o.detach = context.AfterFunc(ctx, func() { _ = o.file.SetWriteDeadline(time.Unix(1, 0)) })
	return nil
}

// beside makes a temporary file in the folder of the one that is meant.
func (o *Output) beside(overwrite bool) (err error) {
	o.regular = true
	if o.path, err = follow(o.name); err != nil {
		return err
	}
	if !overwrite {
		// Reserve the name: nothing that appears from now on is overwritten.
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

// follow returns where a name leads, whether or not there is a file.
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

// Close completes the output: a regular file gets its name. After an error
// there is no file, or the one that was to be overwritten, as it was.
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

// replace renames a file over a regular one, or to a name that is free.
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

// Abort gives up the output: of a regular file nothing stays. After Close it
// does nothing.
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
