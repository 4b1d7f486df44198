package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// module is the path of this module.
const module = "github.com/taskhook/taskhook"

// room says what a package of this module may import: siblings of the module,
// and third-party modules. The standard library is free to all.
type room struct{ siblings, modules []string }

// leaves may be imported by every room, and each by the leaves after it.
var leaves = []string{"webhook", "format", "httpwire", "notify", "files", "jsjson", "webhook/body", "webhook/filter/jq", "webhook/filter", "webhook/export", "retry", "proxy/fault"}

// before are the leaves that a leaf may import.
func before(leaf string) []string { return leaves[:slices.Index(leaves, leaf)] }

// rooms is the map of the house: imports go one way.
var rooms = map[string]room{
	"webhook":           {siblings: before("webhook")},
	"format":            {siblings: before("format")},
	"httpwire":          {siblings: before("httpwire")},
	"notify":            {siblings: before("notify")},
	"files":             {siblings: before("files")},
	"jsjson":            {siblings: before("jsjson"), modules: []string{"github.com/go-json-experiment/json/jsontext", "golang.org/x/text"}},
	"webhook/body":      {siblings: before("webhook/body"), modules: []string{"github.com/klauspost/compress", "github.com/andybalholm/brotli"}},
	"webhook/filter/jq": {siblings: before("webhook/filter/jq"), modules: []string{"github.com/itchyny/gojq"}},
	"webhook/filter":    {siblings: before("webhook/filter")},
	"webhook/export":    {siblings: before("webhook/export")},
	"retry":             {siblings: before("retry")},
	"proxy/fault":       {siblings: before("proxy/fault")},

	"taskee":           {siblings: leaves},
	"verify":           {siblings: append([]string{"taskee"}, leaves...), modules: []string{"github.com/go-json-experiment/json/jsontext", "golang.org/x/text"}},
	"store/boltfile":   {siblings: leaves, modules: []string{"go.etcd.io/bbolt"}},
	"store":            {siblings: append([]string{"store/boltfile"}, leaves...), modules: []string{"go.etcd.io/bbolt"}},
	"proxy":            {siblings: append([]string{"taskee"}, leaves...), modules: []string{"golang.org/x/net/proxy"}},
	"sandbox":          {siblings: append([]string{"taskee", "store/boltfile"}, leaves...), modules: []string{"go.etcd.io/bbolt"}},
	"tunnel":           {siblings: leaves, modules: []string{"golang.ngrok.com/ngrok/v2"}},
	"tunnel/fakengrok": {modules: []string{"golang.ngrok.com/muxado/v2"}},
	"control":          {siblings: leaves},
	"inspector":        {siblings: leaves, modules: []string{"charm.land/bubbletea/v2", "charm.land/lipgloss/v2", "charm.land/bubbles/v2", "github.com/charmbracelet/x/ansi", "github.com/charmbracelet/colorprofile", "github.com/aymanbagabas/go-udiff"}},
	"listener":         {siblings: append([]string{"control", "proxy", "store", "taskee", "tunnel", "verify"}, leaves...)},
	"cli": {
		siblings: append([]string{"control", "inspector", "listener", "proxy", "sandbox", "store", "taskee", "tunnel", "verify"}, leaves...),
		modules: []string{
			"github.com/spf13/cobra", "github.com/spf13/pflag",
			"go.yaml.in/yaml/v3", "golang.org/x/term", "golang.org/x/sys/unix", "golang.org/x/net/http/httpproxy", "github.com/charmbracelet/x/ansi",
		},
	},
	"bench": {siblings: []string{"taskee"}, modules: []string{"golang.org/x/sync"}},
	"e2e":   {},
	"":      {siblings: []string{"cli"}},
}

func TestImportsGoOneWay(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		r, known := rooms[name]
		if !known {
			t.Errorf("package %q is not on the map of rooms", name)
			continue
		}
		for _, imp := range p.Imports {
			if !allowed(r, imp) {
				t.Errorf("%q must not import %q", name, imp)
			}
		}
	}
}

// TestContributingListsEveryRoom holds the list of rooms against the tree.
func TestContributingListsEveryRoom(t *testing.T) {
	text, err := os.ReadFile(atRoot("CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## Rooms")
	section, _, _ = strings.Cut(section, "\n## ")
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^ {4}([a-z0-9/]+) +\S`).FindAllStringSubmatch(section, -1) {
		listed[m[1]] = true
	}
	for name := range rooms {
		if name != "" && !listed[name] {
			t.Errorf("CONTRIBUTING.md does not list %s", name)
		}
		delete(listed, name)
	}
	for name := range listed {
		t.Errorf("CONTRIBUTING.md lists %s, which is no room", name)
	}
}

func allowed(r room, imp string) bool {
	if sibling, ok := strings.CutPrefix(imp, "github.com/taskhook/taskhook/"); ok {
		return slices.Contains(r.siblings, sibling)
	}
	if first, _, _ := strings.Cut(imp, "/"); !strings.Contains(first, ".") {
		return true
	}
	return slices.ContainsFunc(r.modules, func(m string) bool {
		return imp == m || strings.HasPrefix(imp, m+"/")
	})
}

type listedPackage struct {
	ImportPath string
	Imports    []string
}

// packages asks the go tool for the packages of this module.
func packages(t *testing.T) []listedPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listedPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listedPackage
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// TestPlatformWordsLiveInTaskee holds that no header or key of the platform
// is spelled outside the room that owns the platform's facts.
func TestPlatformWordsLiveInTaskee(t *testing.T) {
	out, err := exec.Command("grep", "-rniE", "--include=*.go", "--exclude=*_test.go", `"(x-wh-signature|x-ghl-signature)"`, atRoot()).Output()
	if err != nil && len(out) == 0 {
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == 1 {
			return // nothing found at all
		}
		t.Skipf("grep: %v", err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		if !strings.HasPrefix(line, atRoot("taskee")+"/") {
			t.Errorf("a platform header is spelled outside taskee: %s", line)
		}
	}
}
