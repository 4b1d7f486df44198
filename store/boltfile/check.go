package boltfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"
)

// The layout of a bbolt file, as far as it must hold before bbolt may open it.
const (
	metaMagic    = 0xED0CDAED
	metaVersion  = 2
	metaSize     = 64 // bytes of a meta, its checksum last
	headerSize   = 16 // bytes at the start of a page
	elementSize  = 16 // bytes of an entry of a leaf or branch page
	bucketSize   = 16 // bytes of a bucket's header in a leaf
	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagFreelist = 0x10
	flagBucket   = 0x01 // of a leaf's entry
	noFreelist   = math.MaxUint64
	firstPage    = 2 // the two before are metas
)

// limits say how much is looked at before bbolt opens a file. The list of free
// pages, the branch pages and the header of every other one always are, which
// takes a fifth of a second for each GiB: bbolt would follow a leaf that is
// taken for a branch without end.
type limits struct {
	deep int64 // bytes of a file up to which every page is read
}

// defaultLimits let a file open quickly. Damage beyond them is met, and caught,
// when it is used.
var defaultLimits = limits{deep: 32 << 20}

// native is the byte order bbolt writes in.
var native = binary.NativeEndian

// meta is a valid meta page.
type meta struct {
	pageSize             int64
	root, freelist, high uint64 // high: the first page that was never used
	txid                 uint64
}

// check finds out what would make bbolt panic, hang or use up the memory. Its
// error wraps ErrCorrupt. An empty file is fine.
func check(f *os.File, l limits, deep bool) error {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	m, err := readMeta(f, info.Size())
	if err != nil {
		return err
	}
	length := int64(m.high) * m.pageSize
	c := &checker{
		file: f, meta: m, seen: make([]uint64, m.high/64+1),
		deep: deep || length <= l.deep,
	}
	if err := c.tree(m.root, true); err != nil {
		return err
	}
	return c.freelist()
}

// readMeta returns the newest valid meta page, as bbolt will find it.
func readMeta(f io.ReaderAt, size int64) (meta, error) {
	m, ok := newestMeta(f)
	switch {
	case !ok:
		return m, corrupt("it is no bbolt file, or both its heads are damaged")
	case m.pageSize < 1024 || m.pageSize > 1<<24 || m.pageSize&(m.pageSize-1) != 0:
		return m, corrupt("its page size is %d", m.pageSize)
	case m.high < firstPage+2 || m.high > uint64(size/m.pageSize):
		return m, corrupt("it was truncated: %d of %.0f bytes are left", size, float64(m.high)*float64(m.pageSize))
	case m.root < firstPage || m.root >= m.high:
		return m, corrupt("its root is page %d of %d", m.root, m.high)
	}
	return m, nil
}

// newestMeta is the newest valid meta page, if there is one.
func newestMeta(f io.ReaderAt) (meta, bool) {
	m, ok := metaAt(f, 0)
	if !ok {
		for i := range 15 {
			if m, ok = metaAt(f, 1024<<i); ok {
				break
			}
		}
	} else if second, ok := metaAt(f, m.pageSize); ok && second.txid > m.txid {
		m = second
	}
	return m, ok
}

// at is where a meta page is written.
func (m meta) at() int64 { return int64(m.txid%2) * m.pageSize }

func metaAt(f io.ReaderAt, at int64) (meta, bool) {
	var b [headerSize + metaSize]byte
	if _, err := f.ReadAt(b[:], at); err != nil {
		return meta{}, false
	}
	p := b[headerSize:]
	h := fnv.New64a()
	_, _ = h.Write(p[:metaSize-8])
	ok := native.Uint32(p) == metaMagic && native.Uint32(p[4:]) == metaVersion && native.Uint64(p[56:]) == h.Sum64()
	return meta{
		pageSize: int64(native.Uint32(p[8:])),
		root:     native.Uint64(p[16:]),
		freelist: native.Uint64(p[32:]),
		high:     native.Uint64(p[40:]),
		txid:     native.Uint64(p[48:]),
	}, ok
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...)
}

