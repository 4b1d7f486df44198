package listener

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/httpwire"
)

// listenAgain listens on a port in another process until the test ends.
func listenAgain(t *testing.T, address string) {
	t.Helper()
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Skip("this machine has no IPv6")
	}
	file, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	sleeper := exec.Command("sleep", "60")
	sleeper.ExtraFiles = []*os.File{file}
	if err := sleeper.Start(); err != nil {
		t.Skip("there is no sleep")
	}
	_, _ = file.Close(), ln.Close()
	t.Cleanup(func() { _ = sleeper.Process.Kill(); _ = sleeper.Wait() })
}

func TestTwoProgramsOnLocalhostAreNamed(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("programs are seen with lsof here, which may not be there")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	port := ln.Addr().(*net.TCPAddr).Port
	listenAgain(t, fmt.Sprintf("[::1]:%d", port))
	tests := []struct {
		target string
		named  bool
	}{
		{fmt.Sprint(port), true},
		{fmt.Sprintf("tenant1.localhost:%d", port), true},
		{fmt.Sprintf("127.0.0.1:%d", port), false},
		{fmt.Sprintf("[::1]:%d", port), false},
	}
	for _, tt := range tests {
		target, err := httpwire.ParseTarget(tt.target)
		if err != nil {
			t.Fatal(err)
		}
		got := besides(target.Origin())
		want := fmt.Sprintf("(pid %d) on 127.0.0.1:%d and sleep (pid ", os.Getpid(), port)
		if strings.Contains(got, want) != tt.named || (got != "") != tt.named {
			t.Errorf("%s: %q", tt.target, got)
		}
	}
}

func TestOneProgramOnLocalhostIsNoNews(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::]:0", ":0"} {
		ln, err := net.Listen("tcp", address)
		if err != nil {
			continue // this machine has no IPv6
		}
		defer ln.Close()
		port := ln.Addr().(*net.TCPAddr).Port
		if six, err := net.Listen("tcp", fmt.Sprintf("[::1]:%d", port)); err == nil {
			defer six.Close() // the same program on both
		}
		target, err := httpwire.ParseTarget(fmt.Sprint(port))
		if err != nil {
			t.Fatal(err)
		}
		if got := besides(target.Origin()); got != "" {
			t.Errorf("%s: %s", address, got)
		}
	}
}
