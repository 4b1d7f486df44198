package boltfile

import (
	"context"
	"errors"
	"io"
	"os"
	"unsafe"

	"go.etcd.io/bbolt"
)

// Read runs fn with what the file holds at this moment, as View does, and steps
// over what is damaged: see [Snapshot.Damage]. What fn finds is valid within fn
// alone. Do not call Read or View within it.
func (f *File) Read(fn func(s *Snapshot) error) error {
	if f.opts.ReadOnly {
		return f.readOnly(fn)
	}
	begun := false
	read := func(tx *bbolt.Tx) error {
		s := mapped(tx)
		begun = true
		return fn(s)
	}
	err := f.View(read)
	if begun || !errors.Is(err, ErrCorrupt) {
		return err
	}
	// The file is unreadable as a whole. Before a commit that is found out, and
	// another one begun.
	nothing := func(*bbolt.Tx) error { return nil }
	if f.Update(context.Background(), 0, nothing) != nil {
		return err
	}
	return f.View(read)
}

// readOnly is Read of a file that is open for reading.
func (f *File) readOnly(fn func(s *Snapshot) error) error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.closed {
		return ErrClosed
	}
	reader, err := newFileReader(f.file, f.meta.pageSize)
	if err != nil {
		return err
	}
	return guard(func() error { return fn(newSnapshot(reader.pages, f.meta)) })
}

// mapped reads the pages that bbolt has mapped into memory. A page beyond the
// end of the file is a fault there.
func mapped(tx *bbolt.Tx) *Snapshot {
	info := tx.DB().Info()
	m := meta{pageSize: int64(info.PageSize), root: uint64(tx.Cursor().Bucket().Root())}
	m.high = uint64(tx.Size() / m.pageSize)
	data := unsafe.Slice(*(**byte)(unsafe.Pointer(&info.Data)), tx.Size())
	return newSnapshot(func(id, count uint64) []byte {
		if id >= m.high {
			return nil
		}
		b := data[id*uint64(m.pageSize) : min(id+min(count, m.high), m.high)*uint64(m.pageSize)]
		if guard(func() error { _ = touch(b); return nil }) != nil {
			return nil
		}
		return b
	}, m)
}

// touch reads a byte of each piece of memory that is mapped by itself.
//
//go:noinline
func touch(b []byte) (sum byte) {
	for i := 0; i < len(b); i += 4 << 10 {
		sum |= b[i]
	}
	return sum
}

// fileReader reads the pages of a file.
type fileReader struct {
	file io.ReaderAt
	size int    // of a page
	high uint64 // the first page behind the end
}

// newFileReader reads the pages that a file has.
func newFileReader(file *os.File, size int64) (fileReader, error) {
	info, err := file.Stat()
	if err != nil {
		return fileReader{}, err
	}
	return fileReader{file, int(size), uint64((info.Size() + size - 1) / size)}, nil
}

func (r fileReader) pages(id, count uint64) []byte {
	if id >= r.high {
		return nil
	}
	b := make([]byte, int(min(count, r.high-id))*r.size)
	n, err := r.file.ReadAt(b, int64(id)*int64(r.size))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	return b[:n]
}

// openForReading finds the newest head of a file; bbolt, which trusts what it
// reads, never sees it.
func (f *File) openForReading(file *os.File) error {
	m, ok := newestMeta(file)
	if !ok {
		return corrupt("it is no bbolt file, or both its heads are damaged")
	}
	if m.pageSize < 1024 || m.pageSize > 1<<24 || m.pageSize&(m.pageSize-1) != 0 {
		return corrupt("its page size is %d", m.pageSize)
	}
	f.meta, f.file = m, file
	return nil
}
