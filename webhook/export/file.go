package export

import (
	"bufio"
	"context"
	"errors"

	"github.com/taskhook/taskhook/files"
	"github.com/taskhook/taskhook/webhook"
)

// File is a [Writer] to a file that a person named, as [files.Output] writes
// it.
type File struct {
	output *files.Output
	buffer *bufio.Writer
	writer Writer
}

// Create begins a file as [files.Create] does. One of Close and Abort must be
// called.
func Create(ctx context.Context, path string, f Format, overwrite bool, o Options) (*File, error) {
	output, err := files.Create(ctx, path, overwrite)
	if err != nil {
		return nil, err
	}
	w := &File{output: output, buffer: bufio.NewWriterSize(output, 64<<10)}
	w.writer = f.New(w.buffer, o)
	return w, nil
}

// Event implements [Writer].
func (w *File) Event(r webhook.Record) error { return w.writer.Event(r) }

// Close implements [Writer]: the file is complete. After an error there is no
// file, or the one that was to be overwritten.
func (w *File) Close() error {
	if err := errors.Join(w.writer.Close(), w.buffer.Flush()); err != nil {
		w.Abort()
		return err
	}
	return w.output.Close()
}

// Abort gives up the file. After Close it does nothing.
func (w *File) Abort() { w.output.Abort() }