// checker walks the pages of a file.
type checker struct {
	file    io.ReaderAt
	meta    meta
	deep    bool
	seen    []uint64 // a bit for each page that is in use
	head    [headerSize]byte
	scratch []byte // for the pages below which nothing else is read
}

// page is a page's header.
type page struct {
	id       uint64
	flags    uint16
	count    int
	overflow uint32
}

// use marks pages as used once.
func (c *checker) use(id, n uint64) error {
	if id < firstPage || n > c.meta.high || id > c.meta.high-n {
		return corrupt("page %d is beyond the last", id)
	}
	for ; n > 0; id, n = id+1, n-1 {
		if c.seen[id/64]&(1<<(id%64)) != 0 {
			return corrupt("page %d is used twice", id)
		}
		c.seen[id/64] |= 1 << (id % 64)
	}
	return nil
}

// enter marks a page as used and reads its header.
func (c *checker) enter(id uint64) (page, error) {
	if err := c.use(id, 1); err != nil {
		return page{}, err
	}
	return c.header(id)
}

func (c *checker) header(id uint64) (page, error) {
	b := c.head[:]
	if _, err := c.file.ReadAt(b, int64(id)*c.meta.pageSize); err != nil {
		return page{}, readError(err)
	}
	p := page{native.Uint64(b), native.Uint16(b[8:]), int(native.Uint16(b[10:])), native.Uint32(b[12:])}
	if p.id != id {
		return p, corrupt("page %d says that it is page %d", id, p.id)
	}
	return p, nil
}

func readError(err error) error {
	if errors.Is(err, io.EOF) {
		return corrupt("it was truncated")
	}
	return err
}

// content reads a page whose header is known, and its overflow.
func (c *checker) content(p page, top bool) ([]byte, error) {
	if p.id+uint64(p.overflow) >= c.meta.high {
		return nil, corrupt("page %d has %d pages of overflow", p.id, p.overflow)
	}
	n := (int(p.overflow) + 1) * int(c.meta.pageSize)
	b := c.scratch
	switch {
	case p.flags == flagBranch || top:
		b = make([]byte, n)
	case cap(b) < n:
		b = make([]byte, n)
		c.scratch = b
	}
	b = b[:n]
	if _, err := c.file.ReadAt(b, int64(p.id)*c.meta.pageSize); err != nil {
		return nil, readError(err)
	}
	return b, nil
}

// tree checks the pages under a root. Only the top tree holds buckets in this
// product's files; the leaves of the others are looked into when deep.
func (c *checker) tree(root uint64, top bool) error {
	p, err := c.enter(root)
	if err != nil {
		return err
	}
	if p.flags == flagBranch {
		return c.branch(p, top)
	}
	return c.leaf(p, top)
}

// branch checks a branch page and all below it.
func (c *checker) branch(p page, top bool) error {
	b, err := c.elements(p, top)
	if err != nil {
		return err
	}
	if p.count == 0 {
		return corrupt("branch page %d is empty", p.id)
	}
	var leaves bool
	var last []byte
	for i := range p.count {
		e := b[headerSize+i*elementSize:]
		key, err := c.slice(p, b, i, native.Uint32(e), native.Uint32(e[4:]))
		if err != nil {
			return err
		}
		if i > 0 && string(key) <= string(last) {
			return corrupt("the keys of page %d are out of order", p.id)
		}
		last = key
		child := native.Uint64(e[8:])
		if err := c.use(child, 1); err != nil {
			return err
		}
		if leaves, err = c.child(child, i, leaves, top); err != nil {
			return err
		}
	}
	return nil
}

// child checks the i-th child of a branch, which are all of one kind, and reports
// whether it is a leaf.
func (c *checker) child(id uint64, i int, leaves, top bool) (bool, error) {
	p, err := c.header(id)
	switch {
	case err != nil:
		return false, err
	case i > 0 && leaves != (p.flags == flagLeaf):
		return false, corrupt("page %d is of another kind than its siblings", id)
	case p.flags == flagBranch:
		return false, c.branch(p, top)
	}
	return true, c.leaf(p, top)
}

