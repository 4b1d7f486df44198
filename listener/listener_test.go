package listener

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/control"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/verify"
	"github.com/taskhook/taskhook/webhook"
)

func TestOpenReturnsAListenerThatReceives(t *testing.T) {
	signer := testSigner(t, "a")
	o := testOptions(t, newApp(t, ok))
	o.Trusted = []verify.Key{{Name: "taskee", Public: &signer.RSA.PublicKey}}
	o.PublicURL = "https://hooks.example.test"
	r := open(t, o)
	s := sign(t, signer, taskee.SchemeRSA)
	if status := r.post(s.header, s.body); status != http.StatusOK {
		t.Errorf("a signed event was answered %d", status)
	}
	if status := r.post(nil, s.body); status != http.StatusUnauthorized {
		t.Errorf("an unsigned one was answered %d", status)
	}
	updates, err := r.Updates(t.Context(), r.Start())
	if err != nil || len(updates.Events) != 2 || updates.Events[0].Verdict.Key != "taskee" {
		t.Errorf("updates since the start: %+v, %v", updates, err)
	}
	d, err := r.Listener.Listener(t.Context())
	if err != nil || d.Project != "test" || d.Version != "1" || d.PID != os.Getpid() || d.Verify != proxy.ModeEnforce ||
		d.Tunnel.State != webhook.TunnelNone || d.Tunnel.URL != o.PublicURL || !d.Health.Up || d.Counts.Events != 2 {
		t.Errorf("it describes itself as %+v, %v", d, err)
	}
}

