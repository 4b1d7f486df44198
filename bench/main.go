// Bench measures Taskhook under load on loopback. `go run ./bench` compares it
// with the standard library's reverse proxy and prints memory, start-up, list
// and size figures; `go run ./bench ab REV` compares the working tree with
// another revision. Both interleave what they compare, stop by themselves and
// remove what they made.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

// connections are the numbers of parallel senders measured.
var connections = []int{1, 16, 64}

func main() {
	if len(os.Args) > 1 && os.Args[1] == reverseProxyArg {
		serveReverseProxy(os.Args[2])
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := dispatch(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "ab" {
		return runAB(ctx, args[1:])
	}
	return runCompare(ctx, args)
}

// inTempDir calls do with a directory of its own and removes it afterwards.
func inTempDir(do func(dir string) error) (err error) {
	dir, err := os.MkdirTemp("", "taskhook-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return do(dir)
}

// environ is the environment of what is measured: no setting of the person who
// runs the benchmark reaches it.
func environ(dir string) []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "TASKHOOK_") && !strings.HasPrefix(entry, "NGROK_") {
			env = append(env, entry)
		}
	}
	return append(env, "XDG_STATE_HOME="+dir, "XDG_CONFIG_HOME="+dir)
}
