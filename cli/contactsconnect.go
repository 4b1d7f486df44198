package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/taskee"
)

// The variables that say which API to call, and with which token. They are not
// Taskhook's own: apps read them too.
const (
	envToken    = "TASKEE_TOKEN"
	envBaseURL  = "TASKEE_BASE_URL"
	envLocation = "TASKEE_LOCATION_ID"
)

// maxSmallFile bounds files with a token in them, in bytes.
const maxSmallFile = 64 << 10

// apiFlags say which API to call, and with which token.
type apiFlags struct {
	tokenFile string
	baseURL   string
	location  string
}

func (f *apiFlags) add(cmd *cobra.Command) {
	pf := cmd.PersistentFlags()
	pf.StringVar(&f.tokenFile, "token-file", "", "read the token from `FILE` instead of "+envToken)
	pf.StringVar(&f.baseURL, "base-url", "", "call the API at `URL` (default: "+envBaseURL+", or the platform's)")
	pf.StringVar(&f.location, "location", "", "work in the location `ID`, a sub-account (default: "+envLocation+")")
}

// api is a client, and the location to work in: "" if none was named.
type api struct {
	*taskee.Client
	location string
}

// openAPI returns a client for what flags and variables say. Where they name no
// token, the project's sandbox has one.
func (a *app) openAPI(cmd *cobra.Command, f *apiFlags) (*api, error) {
	token, err := a.apiToken(f)
	if err != nil {
		return nil, err
	}
	base := cmp.Or(f.baseURL, a.env(envBaseURL))
	location := cmp.Or(f.location, a.env(envLocation))
	if token == "" {
		box, err := a.findSandbox(base)
		if err != nil {
			return nil, err
		}
		a.note("using the sandbox of project %q at %s", a.projectName(), box.API)
		token, base, location = box.Token, box.API, cmp.Or(location, box.LocationID)
	}
	client, err := taskee.NewClient(token, taskee.ClientOptions{BaseURL: base, OnWait: a.noteWait})
	switch {
	case errors.Is(err, taskee.ErrBadBaseURL):
		return nil, usageError(cmd, err, "give --base-url or "+envBaseURL+" an address such as "+taskee.DefaultBaseURL)
	case err != nil:
		return nil, usageHint(err, "give the token of a private integration as it was shown, without \"Bearer\"")
	}
	if at := client.BaseURL(); strings.HasPrefix(at, "http:") && !onLoopback(at) {
		a.warn("the token goes to %s unencrypted: use https", at)
	}
	return &api{client, location}, nil
}

// withAPI calls do with a client and adds to its error what to do about it.
func (a *app) withAPI(cmd *cobra.Command, f *apiFlags, do func(*api) error) error {
	c, err := a.openAPI(cmd, f)
	if err != nil {
		return err
	}
	return a.apiError(c, do(c))
}

// apiToken is the token that a flag or variable names, "" for none.
func (a *app) apiToken(f *apiFlags) (string, error) {
	if f.tokenFile == "" {
		return a.env(envToken), nil
	}
	text, mode, err := readSmall(f.tokenFile)
	if err != nil {
		return "", withHint(fmt.Errorf("read the token: %w", err), "name a file with nothing but the token in it, or set "+envToken)
	}
	if open := mode.Perm() & 0o077; open != 0 && runtime.GOOS != "windows" {
		a.warn("other users may read %s: chmod 600 it", f.tokenFile)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", withHint(fmt.Errorf("there is no token in %s", f.tokenFile), "put the token of a private integration into it, and nothing else")
	}
	return token, nil
}

// findSandbox finds the project's running sandbox. Unless base is "", it must
// be at that address: its token works nowhere else.
func (a *app) findSandbox(base string) (sandboxState, error) {
	dir, err := a.directory()
	if err != nil {
		return sandboxState{}, err
	}
	missing := &hintError{
		err:  errors.New("no token is known"),
		hint: "set " + envToken + " or name a file with --token-file; or start a sandbox, which has one: taskhook sandbox",
		code: exitUsage,
	}
	st, err := readSandboxState(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && st.API == "":
		return st, missing
	case err != nil:
		return st, withHint(fmt.Errorf("look for a sandbox: %w", err), "start the sandbox again: taskhook sandbox")
	case base != "" && strings.TrimRight(base, "/") != strings.TrimRight(st.API, "/"):
		missing.err = fmt.Errorf("no token is known for %s", withoutUser(base))
		return st, missing
	}
	return st, nil
}

// noteWait says why a call waits, if it waits for long enough to be noticed.
func (a *app) noteWait(w taskee.Wait) {
	switch {
	case w.For < time.Second:
	case w.Status == 0:
		a.note("the rate limit is used up: continuing in %s", format.Duration(w.For.Round(time.Second)))
	default:
		a.note("answered %s: retrying in %s", format.Status(w.Status), format.Duration(w.For.Round(time.Second)))
	}
}

// apiError adds to the error of a failed call what to do about it.
func (a *app) apiError(c *api, err error) error {
	var (
		answered *taskee.APIError
		late     interface{ Timeout() bool }
	)
	switch {
	case errors.As(err, &answered):
		return withHint(err, answered.Hint())
	case errors.Is(err, taskee.ErrBadID):
		return usageHint(err, "see: taskhook contacts list")
	case errors.Is(err, taskee.ErrNotAPI):
		return withHint(err, "check the base URL: what answers at "+c.BaseURL()+" is not the API")
	case unreachable(err) && onLoopback(c.BaseURL()):
		return withHint(err, "is the sandbox running? nothing answers at "+c.BaseURL()+"; start it with: taskhook sandbox")
	case unreachable(err):
		return withHint(err, "check the network and the base URL "+c.BaseURL())
	case errors.As(err, &late) && late.Timeout():
		return withHint(err, "try again later, but look first: what was sent may have been written all the same")
	}
	return err
}

// unreachable reports whether a request never reached the API.
func unreachable(err error) bool {
	var (
		dns *net.DNSError
		op  *net.OpError
	)
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}

func onLoopback(base string) bool {
	u, err := url.Parse(base)
	return err == nil && httpwire.IsLoopback(u.Host)
}

// withoutUser is a URL without the user and password that may be in it.
func withoutUser(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "this base URL"
	}
	u.User = nil
	return u.String()
}

// readSmall reads a file of at most maxSmallFile bytes, and its mode.
func readSmall(path string) ([]byte, fs.FileMode, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	text, err := readAtMost(f, maxSmallFile)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	return text, info.Mode(), nil
}
