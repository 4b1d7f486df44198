package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/taskee"
)

// The variables that say which API to call and as whom. They are not
// Taskhook's own: apps read them too.
const (
	envToken    = "TASKEE_TOKEN"
	envBaseURL  = "TASKEE_BASE_URL"
	envLocation = "TASKEE_LOCATION_ID"
)

// sandboxFile is where a running sandbox says how to reach it.
const sandboxFile = "sandbox.json"

// maxSmallFile bounds what is read of files that hold a token, in bytes.
const maxSmallFile = 64 << 10

// apiFlags say which API to call and as whom.
type apiFlags struct {
	tokenFile string
	baseURL   string
	location  string
}

func (f *apiFlags) add(cmd *cobra.Command) {
	pf := cmd.PersistentFlags()
	pf.StringVar(&f.tokenFile, "token-file", "", "read the token from FILE instead of "+envToken)
	pf.StringVar(&f.baseURL, "base-url", "", "call the API at this URL (else "+envBaseURL+", else the platform's)")
	pf.StringVar(&f.location, "location", "", "the ID of the location, the sub-account (else "+envLocation+")")
}

// api is a client, and the location to work in: "" if nobody named one.
type api struct {
	*taskee.Client
	location string
}

// sandboxAccess is how to reach a running sandbox: what it keeps in its file.
type sandboxAccess struct {
	API        string `json:"api"`
	Token      string `json:"token"`
	LocationID string `json:"locationId"`
}

// openAPI makes a client of what flags and variables say. Where they name no
// token, a sandbox of the project has one.
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
		return nil, &hintError{err: err, hint: "give the token of a private integration as it was shown, without \"Bearer\"", code: exitUsage}
	}
	if at := client.BaseURL(); strings.HasPrefix(at, "http:") && !onLoopback(at) {
		a.warn("the token goes to %s unencrypted: use https", at)
	}
	return &api{client, location}, nil
}

// apiToken is the token that a flag or variable names, "" for none.
func (a *app) apiToken(f *apiFlags) (string, error) {
	if f.tokenFile == "" {
		return a.env(envToken), nil
	}
	text, mode, err := readSmall(f.tokenFile)
	if err != nil {
		return "", withHint(fmt.Errorf("read the token: %w", err), "name a file that holds the token alone, or set "+envToken)
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

// findSandbox finds a running sandbox of the project. It must be at base,
// unless that is "": its token is of no use elsewhere.
func (a *app) findSandbox(base string) (sandboxAccess, error) {
	dir, err := a.directory()
	if err != nil {
		return sandboxAccess{}, err
	}
	missing := &hintError{
		err:  errors.New("no token is known"),
		hint: "set " + envToken + " or name a file with --token-file; or start a sandbox, which has one: taskhook sandbox",
		code: exitUsage,
	}
	path := filepath.Join(dir, sandboxFile)
	text, _, err := readSmall(path)
	if errors.Is(err, fs.ErrNotExist) {
		return sandboxAccess{}, missing
	}
	if err != nil {
		return sandboxAccess{}, fmt.Errorf("look for a sandbox: %w", err)
	}
	var box sandboxAccess
	err = json.Unmarshal(text, &box)
	if err == nil && box.API == "" && box.Token != "" {
		return sandboxAccess{}, missing // it has ended
	}
	if err != nil || box.API == "" || box.Token == "" {
		// What it holds is not quoted: a token may be in it.
		return sandboxAccess{}, withHint(fmt.Errorf("look for a sandbox: %s is damaged", path), "start the sandbox again: taskhook sandbox")
	}
	if base != "" && strings.TrimRight(base, "/") != strings.TrimRight(box.API, "/") {
		missing.err = fmt.Errorf("no token is known for %s", withoutUser(base))
		return sandboxAccess{}, missing
	}
	return box, nil
}

// noteWait tells a person of a wait that is worth telling.
func (a *app) noteWait(w taskee.Wait) {
	switch {
	case w.For < time.Second:
	case w.Status == 0:
		a.note("the rate limit is used up: going on in %s", w.For.Round(time.Second))
	default:
		a.note("answered %s: trying again in %s", answerWords(w.Status), w.For.Round(time.Second))
	}
}

// apiError says in words what to do about a failed call.
func (a *app) apiError(c *api, err error) error {
	var (
		answered *taskee.APIError
		late     interface{ Timeout() bool }
	)
	switch {
	case errors.As(err, &answered):
		return withHint(err, answered.Hint())
	case errors.Is(err, taskee.ErrBadID):
		return &hintError{err: err, hint: "see: taskhook contacts list", code: exitUsage}
	case errors.Is(err, taskee.ErrNotAPI):
		return withHint(err, "check the base URL: something else than the API answers at "+c.BaseURL())
	case unreachable(err) && onLoopback(c.BaseURL()):
		return withHint(err, "is the sandbox running? nobody answers at "+c.BaseURL()+"; start one with: taskhook sandbox")
	case unreachable(err):
		return withHint(err, "check the network and the base URL "+c.BaseURL())
	case errors.As(err, &late) && late.Timeout():
		return withHint(err, "the API is slow: try again later; what was to be written may be written all the same, so look first")
	}
	return err
}

// unreachable reports whether no request got as far as the API.
func unreachable(err error) bool {
	var (
		dns *net.DNSError
		way *net.OpError
	)
	return errors.As(err, &dns) || errors.As(err, &way) && way.Op == "dial"
}

func onLoopback(base string) bool {
	u, err := url.Parse(base)
	return err == nil && httpwire.IsLoopback(u.Host)
}

// withoutUser is a URL without a password that it may hold.
func withoutUser(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "this base URL"
	}
	u.User = nil
	return u.String()
}

// readSmall reads a small file, and what its mode is.
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
	text, err := io.ReadAll(io.LimitReader(f, maxSmallFile+1))
	if err == nil && len(text) > maxSmallFile {
		err = fmt.Errorf("%s is larger than %d KiB", path, maxSmallFile>>10)
	}
	return text, info.Mode(), err
}
