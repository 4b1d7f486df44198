package boltfile

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/taskhook/taskhook/files"
)

// Where says how an entry was found in a file that is looked through.
type Where int

// The places of entries, in the order in which they are looked for.
const (
	InTree   Where = iota // the newest head leads to it
	InOlder               // the older head alone leads to it: it was replaced or deleted
	Orphaned              // nothing leads to its page, which is not free
	Free                  // its page is free: it was replaced, moved or deleted
)

// Scan is what looking through a file found.
type Scan struct {
	Pages   int          // that were looked at
	Damaged []*PageError // pages that could not be read, or not all of them
	Headed  bool         // one of the heads is left, and leads somewhere
}

// Entry is one of a file that is looked through. Key and value may be damaged.
type Entry struct {
	Where Where
	Key   []byte
	Value []byte
	Ref   Ref
}

// Ref leads to the value of an entry, see [Scanner.Value].
type Ref struct {
	page  uint64
	at    int
	value []byte // of a bucket that stands in a leaf
}

// Scanner looks through a file that may be damaged in any way. The file is not
// changed; while a Scanner is open nobody can write to it. It is not safe for
// concurrent use.
type Scanner struct {
	file  *os.File
	ctx   context.Context // of Run
	fn    func(Entry) error
	read  fileReader
	heads []meta // that are left, the newest first
	seen  bits
	free  bits
	found Scan
	stack []uint64
	last  *node // of the last Value
	at    uint64
}

// OpenScanner opens a file to look through it. The error is a *LockedError when
// another process writes to it. The caller closes the Scanner.
func OpenScanner(path string) (*Scanner, error) {
	// Opening a pipe would block, and a person may name a symbolic link.
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is %w", path, files.ErrIrregular)
	}
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	err = awaitLock(file, false, defaultLockTimeout, path+lockSuffix)
	var s *Scanner
	if err == nil {
		s, err = newScanner(file)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return s, nil
}

// Run gives every entry that can be read to fn, in the order of Where and
// otherwise in none. What it is given is valid within fn alone, but for Ref.
func (s *Scanner) Run(ctx context.Context, fn func(Entry) error) (Scan, error) {
	s.ctx, s.fn = ctx, fn
	err := guard(s.run)
	return s.found, err
}

// Value reads the value of an entry again, nil if that cannot be done.
func (s *Scanner) Value(r Ref) []byte {
	if r.value != nil {
		return r.value
	}
	if s.last == nil || s.at != r.page {
		s.last, s.at = readNode(s.read.pages, r.page, s.read.size), r.page
	}
	if s.last == nil || !s.last.leaf || r.at >= s.last.len() {
		return nil
	}
	return s.last.at(r.at).value
}

// Close closes the file.
func (s *Scanner) Close() error { return s.file.Close() }

// bits is a set of pages.
type bits []uint64

func newBits(n uint64) bits { return make(bits, n/64+1) }

func (b bits) has(id uint64) bool { return id/64 >= uint64(len(b)) || b[id/64]&(1<<(id%64)) != 0 }

func (b bits) add(id, n uint64) {
	for ; n > 0 && id/64 < uint64(len(b)); id, n = id+1, n-1 {
		b[id/64] |= 1 << (id % 64)
	}
}

func newScanner(file *os.File) (*Scanner, error) {
	s := &Scanner{file: file}
	m, ok := newestMeta(file)
	if !ok || !validPageSize(m.pageSize) {
		m = meta{pageSize: guessPageSize(file)}
	} else {
		s.heads = append(s.heads, m)
	}
	for _, at := range [...]int64{0, m.pageSize} {
		if older, ok := metaAt(file, at); ok && older.txid != m.txid && older.pageSize == m.pageSize {
			s.heads = append(s.heads, older)
		}
	}
	var err error
	if s.read, err = newFileReader(file, m.pageSize); err != nil {
		return nil, err
	}
	s.seen, s.free = newBits(s.read.high), newBits(s.read.high)
	if len(s.heads) == 2 {
		s.readFree(s.heads[0])
	}
	return s, nil
}

func validPageSize(n int64) bool { return n >= 1024 && n <= 1<<24 && n&(n-1) == 0 }

// guessPageSize finds the size at which most pages know their number.
func guessPageSize(file *os.File) int64 {
	best, most := int64(pageSize), 0
	for size := int64(1 << 10); size <= 64<<10; size *= 2 {
		r, err := newFileReader(file, size)
		if err != nil {
			return best
		}
		fits := 0
		for id := uint64(firstPage); id < min(r.high, 1000); id++ {
			var head [headerSize]byte
			if n, _ := file.ReadAt(head[:], int64(id)*size); n == headerSize && headOf(head[:]).id == id {
				fits++
			}
		}
		if fits*int(size) > most {
			best, most = size, fits*int(size)
		}
	}
	return best
}

