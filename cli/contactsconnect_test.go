package cli

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/taskee"
)

// writeSandbox leaves the file of a running sandbox in a data directory.
func writeSandbox(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, sandboxFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWhereTheTokenComesFrom(t *testing.T) {
	api, other := newContactsAPI(t), newContactsAPI(t)
	dir := t.TempDir()
	box := `{"api":"` + api.URL + `","token":"` + contactsToken + `","locationId":"loc_box"}`
	file := filepath.Join(dir, "token")
	if err := os.WriteFile(file, []byte(contactsToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		sandbox string
		env     map[string]string
		args    []string
		code    int
		asked   string // by api
		errs    string
	}{
		{"of a variable", "", map[string]string{envToken: contactsToken, envBaseURL: api.URL}, nil, 0, "GET /contacts/?locationId=l", ""},
		{"of a file", "", map[string]string{envToken: "pit_other", envBaseURL: api.URL}, []string{"--token-file", file}, 0, "GET /contacts/?locationId=l", ""},
		{"of the sandbox", box, nil, nil, 0, "GET /contacts/?locationId=l", "using the sandbox of project"},
		{"of the sandbox, named by its URL", box, map[string]string{envBaseURL: api.URL + "/"}, nil, 0, "GET /contacts/?locationId=l", "using the sandbox"},
		{"a variable beats the sandbox", box, map[string]string{envToken: contactsToken, envBaseURL: other.URL}, nil, 0, "", ""},
		{"the sandbox's is for the sandbox alone", box, nil, []string{"--base-url", other.URL}, 2, "", "no token is known for " + other.URL},
		{"none", "", nil, nil, 2, "", "hint: set TASKEE_TOKEN or name a file with --token-file; or start a sandbox, which has one: taskhook sandbox"},
		{"none, for a URL with a password", box, nil, []string{"--base-url", "http://me:hunter2@127.0.0.1:1"}, 2, "", "no token is known for http://127.0.0.1:1"},
		{"a damaged sandbox file", `{"token":"` + contactsToken, nil, nil, 1, "", "is damaged"},
		{"a sandbox file without a token", `{"api":"http://127.0.0.1:1"}`, nil, nil, 1, "", "is damaged"},
		{"a file that is not there", "", nil, []string{"--token-file", filepath.Join(dir, "none")}, 1, "", "hint: name a file with nothing but the token in it"},
		{"an empty file", "", nil, []string{"--token-file", os.DevNull}, 1, "", "there is no token in"},
		{"the whole header", "", map[string]string{envToken: "Bearer " + contactsToken}, nil, 2, "", `without "Bearer"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			project := t.TempDir()
			if tt.sandbox != "" {
				writeSandbox(t, project, tt.sandbox)
			}
			before := len(api.list())
			r := runContacts(t, project, "", tt.env, append([]string{"list", "--location", "l"}, tt.args...)...)
			if r.code != tt.code || !strings.Contains(r.err, tt.errs) || strings.Contains(r.err, "hunter2") {
				t.Errorf("exit code %d, %s\nwant %d, %q", r.code, r.err, tt.code, tt.errs)
			}
			if asked := strings.Join(api.list()[before:], ", "); asked != tt.asked {
				t.Errorf("asked %q, want %q", asked, tt.asked)
			}
		})
	}
	t.Run("the sandbox has a location too", func(t *testing.T) {
		project := t.TempDir()
		writeSandbox(t, project, box)
		runContacts(t, project, "", nil, "list").check(t, 0, "Alice", "using the sandbox")
		if asked := api.list(); asked[len(asked)-1] != "GET /contacts/?locationId=loc_box" {
			t.Errorf("asked %q", asked)
		}
	})
}

func TestATokenFileThatOthersMayReadIsWarnedOf(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no such modes")
	}
	api, file := newContactsAPI(t), filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(contactsToken), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func() ran {
		return runContacts(t, t.TempDir(), "", map[string]string{envBaseURL: api.URL}, "get", "c1", "--token-file", file)
	}
	run().check(t, 0, "Jane", "")
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	run().check(t, 0, "Jane", "warning: other users may read "+file)
}

func TestAnAPIThatIsNotThere(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := "http://" + ln.Addr().String()
	_ = ln.Close()
	dir := t.TempDir()
	writeSandbox(t, dir, `{"api":"`+at+`","token":"`+contactsToken+`","locationId":"l"}`)
	runContacts(t, dir, "", nil, "list").check(t, 1, "", "hint: is the sandbox running? nothing answers at "+at)
}

func TestATokenInTheClearIsWarnedOf(t *testing.T) {
	for base, warned := range map[string]bool{
		"http://127.0.0.1:1": false, "http://localhost:1": false, "http://[::1]:1": false, "https://192.0.2.1": false, "http://192.0.2.1": true,
	} {
		var errs strings.Builder
		a := &app{stderr: &errs, env: func(name string) string {
			return map[string]string{envToken: contactsToken, envBaseURL: base}[name]
		}}
		if _, err := a.openAPI(newVersionCommand(a), &apiFlags{}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(errs.String(), "warning: the token goes to "+base+" unencrypted"); got != warned {
			t.Errorf("%s: %q", base, errs.String())
		}
	}
}

func TestAWaitIsTold(t *testing.T) {
	for _, tt := range []struct {
		wait taskee.Wait
		want string
	}{
		{taskee.Wait{For: 300 * time.Millisecond, Status: 429, Try: 1}, ""},
		{taskee.Wait{For: 9800 * time.Millisecond, Status: http.StatusTooManyRequests, Try: 1}, "taskhook: answered 429: retrying in 10s\n"},
		{taskee.Wait{For: 7 * time.Second}, "taskhook: the rate limit is used up: continuing in 7s\n"},
	} {
		var errs strings.Builder
		a := &app{stderr: &errs}
		if a.noteWait(tt.wait); errs.String() != tt.want {
			t.Errorf("%+v: %q, want %q", tt.wait, errs.String(), tt.want)
		}
	}
}
