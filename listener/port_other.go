//go:build !linux

package listener

import (
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// portOwner names the process that listens on a TCP port, "" if that cannot
// be seen. It asks lsof, which macOS has.
func portOwner(port int) string {
	for _, p := range lsof(port) {
		return p.String()
	}
	return ""
}

// localPrograms are the programs that answer on a port of 127.0.0.1 and of ::1.
// The nearer an address, the sooner it is chosen; IPv6 may answer for both.
func localPrograms(port int) (four, six program) {
	all := lsof(port)
	six = cmp.Or(all["IPv6 [::1]"], all["IPv6 *"])
	return cmp.Or(all["IPv4 127.0.0.1"], all["IPv4 *"], six), six
}

func lsof(port int) map[string]program {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "lsof", "-nP", fmt.Sprintf("-iTCP:%d", port), "-sTCP:LISTEN", "-Fpctn").Output()
	if err != nil {
		return nil
	}
	return readLsof(string(out))
}

// readLsof reads what lsof -Fpctn prints, by the type and the address of each
// socket, such as "IPv4 127.0.0.1".
func readLsof(out string) map[string]program {
	found := map[string]program{}
	var p program
	kind := ""
	for line := range strings.SplitSeq(out, "\n") {
		if line == "" {
			continue
		}
		switch value := line[1:]; line[0] {
		case 'p':
			p = program{pid: value}
		case 'c':
			p.name = value
		case 't':
			kind = value
		case 'n':
			if colon := strings.LastIndexByte(value, ':'); colon >= 0 {
				found[kind+" "+value[:colon]] = p
			}
		}
	}
	return found
}
