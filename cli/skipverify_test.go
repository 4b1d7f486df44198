package cli

import (
	"strings"
	"testing"
)

func TestARuleOfSkipVerifyIsUnderstoodBeforeAnythingIsOpened(t *testing.T) {
	tests := []struct {
		path, rule string
		err        string // "": it is one
	}{
		{"", "GET /oauth/*", ""},
		{"", "get /oauth/callback", ""},
		{"/hooks", "POST /webhooks", ""},
		{"", "POST /webhooks", "it covers /webhooks, where webhooks arrive"},
		{"", "GET /**", "it covers /webhooks,"},
		{"hooks", "GET /Hooks", "it covers /hooks,"},
		{"", "/oauth/*", "want a method and a path"},
	}
	for _, tt := range tests {
		args := []string{"--tunnel", "none", "--skip-verify", "GET /favicon.ico", "--skip-verify", tt.rule}
		if tt.path != "" {
			args = append(args, "--path", tt.path)
		}
		o, err := understood(t, map[string]string{}, args...)
		switch {
		case tt.err == "" && (err != nil || len(o.Proxy.SkipVerify) != 2):
			t.Errorf("%+v: %v, %v", tt, o.Proxy.SkipVerify, err)
		case tt.err != "" && (err == nil || exitCode(t.Context(), err) != exitUsage || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%+v: %v, exit code %d", tt, err, exitCode(t.Context(), err))
		}
	}
}
