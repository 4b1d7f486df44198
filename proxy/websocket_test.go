package proxy

import (
	"net/http"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/webhook"
)

func TestAWebSocketIsRefusedInWords(t *testing.T) {
	addr, heads, _ := recordingApp(t)
	for mode, v := range map[string]Verifier{ModeOff: nil, ModeEnforce: verdict{Status: webhook.Unsigned}} {
		r := newRigWith(t, addr, v, func(o *Options) { o.Mode = mode })
		resp, body := rawAnswer(t, r.raw("GET /ws?room=1 HTTP/1.1\r\nHost: x\r\nUpgrade: h2c, WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n"))
		m := r.message(body)
		if resp.StatusCode != http.StatusBadRequest || !strings.Contains(m.Reason, "WebSockets") || !strings.HasSuffix(m.Next, "ws://"+addr+"/ws?room=1") {
			t.Errorf("%s: answered %d %s", mode, resp.StatusCode, body)
		}
		if e := r.store.event(t, 1); e.Decision != webhook.RejectedWebSocket || e.Answer.Reason != m.Reason || len(heads) != 0 {
			t.Errorf("%s: stored as %q, %+v; %d requests forwarded", mode, e.Decision, e.Answer, len(heads))
		}
	}
}

func TestAnotherUpgradeIsNoMatter(t *testing.T) {
	addr, heads, _ := recordingApp(t)
	r := newRig(t, addr)
	resp, body := rawAnswer(t, r.raw("POST / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: 2\r\n\r\n{}"))
	if head := <-heads; resp.StatusCode != http.StatusOK || strings.Contains(head, "Upgrade") {
		t.Errorf("answered %d %s, the app got %q", resp.StatusCode, body, head)
	}
}
