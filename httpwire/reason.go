package httpwire

import (
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
)

// ECONNREFUSED and EADDRINUSE as Windows numbers them.
const (
	errWSARefused   = syscall.Errno(10061)
	errWSAAddrInUse = syscall.Errno(10048)
)

// IsPortTaken reports whether another program listens where one is to listen.
func IsPortTaken(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, errWSAAddrInUse)
}

// IsRefused reports whether nothing listens where a connection was asked for.
func IsRefused(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, errWSARefused)
}

// IsTimeout reports whether a time limit has ended a network operation.
func IsTimeout(err error) bool {
	network, ok := errors.AsType[net.Error](err)
	return ok && network.Timeout()
}

// Reason says why a connection failed in the words of the operating system,
// without the names of system calls and addresses: "connection refused". Where
// localhost has two addresses it is what the first one said.
func Reason(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return "unknown host " + dns.Name
	}
	if IsTimeout(err) {
		return "no connection within the time limit"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		if op.Op == "remote error" { // so TLS calls what the other side says
			return op.Error()
		}
		err = op.Err
		for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
			err = next
		}
	} else if request, ok := errors.AsType[*url.Error](err); ok {
		err = request.Err
	}
	if ClosedUnanswered(err) && !errors.Is(err, syscall.ECONNRESET) {
		return "the connection was closed without an answer"
	}
	return err.Error()
}

// ClosedUnanswered reports whether net/http's client met a connection that the
// other side closed before a byte of an answer, whether the client had written
// its request by then or not.
func ClosedUnanswered(err error) bool {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return true
	}
	// net/http does not export this error.
	return err != nil && strings.HasSuffix(err.Error(), "http: server closed idle connection")
}
