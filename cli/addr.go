package cli

import (
	"fmt"
	"net"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/httpwire"
)

// addAddr adds the flags that say where programs of this machine send.
func addAddr(cmd *cobra.Command, addr *string, allowRemote *bool, usage string) {
	f := cmd.Flags()
	f.StringVar(addr, "addr", *addr, usage)
	f.BoolVar(allowRemote, "allow-remote", false, "allow an --addr that other machines can reach")
}

// checkAddr checks --addr.
func checkAddr(cmd *cobra.Command, addr string, allowRemote bool) error {
	const example = "give an address such as 127.0.0.1:4480, or :0 for any free port"
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return usageError(cmd, fmt.Errorf("invalid --addr %q", addr), example)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return usageError(cmd, fmt.Errorf("invalid --addr %q: the port goes from 0 to 65535", addr), example)
	}
	if host != "" && !allowRemote && !httpwire.IsLoopback(host) {
		return usageError(cmd, fmt.Errorf("--addr %s would be open to the network", addr), "use 127.0.0.1, or add --allow-remote if that is meant")
	}
	return nil
}
