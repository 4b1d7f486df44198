package httpwire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"
)

func TestWhyAConnectionFailed(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	reset := &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	request := func(err error) error { return &url.Error{Op: "Post", URL: "http://localhost:3000/", Err: err} }
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"nobody listens", refused, "connection refused"},
		{"nobody listens on either address of localhost", request(fmt.Errorf("%w; %w", refused, refused)), "connection refused"},
		{"reset", request(reset), "connection reset by peer"},
		{"no such host", request(&net.OpError{Op: "dial", Err: &net.DNSError{Name: "nosuch.test", IsNotFound: true}}), "unknown host nosuch.test"},
		{"a time limit", request(context.DeadlineExceeded), "no connection within the time limit"},
		{"closed without an answer", request(io.EOF), "the connection was closed without an answer"},
		{"closed before the request was written", request(errors.New("http: server closed idle connection")), "the connection was closed without an answer"},
		{"another error", errors.New("tls: bad certificate"), "tls: bad certificate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Reason(tt.err); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
