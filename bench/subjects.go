package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// reverseProxyArg makes this program the reverse proxy it compares with.
const reverseProxyArg = "reverse-proxy"

// serveApp is the app that everything forwards to: it reads and answers 200.
func serveApp() (addr string, stop func()) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"success":true}`)
	}))
	return srv.Listener.Addr().String(), srv.Close
}

// serveReverseProxy is httputil.ReverseProxy in a process of its own.
func serveReverseProxy(target string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	rp := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: target})
	rp.Transport = &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	ready := map[string]string{"kind": "ready", "local": "http://" + ln.Addr().String()}
	_ = json.NewEncoder(os.Stdout).Encode(ready)
	fmt.Fprintln(os.Stderr, http.Serve(ln, rp))
}

// subject is a program under measurement.
type subject struct {
	cmd *exec.Cmd
	url string
}

// start runs a program until it says that it is ready.
func start(name string, args ...string) (*subject, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "NGROK_AUTHTOKEN=")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &subject{cmd: cmd}
	lines := bufio.NewReader(out)
	for s.url == "" {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s ended before it was ready", name), s.stop())
		}
		var ready struct{ Kind, Local string }
		if json.Unmarshal(line, &ready) == nil && ready.Kind == "ready" {
			s.url = ready.Local
		}
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return s, nil
}

// stop ends the program with an interrupt and waits for it.
func (s *subject) stop() error {
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		_ = s.cmd.Process.Kill()
	}
	timer := time.AfterFunc(10*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer timer.Stop()
	_ = s.cmd.Wait()
	return nil
}

// rssAnon reads the anonymous memory of the process in bytes; 0 where the
// system does not tell.
func (s *subject) rssAnon() int64 {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.cmd.Process.Pid), "status"))
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(raw), "\n") {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb * 1024
		}
	}
	return 0
}

// measure runs one subject on a fresh data directory under load.
func measure(bin, dir, app, name string, l *load, conns int, d time.Duration) (result, error) {
	data, err := os.MkdirTemp(dir, "data-")
	if err != nil {
		return result{}, err
	}
	defer func() { _ = os.RemoveAll(data) }()
	var s *subject
	switch name {
	case "reverseproxy":
		var self string
		if self, err = os.Executable(); err == nil {
			s, err = start(self, reverseProxyArg, app)
		}
	case "verify off":
		s, err = start(bin, listenArgs(app, data, "--verify", "off", "--max-connections", "64")...)
	default:
		s, err = start(bin, listenArgs(app, data, "--public-key", l.publicKey, "--max-connections", "64")...)
	}
	if err != nil {
		return result{}, err
	}
	r, err := l.drive(s.url, conns, d)
	r.rssAnon = s.rssAnon()
	return r, errors.Join(err, s.stop())
}

func listenArgs(app, data string, more ...string) []string {
	return append([]string{
		"listen", app, "--tunnel", "none", "--listen", "127.0.0.1:0",
		"--output", "json", "--data-dir", data,
	}, more...)
}

func build(bin string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", bin, "github.com/taskhook/taskhook")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}
