package export

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func TestAnArchiveHasTheBytes(t *testing.T) {
	hostile := []string{"{}", "\x00", "\xff\xfe", "\u2028\u202e\"\\</script>\x1b]52;c;aGk=\x07", strings.Repeat("x", 1<<20), "\ufffd", "\ufeff{}"}
	for _, body := range hostile {
		e := wholes()[0]
		e.Body, e.BodySize = []byte(body), int64(len(body))
		e.Header = http.Header{"X\xff": {"\xe9\x1b"}, "Cookie": {"\x00=;;=\xff"}}
		e.RawQuery, e.Method = "%zz=%ff&=&&%00=\xff", "PO\xffST"
		e.History = []webhook.Attempt{{Target: "http://x/?" + e.RawQuery, StatusCode: 200, Body: []byte(body), BodySize: int64(len(body)), Header: e.Header}}
		entries := checkHAR(t, write(t, "har", Options{}, e), 1)
		data := entries[0]["request"].(map[string]any)["postData"].(map[string]any)
		content := entries[0]["response"].(map[string]any)["content"].(map[string]any)
		if got := plain(t, data["text"], data["_encoding"]); got != body {
			t.Errorf("request %.80q, want %.80q", got, body)
		}
		if got := plain(t, content["text"], content["encoding"]); got != body {
			t.Errorf("answer %.80q, want %.80q", got, body)
		}
	}
	checkHAR(t, write(t, "har", Options{}, wholes()...), 5)
}

// TestAnArchiveHasCompressedBodiesDecoded holds that content is what a browser
// shows, and that sizes are those of the wire.
func TestAnArchiveHasCompressedBodiesDecoded(t *testing.T) {
	const body = `{"fruit":"quince","more":"quince quince quince quince quince quince quince"}`
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(body))
	_ = w.Close()
	e := wholes()[0]
	e.Header = http.Header{"Content-Encoding": {"gzip"}}
	e.Body, e.BodySize = b.Bytes(), int64(b.Len())
	broken := b.Bytes()[:20]
	e.History = []webhook.Attempt{
		{Target: "http://x/", StatusCode: 200, Header: e.Header, Body: b.Bytes(), BodySize: int64(b.Len())},
		{Target: "http://x/", StatusCode: 200, Header: e.Header, Body: broken, BodySize: 20},
	}
	entries := checkHAR(t, write(t, "har", Options{}, e), 2)
	request := entries[0]["request"].(map[string]any)
	if data := request["postData"].(map[string]any); data["text"] != body || request["bodySize"] != float64(b.Len()) {
		t.Errorf("the request has %v", request)
	}
	response := entries[0]["response"].(map[string]any)
	content := response["content"].(map[string]any)
	saved := float64(len(body) - b.Len())
	if content["text"] != body || content["size"] != float64(len(body)) || content["compression"] != saved || response["bodySize"] != float64(b.Len()) {
		t.Errorf("the answer has %v", response)
	}
	content = entries[1]["response"].(map[string]any)["content"].(map[string]any)
	if plain(t, content["text"], content["encoding"]) != string(broken) || content["comment"] != "gzip, 20 B, shown as it came: the gzip stream ends too early" {
		t.Errorf("the broken answer has %v", content)
	}
}

func TestAnArchiveSaysWhichAnswerWasLate(t *testing.T) {
	e := wholes()[0]
	e.History = []webhook.Attempt{
		{Trigger: webhook.TriggerReceived, Target: "http://x/", Error: "too slow", Answered: 408},
		{Trigger: webhook.TriggerLate, Target: "http://x/", StatusCode: 200, Answered: 408},
	}
	entries := checkHAR(t, write(t, "har", Options{}, e), 2)
	if got := entries[1]["comment"]; got != "late answer, the sender had been told 408" {
		t.Errorf("the late answer's comment is %q", got)
	}
}

func TestAnArchiveHasTheSignatureThatWasSent(t *testing.T) {
	e := wholes()[0]
	e.Header = http.Header{"X-Wh-Signature": {"theirs"}, "X-Ghl-Signature": {"N/A"}, "X-Other": {"1"}}
	e.History = []webhook.Attempt{{
		Target: "http://x/", StatusCode: 200, Signed: http.Header{"X-Wh-Signature": {"ours"}, "X-Ghl-Signature": {}},
	}}
	request := checkHAR(t, write(t, "har", Options{}, e), 1)[0]["request"].(map[string]any)
	got := map[string]any{}
	for _, h := range request["headers"].([]any) {
		pair := h.(map[string]any)
		got[pair["name"].(string)] = pair["value"]
	}
	if _, there := got["X-Ghl-Signature"]; there || got["X-Wh-Signature"] != "ours" || got["X-Other"] != "1" {
		t.Errorf("%v", got)
	}
	if e.Header.Get("X-Wh-Signature") != "theirs" {
		t.Error("the event has changed")
	}
}

