package cli

import (
	"strings"
	"testing"
)

// understood is what `listen` makes of a command line and an environment.
func understood(t *testing.T, env map[string]string, args ...string) (*listenOptions, error) {
	t.Helper()
	env["HOME"] = t.TempDir() // no configuration of ngrok
	a := &app{env: func(name string) string { return env[name] }}
	o := newListenOptions()
	cmd := newListenCommand(a)
	cmd.ResetFlags()
	o.addFlags(cmd)
	o.addTraffic(cmd)
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	return o, a.understand(cmd, o, "3000")
}

func TestWhatTheURLMeans(t *testing.T) {
	tests := []struct {
		name, tunnel, url, token string
		domain                   string // asked of ngrok; "-": there is no tunnel
		public                   string // shown without one
		missing                  bool   // nobody said that there should be no tunnel
		err                      string
	}{
		{"ngrok chooses", "ngrok", "", "t", "", "", false, ""},
		{"a reserved domain", "ngrok", "my-team.ngrok.app", "t", "my-team.ngrok.app", "", false, ""},
		{"auto with a token", "auto", "my-team.ngrok.app", "t", "my-team.ngrok.app", "", false, ""},
		{"auto without a token", "auto", "", "", "-", "", true, ""},
		{"auto without a token, with what is in front", "auto", "hooks.example.com", "", "-", "https://hooks.example.com", true, ""},
		{"ngrok without a token", "ngrok", "", "", "", "", false, "no ngrok authtoken is known"},
		{"none", "none", "", "t", "-", "", false, ""},
		{"what is in front", "none", "https://hooks.example.com/dev/", "t", "-", "https://hooks.example.com/dev", false, ""},
		{"what is in front, as a name", "none", "hooks.example.com:8443", "", "-", "https://hooks.example.com:8443", false, ""},
		{"another scheme", "none", "ftp://hooks.example.com", "", "", "", false, `invalid --url "ftp://hooks.example.com"`},
		{"no host", "none", "https:///hooks", "", "", "", false, "invalid --url"},
		{"a query", "none", "https://hooks.example.com?a=1", "", "", "", false, "invalid --url"},
		{"a password is not repeated", "none", "https://me:secret@hooks.example.com", "", "", "", false, "invalid --url: it has a user name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, err := understood(t, map[string]string{"NGROK_AUTHTOKEN": tt.token}, "--tunnel", tt.tunnel, "--url", tt.url)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "secret") {
					t.Fatalf("error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			domain := "-"
			if o.Tunnel != nil {
				domain = o.Tunnel.URL
			}
			if domain != tt.domain || o.PublicURL != tt.public || o.tunnelMissing != tt.missing {
				t.Errorf("ngrok domain %q, public URL %q, missing %v", domain, o.PublicURL, o.tunnelMissing)
			}
		})
	}
}

func TestTheAddressMustBeLoopbackUnlessAllowed(t *testing.T) {
	tests := []struct {
		args []string
		err  string
	}{
		{nil, ""},
		{[]string{"--addr", ":0"}, ""},
		{[]string{"--addr", "localhost:4481"}, ""},
		{[]string{"--addr", "[::1]:4481"}, ""},
		{[]string{"--addr", "0.0.0.0:4480"}, "would be open to the network"},
		{[]string{"--addr", "192.168.1.2:4480"}, "would be open to the network"},
		{[]string{"--addr", "0.0.0.0:4480", "--allow-remote"}, ""},
		{[]string{"--addr", "4480"}, `invalid --addr "4480"`},
		{[]string{"--addr", "127.0.0.1:65536"}, "the port goes from 0 to 65535"},
		{[]string{"--addr", "127.0.0.1:http"}, "the port goes from 0 to 65535"},
	}
	for _, tt := range tests {
		_, err := understood(t, map[string]string{}, append(tt.args, "--tunnel", "none")...)
		if (err == nil) != (tt.err == "") || err != nil && (!strings.Contains(err.Error(), tt.err) || exitCode(t.Context(), err) != exitUsage) {
			t.Errorf("%q: %v", tt.args, err)
		}
	}
}
