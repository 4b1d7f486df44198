package main

import (
	"bufio"
	"bytes"
	"context"
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
	"sync"
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

// process is a program under measurement.
type process struct {
	cmd      *exec.Cmd
	url      string
	messages bytes.Buffer   // its standard error
	output   sync.WaitGroup // reads what it prints until it ends
	end      func()         // by an interrupt, after endWithin by force
}

const (
	readyWithin = 30 * time.Second
	endWithin   = 10 * time.Second
)

// start runs a program until it says that it is ready. The program ends with
// the context.
func start(ctx context.Context, dir, name string, args ...string) (*process, error) {
	ctx, end := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = endWithin
	p := &process{cmd: cmd, end: end}
	cmd.Dir, cmd.Env, cmd.Stderr = dir, environ(dir), &p.messages
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		end()
		return nil, err
	}
	late := time.AfterFunc(readyWithin, end)
	defer late.Stop()
	lines := bufio.NewReader(out)
	for p.url == "" {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s ended before it was ready", name), p.stop())
		}
		var ready struct{ Kind, Local string }
		if json.Unmarshal(line, &ready) == nil && ready.Kind == "ready" {
			p.url = ready.Local
		}
	}
	p.output.Go(func() { _, _ = io.Copy(io.Discard, lines) })
	return p, nil
}

// stop ends the program and waits for it.
func (p *process) stop() error {
	p.end()
	p.output.Wait()
	if err := p.cmd.Wait(); err != nil && p.cmd.ProcessState.ExitCode() > 0 {
		return fmt.Errorf("%s: %w: %s", filepath.Base(p.cmd.Path), err, p.messages.String())
	}
	return nil
}

// rssAnon reads the anonymous memory of a process in bytes; 0 where the system
// does not tell.
func rssAnon(pid int) int64 {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0
	}
	for line := range strings.SplitSeq(string(raw), "\n") {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb * 1024
		}
	}
	return 0
}

// subject is a program as it is measured. It may write to data.
type subject struct {
	name  string
	start func(ctx context.Context, data string) (*process, error)
}

// measure starts the program on a fresh data directory and puts it under load.
func (s subject) measure(ctx context.Context, r *rig, conns int) (result, error) {
	data, err := os.MkdirTemp(r.dir, "data-")
	if err != nil {
		return result{}, err
	}
	defer func() { _ = os.RemoveAll(data) }()
	p, err := s.start(ctx, data)
	if err != nil {
		return result{}, err
	}
	one, err := r.load.drive(ctx, p.url, conns, r.duration)
	one.rssAnon = rssAnon(p.cmd.Process.Pid)
	err = errors.Join(err, p.stop())
	one.cpu = p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
	return one, err
}
