package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"github.com/taskhook/taskhook/httpwire"
)

// listenLoopback opens the loopback ingress.
func listenLoopback(ctx context.Context, addr string, allowRemote bool) (net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, &hintError{err: fmt.Errorf("invalid --addr %q", addr), hint: "give an address such as 127.0.0.1:4480, or :0 for any free port", code: exitUsage}
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return nil, &hintError{err: fmt.Errorf("invalid --addr %q: the port goes from 0 to 65535", addr), hint: "give an address such as 127.0.0.1:4480, or :0 for any free port", code: exitUsage}
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if !allowRemote && !httpwire.IsLoopback(host) {
		return nil, &hintError{
			err:  fmt.Errorf("--addr %s would open the ingress to the network", addr),
			hint: "listen on 127.0.0.1, or add --allow-remote if that is meant", code: exitUsage,
		}
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, portInUse(ctx, host, port)
	}
	if err != nil {
		return nil, withHint(fmt.Errorf("open the ingress on %s: %w", addr, errors.Unwrap(err)), "choose another address with --addr")
	}
	return ln, nil
}

// portInUse names who has the port, where the system tells, and a free one.
func portInUse(ctx context.Context, host, port string) error {
	text := "port " + port + " is in use"
	if n, err := strconv.Atoi(port); err == nil {
		if who := portOwner(n); who != "" {
			text += " by " + who
		}
	}
	hint := "choose another with --addr 127.0.0.1:0"
	var lc net.ListenConfig
	if ln, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, "0")); err == nil {
		hint = "this one is free: --addr " + ln.Addr().String()
		_ = ln.Close()
	}
	return withHint(errors.New(text), hint)
}
