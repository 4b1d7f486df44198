package export

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taskhook/taskhook/webhook"
)

// TestJSONLinesHaveBytesThatAreNotUTF8 holds that a path, a query and headers in
// Latin-1 read as such and can be had back byte for byte.
func TestJSONLinesHaveBytesThatAreNotUTF8(t *testing.T) {
	h := http.Header{"X-Name": {"Zo\xeb", "Zoë"}, "X-Plain": {"é"}}
	r := webhook.Record{Summary: webhook.Summary{Event: webhook.Event{Path: "/caf\xe9", RawQuery: "n=\xe9", Host: "h\xff", Header: h, Trailer: http.Header{"X-Sum": {"\xe9"}}, Head: "GET /\xe9"}}}
	r.History = []webhook.Attempt{{
		Target: "http://x/caf\xe9", Error: "got \xe9", Hint: "redirects to /\xe9", Header: http.Header{"Location": {"/\xe9"}},
		Sent: &webhook.Request{Path: "/\xe8", RawQuery: "\xe8", Header: h},
	}}
	before := r.Header.Clone()
	line := write(t, "jsonl", Options{}, r)
	if strings.ContainsRune(line, '\uFFFD') || strings.Contains(line, "ufffd") {
		t.Errorf("a character is lost: %s", line)
	}
	type exactly struct {
		Path     string              `json:"path"`
		RawQuery string              `json:"rawQuery"`
		Header   map[string][]string `json:"header"`
		exact
	}
	var got struct {
		exactly
		Attempts []struct {
			Target      string  `json:"target"`
			TargetBytes []byte  `json:"targetBase64"`
			Error       string  `json:"error"`
			Hint        string  `json:"hint"`
			Sent        exactly `json:"sent"`
			exact
		} `json:"attempts"`
	}
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatal(err)
	}
	headers := map[string][][]byte{"X-Name": {[]byte("Zo\xeb"), []byte("Zoë")}}
	if want := (exact{[]byte("/caf\xe9"), []byte("n=\xe9"), []byte("h\xff"), headers, map[string][][]byte{"X-Sum": {[]byte("\xe9")}}, []byte("GET /\xe9")}); !cmp.Equal(got.exact, want) {
		t.Errorf("the bytes are %+v", got.exact)
	}
	if got.Path != "/café" || got.RawQuery != "n=é" || !cmp.Equal(got.Header, map[string][]string{"X-Name": {"Zoë", "Zoë"}, "X-Plain": {"é"}}) {
		t.Errorf("it reads %+v", got)
	}
	a := got.Attempts[0]
	if a.Target != "http://x/café" || string(a.TargetBytes) != "http://x/caf\xe9" || a.Error != "got é" || a.Hint != "redirects to /é" || !bytes.Equal(a.Header["Location"][0], []byte("/\xe9")) {
		t.Errorf("the attempt is %+v", a)
	}
	if want := (exact{Path: []byte("/\xe8"), RawQuery: []byte("\xe8"), Header: headers}); !cmp.Equal(a.Sent.exact, want) || a.Sent.Path != "/è" {
		t.Errorf("sent was %+v", a.Sent)
	}
	if !cmp.Equal(r.Header, before) {
		t.Error("the event was changed")
	}
}

func TestJSONLinesOfPlainRequestsHaveNoBytes(t *testing.T) {
	r := wholes()[3]
	r.Path, r.Header = "/é", http.Header{"X": {"é"}}
	if line := write(t, "jsonl", Options{}, r); strings.Contains(strings.ReplaceAll(line, "bodyBase64", ""), "Base64") {
		t.Errorf("%s", line)
	}
}

// TestJSONLinesHaveHowARequestCame has the rare values of an event.
func TestJSONLinesHaveHowARequestCame(t *testing.T) {
	r := webhook.Record{Summary: webhook.Summary{Event: webhook.Event{
		Trailer: http.Header{"X-Sum": {"\xeb"}, "X-Plain": {"1"}}, Notes: []string{"it has two lengths"},
		Head: "POST /%zz HTTP/1.1\nHost: x", Count: 7,
	}}}
	line := write(t, "jsonl", Options{}, r)
	for _, want := range []string{
		`"trailer":{"X-Plain":["1"],"X-Sum":["ë"]}`, `"trailerBase64":{"X-Sum":["6w=="]}`,
		`"notes":["it has two lengths"]`, `"head":"POST /%zz HTTP/1.1\nHost: x"`, `"count":7`,
	} {
		if !strings.Contains(line, want) {
			t.Errorf("%s lacks %s", line, want)
		}
	}
	if line := write(t, "jsonl", Options{}, webhook.Record{}); strings.Contains(line, "trailer") || strings.Contains(line, "notes") {
		t.Errorf("without such values it is %s", line)
	}
}