// leaf checks a leaf page, as far as it is to be looked at.
func (c *checker) leaf(p page, top bool) error {
	if p.flags != flagLeaf {
		return corrupt("page %d is of an unknown kind", p.id)
	}
	if err := c.use(p.id+1, uint64(p.overflow)); err != nil {
		return err
	}
	if !c.deep && !top {
		return nil
	}
	b, err := c.elements(p, top)
	if err != nil {
		return err
	}
	return c.entries(p, b, 0)
}

// entries checks the entries of a leaf and the buckets among them.
func (c *checker) entries(p page, b []byte, depth int) error {
	var last []byte
	for i := range p.count {
		e := b[headerSize+i*elementSize:]
		size := native.Uint32(e[8:])
		kv, err := c.slice(p, b, i, native.Uint32(e[4:]), size)
		if err != nil {
			return err
		}
		value, err := c.slice(p, b, i, native.Uint32(e[4:])+size, native.Uint32(e[12:]))
		if err != nil {
			return err
		}
		if size == 0 || i > 0 && string(kv) <= string(last) {
			return corrupt("the keys of page %d are out of order", p.id)
		}
		last = kv
		switch flags := native.Uint32(e); {
		case flags == 0:
		case flags != flagBucket || len(value) < bucketSize:
			return corrupt("an entry of page %d is of an unknown kind", p.id)
		default:
			if err := c.bucket(p, value, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

// bucket checks a bucket that stands in a leaf: the root of a tree of its own,
// or a small leaf within the entry.
func (c *checker) bucket(p page, value []byte, depth int) error {
	if root := native.Uint64(value); root != 0 {
		return c.tree(root, false)
	}
	inline := value[bucketSize:]
	if len(inline) < headerSize || depth > 0 {
		return corrupt("a bucket in page %d is cut off", p.id)
	}
	in := page{p.id, native.Uint16(inline[8:]), int(native.Uint16(inline[10:])), native.Uint32(inline[12:])}
	if in.flags != flagLeaf || in.overflow != 0 || headerSize+in.count*elementSize > len(inline) {
		return corrupt("a bucket in page %d is of an unknown kind", p.id)
	}
	return c.entries(in, inline, depth+1)
}

// elements reads a page that has a table of entries.
func (c *checker) elements(p page, top bool) ([]byte, error) {
	b, err := c.content(p, top)
	if err == nil && headerSize+p.count*elementSize > len(b) {
		err = corrupt("page %d has %d entries", p.id, p.count)
	}
	return b, err
}

// slice is a key or value of the i-th entry, at a distance from the entry.
func (c *checker) slice(p page, b []byte, i int, pos, size uint32) ([]byte, error) {
	from := int64(headerSize+i*elementSize) + int64(pos)
	if from+int64(size) > int64(len(b)) {
		return nil, corrupt("entry %d of page %d is out of its page", i, p.id)
	}
	return b[from : from+int64(size)], nil
}

// freelist checks the list of free pages: a page on it that is in use would be
// overwritten.
func (c *checker) freelist() error {
	if c.meta.freelist == noFreelist {
		return nil
	}
	p, err := c.enter(c.meta.freelist)
	if err != nil {
		return err
	}
	if p.flags != flagFreelist {
		return corrupt("page %d is not the list of free pages", p.id)
	}
	if err := c.use(p.id+1, uint64(p.overflow)); err != nil {
		return err
	}
	b, err := c.content(p, false)
	if err != nil {
		return err
	}
	ids, n := b[headerSize:], uint64(p.count)
	if p.count == math.MaxUint16 {
		n, ids = native.Uint64(ids), ids[8:]
	}
	if n > uint64(len(ids)/8) {
		return corrupt("%d pages are said to be free", n)
	}
	for i := range n {
		if err := c.use(native.Uint64(ids[i*8:]), 1); err != nil {
			return err
		}
	}
	return nil
}
