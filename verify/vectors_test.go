package verify

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/webhook"
)

const vectorDir = "../testdata/vectors/verify"

// vector is one file of testdata/vectors/verify: lines "name: value" up to an
// empty line, then the exact body to the end of the file.
//
//	comment   what the vector shows
//	trusted   name=file of each trusted key, of testdata/keys
//	known     the same of each key that is known and not trusted
//	header    a header of the request, "Name: value"; repeatable
//	expect    the status
//	scheme, in, key   of the verdict; absent: ""
//	reason, next      text that must stand there; repeatable; no reason: ""
type vector struct {
	comment        string
	trusted, known []string
	header         []string
	expect         string
	scheme         string
	in             string
	key            string
	reason, next   []string
	body           []byte
}

func parseVector(t *testing.T, text []byte) vector {
	t.Helper()
	head, body, ok := bytes.Cut(text, []byte("\n\n"))
	if !ok {
		t.Fatal("no empty line in front of the body")
	}
	v := vector{body: body}
	for line := range strings.SplitSeq(string(head), "\n") {
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "comment":
			v.comment = value
		case "trusted":
			v.trusted = strings.Fields(value)
		case "known":
			v.known = strings.Fields(value)
		case "header":
			v.header = append(v.header, value)
		case "expect":
			v.expect = value
		case "scheme":
			v.scheme = value
		case "in":
			v.in = value
		case "key":
			v.key = value
		case "reason":
			v.reason = append(v.reason, value)
		case "next":
			v.next = append(v.next, value)
		default:
			t.Fatalf("unknown line %q", line)
		}
	}
	return v
}

func (v vector) keys(t *testing.T, names []string) []Key {
	t.Helper()
	var keys []Key
	for _, n := range names {
		name, file, _ := strings.Cut(n, "=")
		keys = append(keys, keyFile(t, name, file))
	}
	return keys
}

func (v vector) request() http.Header {
	h := http.Header{}
	for _, line := range v.header {
		name, value, _ := strings.Cut(line, ":")
		h.Add(name, strings.TrimPrefix(value, " "))
	}
	return h
}

func TestVectors(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vectorDir, "*.txt"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d vectors, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := parseVector(t, text)
			v := New(want.keys(t, want.trusted), want.keys(t, want.known))
			want.check(t, v.Verify(want.request(), want.body))
			want.check(t, v.Diagnose(want.request(), want.body))
		})
	}
}

func (v vector) check(t *testing.T, got webhook.Verdict) {
	t.Helper()
	if string(got.Status) != v.expect || got.Scheme != v.scheme || got.Header != v.in || got.Key != v.key {
		t.Errorf("%s, scheme %q, header %q, key %q; want %s, %q, %q, %q",
			got.Status, got.Scheme, got.Header, got.Key, v.expect, v.scheme, v.in, v.key)
	}
	contains(t, "reason", got.Reason, v.reason)
	contains(t, "next", got.Next, v.next)
	if (got.Reason == "") != (got.Next == "") {
		t.Errorf("a reason and a next step go together: %q, %q", got.Reason, got.Next)
	}
	if strings.ContainsAny(got.Reason+got.Next, "\r\n\x1b") || strings.HasSuffix(got.Reason, ".") {
		t.Errorf("reason %q, next %q: not one line of plain text", got.Reason, got.Next)
	}
	if testing.Verbose() {
		t.Logf("%s: %s\nnext: %s", got.Status, got.Reason, got.Next)
	}
}

func contains(t *testing.T, what, got string, want []string) {
	t.Helper()
	if len(want) == 0 && got != "" {
		t.Errorf("%s %q, want none", what, got)
	}
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%s %q does not say %q", what, got, w)
		}
	}
}
