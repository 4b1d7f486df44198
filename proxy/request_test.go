package proxy

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/taskhook/taskhook/httpwire"
)

// FuzzRequestHead holds that whatever may be sent is exactly one request with
// exactly its body: nothing in a stored event smuggles in a second one.
func FuzzRequestHead(f *testing.F) {
	f.Add("POST", "/a", "b=c", "X-A", "value", []byte("{}"))
	f.Add("GET", "*", "", "Transfer-Encoding", "chunked", []byte("0\r\n\r\nGET / HTTP/1.1\r\n\r\n"))
	f.Add("POST", "/", "", "transfer-encoding", "chunked", []byte("x"))
	f.Add("POST", "/", "", "content-length", "0", []byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add("POST", "/ HTTP/1.1\r\nX: y", "", "X", "a\r\nY: b", []byte(""))
	f.Fuzz(func(t *testing.T, method, path, query, name, value string, body []byte) {
		target, err := httpwire.ParseTarget("app.test")
		if err != nil {
			t.Fatal(err)
		}
		r := request{
			target: target, method: method, path: path, query: query, host: target.Origin().Authority(),
			header: http.Header{name: {value, value}}, body: body, length: true,
		}
		if r.writable() != "" || method == http.MethodConnect {
			return
		}
		if _, err := url.ParseRequestURI(path + "?" + query); err != nil {
			return // servers refuse it, as they did when it came in
		}
		wire := append(r.appendHead(nil, nil), body...)
		br := bufio.NewReader(bytes.NewReader(wire))
		got, err := http.ReadRequest(br)
		if err != nil {
			t.Fatalf("%q: %v", wire, err)
		}
		read, err := io.ReadAll(got.Body)
		if err != nil || !bytes.Equal(read, body) || got.Method != method || got.Host != "app.test" {
			t.Fatalf("%q was read as %s with the body %q, %v", wire, got.Method, read, err)
		}
		if _, err := br.ReadByte(); err != io.EOF {
			t.Fatalf("%q has something after the request", wire)
		}
	})
}
