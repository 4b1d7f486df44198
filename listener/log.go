package listener

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/taskhook/taskhook/files"
)

const (
	// logFile is the project's log in the data directory.
	logFile = "taskhook.log"
	// maxLogSize is the size in bytes at which a new log is begun; the one
	// before stays beside it.
	maxLogSize = 4 << 20
	// logTail is how much of a log is read, in bytes from its end.
	logTail = 256 << 10
)

// ErrDirectory is returned when the data directory cannot be made or written.
var ErrDirectory = errors.New("the data directory cannot be used")

// OpenLog opens the log of a data directory, which is made if there is none.
// What is logged as a warning or an error is told as well; a nil notify tells
// nobody. The error wraps [ErrDirectory]. The caller closes the file.
func OpenLog(dir string, notify func(Notice)) (*slog.Logger, io.Closer, error) {
	file, err := openLog(dir)
	if err != nil {
		return nil, nil, err
	}
	if notify == nil {
		notify = func(Notice) {}
	}
	return newLogger(file, notify), file, nil
}

func newLogger(w io.Writer, notify func(Notice)) *slog.Logger {
	text := slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelInfo})
	return slog.New(noticeHandler{Handler: text, notify: notify})
}

func openLog(dir string) (*os.File, error) {
	if err := files.MakeDirectory(dir); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDirectory, err)
	}
	path := filepath.Join(dir, logFile)
	if fi, err := os.Lstat(path); err == nil && fi.Size() > maxLogSize {
		if err := files.Rename(path, logFile+".1"); err != nil {
			return nil, fmt.Errorf("%w: rotate the log: %w", ErrDirectory, err)
		}
	}
	f, err := files.Open(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY)
	if err != nil {
		return nil, fmt.Errorf("%w: open the log: %w", ErrDirectory, err)
	}
	return f, nil
}

// Log returns the newest lines of the project's log, oldest first; none if
// there is no log.
func (s *Stored) Log(ctx context.Context, lines int) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all, err := lastLines(filepath.Join(s.dir, logFile), lines)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	return all, nil
}

// lastLines returns the last complete lines of a file, at most so many.
func lastLines(path string, lines int) ([]string, error) {
	f, err := files.Open(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	from := max(0, end-logTail)
	text := make([]byte, end-from)
	n, err := f.ReadAt(text, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	text = text[:n]
	if from > 0 {
		_, text, _ = bytes.Cut(text, []byte("\n")) // the first line is cut off
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1] // the last one may still be being written
	all := slices.Collect(strings.Lines(strings.ToValidUTF8(string(text), "\uFFFD")))
	all = all[len(all)-max(0, min(lines, len(all))):]
	for i, line := range all {
		all[i] = strings.TrimSuffix(line, "\n")
	}
	return all, nil
}