// readFree reads the list of free pages that the newest head leads to, as far as
// it is in order. An older list would have the newest pages as free.
func (s *Scanner) readFree(m meta) {
	if m.freelist == noFreelist || m.freelist < firstPage {
		return
	}
	b := s.read.pages(m.freelist, 1)
	if len(b) < headerSize {
		return
	}
	head := headOf(b)
	if head.id != m.freelist && head.flags != flagFreelist {
		return
	}
	s.seen.add(m.freelist, 1)
	if n := uint64(head.overflow) + 1; n > 1 && m.freelist+n <= s.read.high {
		b = s.read.pages(m.freelist, n)
		s.seen.add(m.freelist, n)
	}
	ids := b[headerSize:]
	if head.count == 0xFFFF && len(ids) >= 8 {
		ids = ids[8:]
	}
	for last := uint64(0); len(ids) >= 8; ids = ids[8:] {
		id := native.Uint64(ids)
		if id <= last || id >= s.read.high {
			break
		}
		s.free.add(id, 1)
		last = id
	}
}

// run looks at what heads lead to, then at all other pages.
func (s *Scanner) run() error {
	for i, m := range s.heads {
		where := InTree
		if i > 0 {
			where = InOlder
		}
		if err := s.tree(m.root, where); err != nil {
			return err
		}
	}
	for _, where := range [...]Where{Orphaned, Free} {
		for id := uint64(firstPage); id < s.read.high; id++ {
			if s.seen.has(id) || s.free.has(id) != (where == Free) {
				continue
			}
			if err := s.orphan(id, where); err != nil {
				return err
			}
		}
	}
	return nil
}

// tree looks at all pages that one leads to. There is no recursion: pages may
// lead anywhere.
func (s *Scanner) tree(root uint64, where Where) error {
	s.stack = append(s.stack[:0], root)
	for len(s.stack) > 0 {
		id := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		if id < firstPage || id >= s.read.high || s.seen.has(id) {
			continue
		}
		if where == InTree && s.free.has(id) {
			continue // a damaged page leads there: what is in it comes later
		}
		n, err := s.page(id)
		if err != nil {
			return err
		}
		if n == nil {
			continue
		}
		s.found.Headed = true
		if err := s.entries(id, n, where); err != nil {
			return err
		}
	}
	return nil
}

// page reads a page, once; nil: it cannot be read.
func (s *Scanner) page(id uint64) (*node, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	n := readNode(s.read.pages, id, s.read.size)
	s.found.Pages++
	s.seen.add(id, 1)
	if n != nil && n.damage == nil { // else others may stand behind it
		s.seen.add(id, uint64((n.end()+s.read.size-1)/s.read.size))
	}
	switch {
	case n == nil:
		s.damaged(&PageError{Page: id, Err: errors.New("it cannot be read")})
	case n.damage != nil:
		s.damaged(&PageError{Page: id, Whole: n.whole, Err: n.damage})
	case n.leaf && !n.inOrder():
		s.damaged(&PageError{Page: id, Err: errors.New("its keys are out of order")})
	}
	return n, nil
}

// maxDamaged bounds how many pages are named.
const maxDamaged = 10_000

func (s *Scanner) damaged(e *PageError) {
	if len(s.found.Damaged) < maxDamaged {
		s.found.Damaged = append(s.found.Damaged, e)
	}
}

// orphan looks at a page that nothing leads to, if it is a leaf. What follows
// another page has no head of its own, and anything in its place.
func (s *Scanner) orphan(id uint64, where Where) error {
	b := s.read.pages(id, 1)
	if len(b) < headerSize || headOf(b).id != id || headOf(b).flags != flagLeaf {
		return s.ctx.Err()
	}
	n := readNode(s.read.pages, id, s.read.size)
	s.found.Pages++
	if n == nil || !n.leaf {
		return nil
	}
	if n.damage == nil {
		s.seen.add(id, uint64((n.end()+s.read.size-1)/s.read.size))
	}
	return s.entries(id, n, where)
}

// entries gives what is in a page to fn, and remembers where it leads to.
func (s *Scanner) entries(id uint64, n *node, where Where) error {
	for i := range n.len() {
		e := n.at(i)
		if !n.leaf {
			s.stack = append(s.stack, e.child)
			continue
		}
		if err := s.fn(Entry{where, e.key, e.value, Ref{page: id, at: i}}); err != nil { // of a bucket, too: that bit may be damaged
			return err
		}
		switch {
		case !e.bucket || len(e.value) < bucketSize:
		case native.Uint64(e.value) != 0:
			if where == InTree || where == InOlder {
				s.stack = append(s.stack, native.Uint64(e.value))
			}
		default:
			if in := inlineNode(e.value[bucketSize:]); in != nil && in.leaf {
				if err := s.plain(in, where); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// plain gives the entries of a small bucket to fn.
func (s *Scanner) plain(n *node, where Where) error {
	for i := range n.len() {
		e := n.at(i)
		if err := s.fn(Entry{where, e.key, e.value, Ref{value: append([]byte{}, e.value...)}}); err != nil {
			return err
		}
	}
	return nil
}
