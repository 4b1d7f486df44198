package jq

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// Argument is the one argument of a program that is to be a worker.
const Argument = "jq-worker"

// hello is the first that a worker says. It differs when an older or newer
// program has taken the place of the running one.
const hello = "taskhook jq worker 1\n"

// A worker reads frames: a byte that says what it is, the length in four
// bytes, and so many bytes. It answers each body by a byte, its Outcome.
const (
	frameExpression = 'x' // for the bodies that follow
	frameBody       = 'b'
	frameHead       = 5
)

// answersAtOnce is how many answers a worker keeps back at most. When it dies,
// one of so many bodies is what it died of.
const answersAtOnce = 64

func writeFrame(w *bufio.Writer, kind byte, content []byte) error {
	head := [frameHead]byte{kind}
	binary.BigEndian.PutUint32(head[1:], uint32(len(content))) //nolint:gosec // bodies are far below 4 GB
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	_, err := w.Write(content)
	return err
}

// frameReader reads frames. What next returns is valid until the next call.
type frameReader struct {
	in      *bufio.Reader
	content []byte
	// wait is called before what may take a while.
	wait func() error
}

func (r *frameReader) next() (kind byte, content []byte, err error) {
	if err := r.awaiting(frameHead); err != nil {
		return 0, nil, err
	}
	var head [frameHead]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return 0, nil, err
	}
	length := int(binary.BigEndian.Uint32(head[1:]))
	if err := r.awaiting(length); err != nil {
		return 0, nil, err
	}
	r.content = slices.Grow(r.content[:0], length)[:length]
	if _, err := io.ReadFull(r.in, r.content); err != nil {
		return 0, nil, fmt.Errorf("a frame of %d bytes: %w", length, err)
	}
	return head[0], r.content, nil
}

func (r *frameReader) awaiting(n int) error {
	if r.in.Buffered() >= n {
		return nil
	}
	return r.wait()
}
