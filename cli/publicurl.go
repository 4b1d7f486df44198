package cli

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/taskhook/taskhook/verify"
)

// parsePublicURL checks the URL of a tunnel that somebody else runs.
func parsePublicURL(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("invalid --public-url %q", s)
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}

// readKeys reads the keys of --public-key, each named after its file.
func readKeys(files []string) ([]verify.Key, error) {
	var keys []verify.Key
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read --public-key: %w", err)
		}
		key, err := verify.ParseKey(filepath.Base(file), raw)
		if err != nil {
			return nil, fmt.Errorf("--public-key %s: %w", file, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
