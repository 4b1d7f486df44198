package taskee

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// testToken is as long as a real one, and none.
const testToken = "pit_0f9a1c2e-aaaa-bbbb-cccc-5d6e7f809a1b"

// documented is one endpoint as the document describes it.
type documented struct {
	method, path string // the path with its parameters in braces
	request      string // the JSON of its example; "" without one
	answers      map[int]string
	parameters   map[string][]string // names by where they are: path, query, body, header
}

var (
	headLine      = regexp.MustCompile(`^(GET|PUT|POST|DELETE) (/contacts/\S*) ([A-Z][A-Za-z ]*?) \S+$`)
	statusLine    = regexp.MustCompile(`^(\d{3}) ?[A-Z]`)
	parameterLine = regexp.MustCompile(`^(\w+) (header|path|query|body) \S+ (required|optional)`)
	comment       = regexp.MustCompile(` // false = [^}]*`)
)

// document reads the endpoints of the Contacts API by their titles.
func document(t *testing.T) map[string]*documented {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "reference", "taskee-portal-api.txt"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*documented{}
	var (
		d      *documented
		status int
	)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if m := headLine.FindStringSubmatch(line); m != nil {
			d, status = &documented{method: m[1], path: m[2], answers: map[int]string{}, parameters: map[string][]string{}}, 0
			all[m[3]] = d
			continue
		}
		if d == nil {
			continue
		}
		if m := parameterLine.FindStringSubmatch(line); m != nil {
			d.parameters[m[2]] = append(d.parameters[m[2]], m[1])
		}
		if m := statusLine.FindStringSubmatch(line); m != nil {
			status, _ = strconv.Atoi(m[1])
			d.answers[status] = ""
		}
		if !strings.HasPrefix(line, "{") {
			continue
		}
		line = comment.ReplaceAllString(line, " ")
		if !json.Valid([]byte(line)) {
			t.Fatalf("an example is no JSON: %s", line)
		}
		if status == 0 {
			d.request = line
		} else {
			d.answers[status] = line
		}
	}
	if len(all) != 7 {
		t.Fatalf("the document has %d endpoints of contacts: %v", len(all), slices.Collect(maps.Keys(all)))
	}
	return all
}

// authorizationAnswers are the examples of "Responses" under "Authorization",
// by status.
func authorizationAnswers(t *testing.T) map[int]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "reference", "taskee-portal-api.txt"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[int]string{}
	for line := range strings.Lines(string(text)) {
		var e struct {
			StatusCode int    `json:"statusCode"`
			ID         string `json:"id"`
		}
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &e) == nil {
			switch {
			case e.StatusCode != 0:
				all[e.StatusCode] = line
			case e.ID != "":
				all[http.StatusOK] = line
			}
		}
	}
	if len(all) != 4 {
		t.Fatalf("the document has %d answers: %v", len(all), all)
	}
	return all
}

// calls remembers what an API was asked.
type calls struct {
	mu  sync.Mutex
	all []call
}

type call struct {
	method, uri, body string
	header            http.Header
}

func (c *calls) add(r *http.Request) int {
	var body bytes.Buffer
	if r.Body != nil {
		_, _ = body.ReadFrom(r.Body)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, call{r.Method, r.URL.RequestURI(), body.String(), r.Header.Clone()})
	return len(c.all)
}

func (c *calls) list() []call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.all)
}

// serve runs an API on a socket that answers every request alike.
func serve(t *testing.T, status int, answer string) (*Client, *calls) {
	t.Helper()
	var asked calls
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.add(r)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(s.Close)
	return newTestClient(t, ClientOptions{BaseURL: s.URL}), &asked
}

// clientOf is a client whose requests go to a transport.
func clientOf(t *testing.T, to http.RoundTripper) *Client {
	t.Helper()
	c := newTestClient(t, ClientOptions{})
	c.http.Transport = to
	return c
}

func newTestClient(t *testing.T, o ClientOptions) *Client {
	t.Helper()
	c, err := NewClient(testToken, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// asMap reads an object, or what is written as one.
func asMap(t *testing.T, v any) map[string]any {
	t.Helper()
	text, ok := v.(string)
	if !ok {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		text = string(data)
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return m
}
