package webhook

import "testing"

func TestWebhookURLIsWhatToPaste(t *testing.T) {
	const local = "http://127.0.0.1:4480"
	tests := []struct {
		name                 string
		public, target, path string
		wantPublic, wantURL  string
	}{
		{"a target without a path gets the guide's", "https://x.example", "http://localhost:3000", "", "https://x.example", "https://x.example/webhooks"},
		{"the target's own path", "https://x.example", "http://localhost:3000/hooks/taskee", "", "https://x.example", "https://x.example/hooks/taskee"},
		{"its query stays between us and the app", "https://x.example", "http://localhost:3000/hooks?key=1", "", "https://x.example", "https://x.example/hooks"},
		{"percent-encoded as the target has it", "https://x.example", "http://localhost:3000/a%2Fb", "", "https://x.example", "https://x.example/a%2Fb"},
		{"a public URL with a path of its own", "https://x.example/dev", "http://localhost:3000", "", "https://x.example/dev", "https://x.example/dev/webhooks"},
		{"a path of its own stands before the target's", "https://x.example", "http://localhost:3000/hooks", "/taskee", "https://x.example", "https://x.example/taskee"},
		{"a unix socket has no path", "https://x.example", "unix:/run/app.sock", "", "https://x.example", "https://x.example/webhooks"},
		{"behind a unix socket's", "https://x.example", "unix:/run/app.sock:/hooks/a%2Fb?key=1", "", "https://x.example", "https://x.example/hooks/a%2Fb"},
		{"without a tunnel, the loopback ingress", "", "http://localhost:3000", "", local, local + "/webhooks"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := Listener{Local: local, Target: tt.target, Path: tt.path, Tunnel: Tunnel{URL: tt.public}}
			if got := l.PublicURL(); got != tt.wantPublic {
				t.Errorf("PublicURL = %q, want %q", got, tt.wantPublic)
			}
			if got := l.WebhookURL(); got != tt.wantURL {
				t.Errorf("WebhookURL = %q, want %q", got, tt.wantURL)
			}
		})
	}
}
