package listener

import (
	"bufio"
	"cmp"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The tables of the sockets of this machine.
const (
	tcp4Table = "/proc/net/tcp"
	tcp6Table = "/proc/net/tcp6"
)

// Local addresses, as those tables write them.
const (
	hexLoopback4 = "0100007F"
	hexMapped4   = "0000000000000000FFFF0000" + hexLoopback4
	hexLoopback6 = "00000000000000000000000001000000"
	hexAny4      = "00000000"
	hexAny6      = "00000000000000000000000000000000"
)

// portOwner names the process that listens on a TCP port, "" if that cannot
// be seen: another user's processes stay hidden.
func portOwner(port int) string {
	for _, table := range []string{tcp4Table, tcp6Table} {
		for _, inode := range listening(table, port) {
			return processOf(inode).String()
		}
	}
	return ""
}

// localPrograms are the programs that answer on a port of 127.0.0.1 and of ::1.
// The nearer an address, the sooner it is chosen; IPv6 may answer for both.
func localPrograms(port int) (four, six program) {
	in4, in6 := listening(tcp4Table, port), listening(tcp6Table, port)
	socket4 := cmp.Or(in4[hexLoopback4], in4[hexAny4], in6[hexMapped4], in6[hexAny6])
	socket6 := cmp.Or(in6[hexLoopback6], in6[hexAny6])
	if socket4 == "" || socket4 == socket6 {
		return program{}, program{} // there is one at most
	}
	return processOf(socket4), processOf(socket6)
}

// processOf finds the process that has a socket; the zero value if that cannot
// be seen.
func processOf(inode string) program {
	if inode == "" {
		return program{}
	}
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, fd := range fds {
		if link, err := os.Readlink(fd); err != nil || link != "socket:["+inode+"]" {
			continue
		}
		pid := strings.Split(fd, "/")[2]
		name, _ := os.ReadFile(filepath.Join("/proc", pid, "comm"))
		return program{strings.TrimSpace(string(name)), pid}
	}
	return program{}
}

// listening finds the sockets that listen on a port in a table: the second
// column is address:port in hexadecimal, the fourth the state (0A: listening),
// the tenth the inode. The inodes are by address.
func listening(table string, port int) map[string]string {
	f, err := os.Open(table)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	found := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		col := strings.Fields(lines.Text())
		if len(col) < 10 || col[3] != "0A" {
			continue
		}
		address, hex, _ := strings.Cut(col[1], ":")
		if n, err := strconv.ParseUint(hex, 16, 16); err == nil && int(n) == port {
			found[address] = col[9]
		}
	}
	return found
}
