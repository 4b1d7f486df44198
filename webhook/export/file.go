package export

import (
	"bufio"
	"context"
	"errors"

	"github.com/taskhook/taskhook/files"
)

// File is a [Writer] to a file that a person named, as [files.Output] writes
// it.
type File struct {
	Writer
	output *files.Output
	buffer *bufio.Writer
}

// Create begins a file as [files.Create] does. One of Close and Abort must be
// called.
func Create(ctx context.Context, path string, f Format, overwrite bool, o Options) (*File, error) {
	output, err := files.Create(ctx, path, overwrite)
	if err != nil {
		return nil, err
	}
	w := &File{output: output, buffer: bufio.NewWriterSize(output, 64<<10)}
	w.Writer = f.New(w.buffer, o)
	return w, nil
}

// Close implements [Writer]: the file is complete. After an error there is no
// file, or the one that was to be overwritten.
func (w *File) Close() error {
	if err := errors.Join(w.Writer.Close(), w.buffer.Flush()); err != nil {
		w.Abort()
		return err
	}
	return w.output.Close()
}

// Abort gives up the file. After Close it does nothing.
func (w *File) Abort() { w.output.Abort() }
