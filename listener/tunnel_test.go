package listener

import (
	"bytes"
	"errors"
	"net/http"
	"testing"

	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/tunnel"
	"github.com/taskhook/taskhook/tunnel/fakengrok"
	"github.com/taskhook/taskhook/webhook"
)

func TestATunnelThatCannotBeOpened(t *testing.T) {
	o := testOptions(t, newApp(t, ok))
	o.Tunnel = &tunnel.Options{} // without an authtoken
	_, err := Open(t.Context(), o)
	var why *tunnel.Error
	if !errors.As(err, &why) {
		t.Errorf("Open: %v", err)
	}
	o.Tunnel = nil
	open(t, o)
}

// TestWhatComesThroughTheTunnel holds that the tunnel is an ingress of its own,
// where the development key is not trusted, and that its loss and its return are
// told at once.
func TestWhatComesThroughTheTunnel(t *testing.T) {
	edge, err := fakengrok.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := edge.Close(); err != nil {
			t.Error(err)
		}
	})
	o := testOptions(t, newApp(t, ok))
	o.Tunnel = &tunnel.Options{Authtoken: "token", ConnectURL: edge.Addr(), CA: edge.CA(), URL: "hooks.example.ngrok.app"}
	r := open(t, o)
	installKeys(t, r.Dir(), "b")
	client := edge.Client()
	defer client.CloseIdleConnections()
	s := sign(t, testSigner(t, "b"), taskee.SchemeRSA)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://hooks.example.ngrok.app/webhooks", bytes.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = s.header.Clone()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("signed by the development key: answered %d, %v", resp.StatusCode, err)
	}
	if e, err := webhook.ReadRecord(t.Context(), r, 1, webhook.Parts{}); err != nil || e.Source != webhook.SourceTunnel || e.Verdict.Key != "dev" {
		t.Errorf("stored %+v, %v", e, err)
	}

	r.run()
	state := func(want webhook.TunnelState) func(webhook.Listener) bool {
		return func(l webhook.Listener) bool { return l.Tunnel.State == want }
	}
	r.await("it is online", state(webhook.TunnelOnline))
	edge.Pause()
	edge.Drop()
	r.await("it is lost", state(webhook.TunnelReconnecting))
	if err := edge.Resume(); err != nil {
		t.Fatal(err)
	}
	r.hears("the tunnel is online again")
	r.await("it is back", state(webhook.TunnelOnline))
}