func plain(t *testing.T, text, encoding any) string {
	t.Helper()
	s, _ := text.(string)
	if encoding != "base64" {
		return s
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// checkHAR holds an archive against the specification: fields that must be
// there, their types, and no others than those and custom ones.
func checkHAR(t *testing.T, text string, n int) []map[string]any {
	t.Helper()
	var archive any
	if err := json.Unmarshal([]byte(text), &archive); err != nil {
		t.Fatalf("not JSON: %v\n%.500s", err, text)
	}
	fields := map[string]string{
		"":                              "log:o",
		".log":                          "version:s creator:o entries:a",
		".log.creator":                  "name:s version:s",
		".log.entries":                  "startedDateTime:s time:n request:o response:o cache:o timings:o comment?s",
		".log.entries.request":          "method:s url:s httpVersion:s cookies:a headers:a queryString:a postData?o headersSize:n bodySize:n",
		".log.entries.response":         "status:n statusText:s httpVersion:s cookies:a headers:a content:o redirectURL:s headersSize:n bodySize:n",
		".log.entries.cache":            "",
		".log.entries.timings":          "blocked:n dns:n connect:n send:n wait:n receive:n ssl:n",
		"….headers":                     "name:s value:s",
		"….queryString":                 "name:s value:s",
		"….cookies":                     "name:s value:s path?s domain?s expires?s httpOnly?b secure?b",
		".log.entries.request.postData": "mimeType:s params:a text:s comment?s",
		".log.entries.response.content": "size:n compression?n mimeType:s text?s encoding?s comment?s",
	}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		if list, ok := v.([]any); ok {
			for _, one := range list {
				walk(path, one)
			}
			return
		}
		o, ok := v.(map[string]any)
		if !ok {
			return
		}
		spec, known := fields[path]
		if !known {
			spec, known = fields["…"+path[strings.LastIndexByte(path, '.'):]]
		}
		if !known {
			t.Fatalf("%s is not in HAR 1.2", path)
		}
		checkObject(t, path, spec, o)
		for name, v := range o {
			walk(path+"."+name, v)
		}
	}
	walk("", archive)
	log := archive.(map[string]any)["log"].(map[string]any)
	var entries []map[string]any
	for _, e := range log["entries"].([]any) {
		entry := e.(map[string]any)
		entries = append(entries, entry)
		if _, err := time.Parse(time.RFC3339, entry["startedDateTime"].(string)); err != nil {
			t.Error(err)
		}
		sum, times := 0.0, entry["timings"].(map[string]any)
		for _, part := range []string{"send", "wait", "receive"} {
			if times[part].(float64) < 0 {
				t.Errorf("%s must be known", part)
			}
			sum += times[part].(float64)
		}
		if sum != entry["time"].(float64) {
			t.Errorf("time %v is not the sum %v of its parts", entry["time"], sum)
		}
	}
	if log["version"] != "1.2" || len(entries) != n {
		t.Errorf("version %v with %d entries, want 1.2 with %d", log["version"], len(entries), n)
	}
	return entries
}

func checkObject(t *testing.T, path, spec string, o map[string]any) {
	t.Helper()
	seen := map[string]bool{}
	for field := range strings.FieldsSeq(spec) {
		at := strings.IndexAny(field, ":?")
		name, want := field[:at], field[at+1:]
		seen[name] = true
		v, there := o[name]
		if !there {
			if field[at] == ':' {
				t.Errorf("%s has no %s", path, name)
			}
			continue
		}
		kinds := map[string]bool{"s": false, "n": false, "o": false, "a": false, "b": false}
		switch v.(type) {
		case string:
			kinds["s"] = true
		case float64:
			kinds["n"] = true
		case map[string]any:
			kinds["o"] = true
		case []any:
			kinds["a"] = true
		case bool:
			kinds["b"] = true
		}
		if !kinds[want] {
			t.Errorf("%s.%s is %T", path, name, v)
		}
	}
	for name := range o {
		if !seen[name] && !strings.HasPrefix(name, "_") {
			t.Errorf("%s.%s is not in HAR 1.2", path, name)
		}
	}
}

func FuzzHAR(f *testing.F) {
	f.Add("POST", "http://x/?a=b", "Name", "v", []byte("{}"))
	f.Add("\xff", "%zz?&=;", "Cookie", "a=b; \x00", []byte("\xff"))
	f.Fuzz(func(t *testing.T, method, url, name, value string, body []byte) {
		e := webhook.Event{Method: method, Path: url, Header: http.Header{name: {value}}, Body: body}
		checkHAR(t, write(t, "har", Options{Version: value}, webhook.Record{
			Summary: webhook.Summary{Event: e},
			History: []webhook.Attempt{{Target: url, Header: e.Header, Body: body}},
		}), 1)
	})
}
