package boltfile

import (
	"fmt"
	"runtime/debug"
)

// panicError is a panic or a memory fault that was caught.
type panicError struct {
	value any
	stack []byte
}

// Error shows what was thrown.
func (e *panicError) Error() string { return fmt.Sprintf("%v: %v", ErrCorrupt, e.value) }

// Unwrap makes it match ErrCorrupt: bbolt panics on pages that make no sense.
func (e *panicError) Unwrap() error { return ErrCorrupt }

// guard runs fn and turns a panic into an error. A page beyond the end of the
// file is a memory fault, which Go does not let anyone recover from unless it
// is asked to.
func guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{p, debug.Stack()}
		}
	}()
	return fn()
}
