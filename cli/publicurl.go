package cli

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/verify"
)

// parsePublicURL completes --url, a domain or a URL, to a URL without a slash
// at its end.
func parsePublicURL(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	full := s
	if !strings.Contains(s, "://") {
		full = "https://" + s
	}
	u, err := url.Parse(full)
	if err == nil && u.User != nil {
		return "", errors.New("invalid --url: it has a user name") // never repeat a password
	}
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("invalid --url %q", s)
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}

// readKeys reads the keys of --public-key, each named after its file.
func readKeys(cmd *cobra.Command, files []string) ([]verify.Key, error) {
	var keys []verify.Key
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, usageError(cmd, fmt.Errorf("read --public-key: %w", err), "export a public key with: openssl pkey -in private.pem -pubout")
		}
		key, err := verify.ParseKey(filepath.Base(file), raw)
		var wrong *verify.KeyError
		if errors.As(err, &wrong) {
			return nil, usageError(cmd, fmt.Errorf("--public-key %s: %s", file, wrong.Reason), wrong.Hint)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
