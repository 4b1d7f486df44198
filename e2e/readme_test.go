package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/cli"
	"github.com/taskhook/taskhook/proxy/fault"
	"github.com/taskhook/taskhook/webhook/filter"
)

// TestEveryCommandOfTheDocumentsIsUnderstood runs each with --help: a command
// or a flag that does not exist is an error even so.
func TestEveryCommandOfTheDocumentsIsUnderstood(t *testing.T) {
	for _, file := range documents(t) {
		text := read(t, file)
		commands := documentedCommands(text)
		if len(commands) == 0 && file == "README.md" {
			t.Error("no command was found in the README")
		}
		for _, args := range commands {
			var out, errs bytes.Buffer
			code := cli.Run(context.Background(), append(slices.Clone(args), "--help"), cli.Streams{
				Out: &out, Err: &errs, Env: func(string) string { return "" },
			})
			if code != 0 || !strings.Contains(out.String(), "taskhook "+args[0]) {
				t.Errorf("%s: taskhook %s\n%s", file, strings.Join(args, " "), errs.String())
			}
		}
	}
}

func documents(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(atRoot("docs"))
	if err != nil {
		t.Fatal(err)
	}
	files := []string{"README.md", "CONTRIBUTING.md"}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".md") {
			files = append(files, "docs/"+e.Name())
		}
	}
	return files
}

var (
	blockCommand  = regexp.MustCompile(`(?m)^ {4}(?:\$ )?taskhook ([a-z].*)$`)
	inlineCommand = regexp.MustCompile("`taskhook ([a-z][^`…]*)`")
	comment       = regexp.MustCompile(`\s+#.*$`)
	argument      = regexp.MustCompile(`(?:'[^']*'|"[^"]*"|[^\s'"])+`)
	shell         = regexp.MustCompile(`\s+(>>?|\||&)\s*.*$`)
)

// documentedCommands finds the command lines in a document, as arguments.
func documentedCommands(text string) [][]string {
	var all [][]string
	for _, re := range []*regexp.Regexp{blockCommand, inlineCommand} {
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			line := shell.ReplaceAllString(comment.ReplaceAllString(m[1], ""), "")
			var args []string
			for _, arg := range argument.FindAllString(line, -1) {
				args = append(args, strings.NewReplacer(`'`, ``, `"`, ``).Replace(arg))
			}
			all = append(all, args)
		}
	}
	return all
}

// TestTheDocumentsHaveTheFilterLanguage holds that the tables are those of the
// help screen, and that the README leads to them.
func TestTheDocumentsHaveTheFilterLanguage(t *testing.T) {
	text := read(t, "docs/filters.md")
	bars := strings.NewReplacer("|", `\|`)
	rows := map[string]bool{}
	for line := range strings.Lines(text) {
		rows[strings.TrimSpace(line)] = true
	}
	want := func(term filter.Term, cells ...string) {
		row := "| `" + bars.Replace(term.Syntax) + "` | " + bars.Replace(term.Meaning) + " |" + strings.Join(cells, "")
		if !rows[row] {
			t.Errorf("docs/filters.md lacks %s", row)
		}
	}
	for _, term := range filter.Reference() {
		want(term, " `"+bars.Replace(term.Example)+"` |")
	}
	for _, term := range append(filter.States(), filter.Traits()...) {
		want(term)
	}
	if !strings.Contains(read(t, "README.md"), "(docs/filters.md)") {
		t.Error("the README does not lead to docs/filters.md")
	}
}

// TestTheDocumentsHaveTheEffectsOfFaultRules holds that their table is the one
// of the help.
func TestTheDocumentsHaveTheEffectsOfFaultRules(t *testing.T) {
	text := read(t, "docs/simulation.md")
	bars := strings.NewReplacer("|", `\|`)
	for _, e := range fault.Effects() {
		row := "| `" + bars.Replace(e.Syntax) + "` | " + e.Meaning + " | `" + e.Example + "` |"
		if !strings.Contains(text, row) {
			t.Errorf("docs/simulation.md lacks %s", row)
		}
	}
}

// TestTheLinksOfTheDocumentsLeadSomewhere holds that a link to another document
// or to a heading finds it.
func TestTheLinksOfTheDocumentsLeadSomewhere(t *testing.T) {
	found := 0
	for _, file := range append(documents(t), "CHANGELOG.md") {
		for _, m := range link.FindAllStringSubmatch(read(t, file), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			found++
			name, anchor, anchored := strings.Cut(m[1], "#")
			target := file
			if name != "" {
				target = path.Join(path.Dir(file), name)
			}
			if _, err := os.Stat(atRoot(target)); err != nil {
				t.Errorf("%s links to %s: %v", file, m[1], err)
			} else if anchored && !slices.Contains(anchors(read(t, target)), anchor) {
				t.Errorf("%s links to %s: there is no such heading", file, m[1])
			}
		}
	}
	if found == 0 {
		t.Error("no document has a link to another")
	}
}

var (
	link        = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading     = regexp.MustCompile(`(?m)^#+ (.+)$`)
	unanchoring = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// anchors are the names that GitHub gives to a document's headings.
func anchors(text string) []string {
	var all []string
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		all = append(all, strings.ReplaceAll(unanchoring.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return all
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(atRoot(file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTheTestsThatDocumentsNameExist holds that a table of rules names tests
// that are there.
func TestTheTestsThatDocumentsNameExist(t *testing.T) {
	named := regexp.MustCompile("`(Test[A-Za-z0-9]+)`")
	out, err := exec.Command("grep", "-rhoE", "--include=*_test.go", "^func Test[A-Za-z0-9]+", atRoot()).Output()
	if err != nil {
		t.Skipf("grep: %v", err)
	}
	found := 0
	for _, file := range documents(t) {
		text := read(t, file)
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			found++
			if !strings.Contains(string(out), "func "+m[1]+"\n") {
				t.Errorf("%s names %s, which is not there", file, m[1])
			}
		}
	}
	if found == 0 {
		t.Error("no document names a test")
	}
}
