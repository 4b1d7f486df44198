package listener

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// portOwner names the process that listens on a TCP port, "" if that cannot
// be seen: another user's processes stay hidden.
func portOwner(port int) string {
	inode := listenInode("/proc/net/tcp", port)
	if inode == "" {
		inode = listenInode("/proc/net/tcp6", port)
	}
	if inode == "" {
		return ""
	}
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, fd := range fds {
		if link, err := os.Readlink(fd); err != nil || link != "socket:["+inode+"]" {
			continue
		}
		pid := strings.Split(fd, "/")[2]
		name, _ := os.ReadFile(filepath.Join("/proc", pid, "comm"))
		return fmt.Sprintf("%s (pid %s)", strings.TrimSpace(string(name)), pid)
	}
	return ""
}

// listenInode finds the socket that listens on a port in a table of
// /proc/net: the second column is address:port in hexadecimal, the fourth the
// state (0A: listening), the tenth the inode.
func listenInode(table string, port int) string {
	f, err := os.Open(table)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		col := strings.Fields(lines.Text())
		if len(col) < 10 || col[3] != "0A" {
			continue
		}
		_, hex, _ := strings.Cut(col[1], ":")
		if n, err := strconv.ParseUint(hex, 16, 16); err == nil && int(n) == port {
			return col[9]
		}
	}
	return ""
}