func TestRunEndsWithItsContextAndCloseMayBeCalledAgain(t *testing.T) {
	r := open(t, testOptions(t, newApp(t, ok)))
	if err := r.run()(); err != nil {
		t.Errorf("Run: %v", err)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if _, err := net.Dial("tcp", strings.TrimPrefix(r.local, "http://")); err == nil {
		t.Error("the ingress is still open")
	}
	if _, err := control.Dial(r.Dir()); !errors.Is(err, control.ErrNoListener) {
		t.Errorf("the control socket: %v", err)
	}
}

func TestCloseEndsRun(t *testing.T) {
	r := open(t, testOptions(t, newApp(t, ok)))
	ended := make(chan error, 1)
	running := make(chan struct{})
	go func() { close(running); ended <- r.Run(context.Background()) }()
	<-running
	r.raiseShield(t) // Run is under way
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}

// raiseShield puts the shield up, of which a listener that runs speaks.
func (r *rig) raiseShield(t *testing.T) {
	t.Helper()
	if err := r.SetShield(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	r.hears("the shield is up")
}

// TestWhatIsInProgressEndsBeforeRun holds that an orderly end loses nothing:
// the sender hears the app's answer, the attempt is stored, and what arrives
// meanwhile is answered 429.
func TestWhatIsInProgressEndsBeforeRun(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	o := testOptions(t, newApp(t, func(http.ResponseWriter, *http.Request) { entered <- struct{}{}; <-release }))
	o.Proxy.Mode = proxy.ModeOff
	r := open(t, o)
	stop := r.run()
	status := make(chan int, 1)
	go func() { status <- r.post(nil, []byte("{}")) }()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	r.hears("1 request is in progress")
	if late := r.post(nil, []byte("{}")); late != http.StatusTooManyRequests {
		t.Errorf("what came late was answered %d", late)
	}
	close(release)
	if err := <-stopped; err != nil || <-status != http.StatusOK {
		t.Errorf("Run: %v", err)
	}
	if e, err := webhook.ReadRecord(t.Context(), r, 1, webhook.Parts{Attempts: true}); err != nil || len(e.History) != 1 || e.LastStatus != http.StatusOK {
		t.Errorf("stored %+v, %v", e, err)
	}
}

func TestAnIngressThatEndsByItselfEndsRun(t *testing.T) {
	r := open(t, testOptions(t, newApp(t, ok)))
	ended := make(chan error, 1)
	go func() { ended <- r.Run(t.Context()) }()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.receive(ln, webhook.SourceLocal)
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "the server on "+ln.Addr().String()+" ended") {
		t.Errorf("Run: %v", err)
	}
}

func TestAPortInUseIsAnErrorThatNamesAnother(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	o := testOptions(t, newApp(t, ok))
	o.Addr = taken.Addr().String()
	_, err = Open(t.Context(), o)
	var port *PortError
	if !errors.As(err, &port) {
		t.Fatalf("Open: %v", err)
	}
	_, number, _ := net.SplitHostPort(o.Addr)
	if port.Port != number || port.Free == "" || port.Owner != "" && !strings.Contains(err.Error(), "(pid "+strconv.Itoa(os.Getpid())+")") {
		t.Errorf("%+v: %v", port, err)
	}
	// What was open has been closed: the store can be opened again.
	o.Addr = port.Free
	if d, err := open(t, o).Listener.Listener(t.Context()); err != nil || d.Local != "http://"+port.Free {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestTheNextFreePortIsTakenWhereNoneWasAskedFor(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	o := testOptions(t, newApp(t, ok))
	o.Addr, o.NextPort = taken.Addr().String(), true
	r := open(t, o)
	_, number, _ := net.SplitHostPort(o.Addr)
	if n := r.hears("port " + number + " is in use"); !strings.Contains(n.Text, "receiving on "+strings.TrimPrefix(r.local, "http://")) || r.local == "http://"+o.Addr {
		t.Errorf("on %s: %q", r.local, n.Text)
	}
}

func TestOneListenerHasTheStore(t *testing.T) {
	o := testOptions(t, newApp(t, ok))
	r := open(t, o)
	_, err := Open(t.Context(), o)
	var locked *store.LockedError
	if !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Errorf("the second: %v", err)
	}
	// Nothing of the first was touched.
	c, err := control.Dial(r.Dir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if d, err := c.Listener(t.Context()); err != nil || d.Local != r.local {
		t.Errorf("over the control socket: %+v, %v", d, err)
	}
}

func TestADirectoryThatCannotBeUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o := testOptions(t, newApp(t, ok))
	o.Dir = filepath.Join(file, "data")
	if _, err := Open(t.Context(), o); !errors.Is(err, ErrDirectory) {
		t.Errorf("Open: %v", err)
	}
}

// TestADevelopmentKeyIsReadWhenItIsNeeded holds that `keys dev` may run while
// a listener does.
func TestADevelopmentKeyIsReadWhenItIsNeeded(t *testing.T) {
	r := open(t, testOptions(t, newApp(t, ok)))
	s := sign(t, testSigner(t, "b"), taskee.SchemeRSA)
	if status := r.post(s.header, s.body); status != http.StatusUnauthorized {
		t.Errorf("signed by a key that is not there: answered %d", status)
	}
	installKeys(t, r.Dir(), "b")
	if status := r.post(s.header, s.body); status != http.StatusOK {
		t.Errorf("signed by the new key: answered %d", status)
	}
}

func TestAListenerMakesNoKeys(t *testing.T) {
	r := open(t, testOptions(t, newApp(t, ok)))
	if err := r.run()(); err != nil {
		t.Error(err)
	}
	found, err := filepath.Glob(filepath.Join(r.Dir(), "*.pem"))
	if err != nil || len(found) != 0 {
		t.Errorf("found %q, %v", found, err)
	}
}

func TestWhatWasInterruptedIsSaid(t *testing.T) {
	o := testOptions(t, newApp(t, ok))
	o.Dir = leave(t, newApp(t, ok))
	st, err := store.Open(filepath.Join(o.Dir, storeFile), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := webhook.Event{Method: "POST", Path: "/", ReceivedAt: time.Now()}
	if err := errors.Join(st.PutEvent(t.Context(), &e), st.Close()); err != nil {
		t.Fatal(err)
	}
	if n := open(t, o).hears("1 event was interrupted"); !n.Warning {
		t.Error("that is a warning")
	}
}

func TestALoopbackIngressNeedsAnAddress(t *testing.T) {
	for _, addr := range []string{"127.0.0.1", "[::1", "127.0.0.1:x"} {
		if ln, err := ListenLoopback(t.Context(), addr); err == nil {
			_ = ln.Close()
			t.Errorf("it listens on %s", addr)
		}
	}
	ln, err := ListenLoopback(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	if !httpwire.IsLoopback(ln.Addr().String()) {
		t.Errorf("any free port: %s", ln.Addr())
	}
}
