package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"go.yaml.in/yaml/v3"
)

// authtoken finds the ngrok authtoken as ngrok's own tools do: the given
// file, then NGROK_AUTHTOKEN, then ngrok's configuration file. It is "" when
// none is known.
func (a *app) authtoken(file string) (string, error) {
	if file != "" {
		raw, err := os.ReadFile(file)
		if err != nil {
			return "", withHint(fmt.Errorf("read the ngrok authtoken: %w", err), "name a file that holds nothing but the authtoken")
		}
		token := strings.TrimSpace(string(raw))
		if token == "" || strings.ContainsAny(token, " \t\r\n") {
			return "", withHint(fmt.Errorf("%s does not hold an ngrok authtoken", file), "name a file that holds nothing but the authtoken")
		}
		return token, nil
	}
	if token := strings.TrimSpace(a.env("NGROK_AUTHTOKEN")); token != "" {
		return token, nil
	}
	for _, path := range a.ngrokConfigPaths() {
		raw, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", withHint(fmt.Errorf("read ngrok's configuration: %w", err), "set NGROK_AUTHTOKEN instead")
		}
		token, err := configuredAuthtoken(raw)
		if err != nil {
			return "", withHint(fmt.Errorf("%s: %w", path, err), "mend it with: ngrok config check")
		}
		if token != "" {
			return token, nil
		}
	}
	return "", nil
}

// configuredAuthtoken reads the authtoken out of ngrok's configuration, where
// version 2 has it at the top and version 3 under "agent".
func configuredAuthtoken(raw []byte) (string, error) {
	var c struct {
		Authtoken string `yaml:"authtoken"`
		Agent     struct {
			Authtoken string `yaml:"authtoken"`
		} `yaml:"agent"`
	}
	if err := yaml.Unmarshal(raw, &c); err != nil {
		// The parser's message may quote the file: it stays unsaid.
		return "", errors.New("not a YAML file that ngrok would read")
	}
	return cmp.Or(c.Agent.Authtoken, c.Authtoken), nil
}

// ngrokConfigPaths lists where ngrok keeps its configuration, newest place
// first.
func (a *app) ngrokConfigPaths() []string {
	if path := a.env("NGROK_CONFIG"); path != "" {
		return []string{path}
	}
	home := a.home()
	var paths []string
	switch runtime.GOOS {
	case "darwin":
		paths = append(paths, filepath.Join(home, "Library", "Application Support", "ngrok", "ngrok.yml"))
	case "windows":
		paths = append(paths, filepath.Join(a.env("LocalAppData"), "ngrok", "ngrok.yml"))
	default:
		config := cmp.Or(a.env("XDG_CONFIG_HOME"), filepath.Join(home, ".config"))
		paths = append(paths, filepath.Join(config, "ngrok", "ngrok.yml"))
	}
	return append(paths, filepath.Join(home, ".ngrok2", "ngrok.yml"))
}
