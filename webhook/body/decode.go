package body

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// maxCodings is how many codings of one body are undone.
const maxCodings = 4

// maxWindow is the largest window of a zstd body, in bytes: what RFC 9659 has
// every sender keep to.
const maxWindow = 8 << 20

// errTooMuch ends the reading of what is beyond the bounds.
var errTooMuch = errors.New("it is longer than is decoded")

// decode undoes codings, the last one first. The text is partial when the bytes
// are only a beginning, or when it goes beyond the bounds.
func decode(codings []string, b []byte, beginning bool) (text []byte, partial bool, err error) {
	if len(codings) > maxCodings {
		return nil, false, fmt.Errorf("%d codings are more than are undone", len(codings))
	}
	most := Size(len(b))
	var r io.Reader = bytes.NewReader(b)
	for _, name := range slices.Backward(codings) {
		decoder, err := open(name, r)
		if err != nil {
			return nil, false, brokenStream(name, err)
		}
		if c, ok := decoder.(io.Closer); ok {
			defer func() { _ = c.Close() }()
		}
		// Each coding is bounded: an inner one may turn gigabytes into nothing.
		r = &bounded{decoder, name, most}
	}
	var out bytes.Buffer
	out.Grow(min(most, 4*len(b)) + bytes.MinRead)
	_, err = out.ReadFrom(r)
	text = out.Bytes()
	switch {
	case err == nil:
		return text, beginning, nil
	case errors.Is(err, errTooMuch):
		return text, true, nil
	case beginning && errors.Is(err, io.ErrUnexpectedEOF):
		if len(text) == 0 {
			return nil, true, errors.New("its beginning alone cannot be decoded")
		}
		return text, true, nil
	}
	return nil, false, err
}

// open begins to undo one coding.
func open(name string, r io.Reader) (io.Reader, error) {
	switch name {
	case "gzip", "x-gzip":
		return gzip.NewReader(r)
	case "deflate":
		return inflate(r)
	case "br":
		return brotli.NewReader(r), nil
	case "zstd":
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return nil, errUnknown
}

var errUnknown = errors.New("this coding is not known here")

// inflate reads what senders call deflate: zlib as the standard has it, or the
// bare stream that some send. No encoder begins a bare one as zlib begins.
func inflate(r io.Reader) (io.Reader, error) {
	b := bufio.NewReader(r)
	head, err := b.Peek(2)
	if len(head) < 2 {
		return nil, err
	}
	const deflated = 8 // zlib's only method
	if head[0]&0x0f == deflated && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(b)
	}
	return flate.NewReader(b), nil
}

// bounded reads one coding, and so much of it.
type bounded struct {
	r    io.Reader
	name string
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left == 0 {
		// The stream may end right here.
		if n, err := io.ReadFull(b.r, make([]byte, 1)); n == 0 {
			return 0, b.named(err)
		}
		return 0, errTooMuch
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, b.named(err)
}

func (b *bounded) named(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return brokenStream(b.name, err)
}

// streamError says which coding of a body is broken.
type streamError struct {
	name string
	err  error
}

// brokenStream names the coding of an error, once: that of an inner stream has
// been named.
func brokenStream(name string, err error) error {
	var named *streamError
	if errors.As(err, &named) || errors.Is(err, errTooMuch) {
		return err
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // before it has begun
	}
	return &streamError{name, err}
}

// Error says what is wrong, as people say it.
func (e *streamError) Error() string {
	switch {
	case errors.Is(e.err, errUnknown):
		return e.err.Error()
	case errors.Is(e.err, io.ErrUnexpectedEOF):
		return "the " + e.name + " stream ends too early"
	}
	reason := e.err.Error()
	if _, after, found := strings.Cut(reason, ": "); found { // the library's name
		reason = after
	}
	return "the " + e.name + " stream is broken: " + reason
}

// Unwrap returns the decoder's error.
func (e *streamError) Unwrap() error { return e.err }
