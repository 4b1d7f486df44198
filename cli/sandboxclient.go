package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/files"
	"github.com/taskhook/taskhook/sandbox"
)

// The sandbox's files in the data directory.
const (
	sandboxFile = "sandbox.json" // how to reach it
	sandboxDB   = "sandbox.db"
)

// sandboxState is what other commands need to use the project's sandbox.
type sandboxState struct {
	API        string `json:"api"` // "": it is not running
	Token      string `json:"token"`
	LocationID string `json:"locationId"`
	Secret     string `json:"secret"` // of the admin API
}

// readSandboxState reads what the newest sandbox of the project wrote. The error
// wraps fs.ErrNotExist if there never was one.
func readSandboxState(dir string) (sandboxState, error) {
	path := filepath.Join(dir, sandboxFile)
	text, _, err := readSmall(path)
	if err != nil {
		return sandboxState{}, err
	}
	var st sandboxState
	if json.Unmarshal(text, &st) != nil || st.Token == "" {
		// Its content is not quoted: a token may be in it.
		return sandboxState{}, fmt.Errorf("%s is damaged", path)
	}
	return st, nil
}

func writeSandboxState(dir string, st sandboxState) error {
	text, err := json.MarshalIndent(st, "", "  ")
	if err != nil {
		return err
	}
	return files.Write(filepath.Join(dir, sandboxFile), append(text, '\n'), 0o600)
}

// openSandbox finds the project's running sandbox.
func (a *app) openSandbox() (sandboxState, error) {
	dir, err := a.directory()
	if err != nil {
		return sandboxState{}, err
	}
	st, err := readSandboxState(dir)
	if err != nil || st.API == "" {
		return st, errNoSandbox()
	}
	return st, nil
}

func errNoSandbox() error {
	return withHint(errors.New("no sandbox is running for this project"), "start it with: taskhook sandbox")
}

// adminTimeout bounds an admin request.
const adminTimeout = time.Minute

// ask makes one admin request and decodes its answer.
func (st sandboxState) ask(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, adminTimeout, errNoSandbox())
	defer cancel()
	resp, err := st.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return fmt.Errorf("read the sandbox's answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		var refused struct{ Message string }
		if json.Unmarshal(text, &refused) != nil || refused.Message == "" {
			refused.Message = resp.Status
		}
		return errors.New(refused.Message)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// send makes one admin request. The caller closes the body of the answer.
func (st sandboxState) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, st.API+sandbox.AdminPath+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+st.Secret)
	resp, err := http.DefaultClient.Do(req)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, errNoSandbox()
	}
	return resp, nil
}

// askSandbox finds the running sandbox and asks it one thing.
func (a *app) askSandbox(ctx context.Context, method, path string, in, out any) error {
	st, err := a.openSandbox()
	if err != nil {
		return err
	}
	return st.ask(ctx, method, path, in, out)
}

// newSandboxAction makes a command below parent that has the running sandbox do
// one thing with what its argument names, and says done. A %s in the path and in
// done stands for the argument.
func newSandboxAction(a *app, parent, use, short, method, path, done string) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short,
		Example: fmt.Sprintf("  taskhook sandbox %s %s", parent, use),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.askSandbox(cmd.Context(), method, fmt.Sprintf(path, url.PathEscape(args[0])), nil, nil); err != nil {
				return err
			}
			a.note(done, args[0])
			return nil
		},
	}
}
