package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
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
		text, err := os.ReadFile(atRoot(file))
		if err != nil {
			t.Fatal(err)
		}
		commands := documentedCommands(string(text))
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
	shell         = regexp.MustCompile(`\s+(>>?|\||&)\s*.*$`)
)

// documentedCommands finds the command lines in a document, as arguments.
func documentedCommands(text string) [][]string {
	var all [][]string
	for _, re := range []*regexp.Regexp{blockCommand, inlineCommand} {
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			line := shell.ReplaceAllString(comment.ReplaceAllString(m[1], ""), "")
			all = append(all, strings.Fields(strings.NewReplacer(`'`, ``, `"`, ``).Replace(line)))
		}
	}
	return all
}

// TestTheDocumentsHaveTheFilterLanguage holds that the tables are those of the
// help screen, and that the README leads to them.
func TestTheDocumentsHaveTheFilterLanguage(t *testing.T) {
	text, err := os.ReadFile(atRoot("docs", "filters.md"))
	if err != nil {
		t.Fatal(err)
	}
	bars := strings.NewReplacer("|", `\|`)
	rows := map[string]bool{}
	for line := range strings.Lines(string(text)) {
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
	readme, err := os.ReadFile(atRoot("README.md"))
	if err != nil || !strings.Contains(string(readme), "(docs/filters.md)") {
		t.Errorf("the README does not lead to docs/filters.md, %v", err)
	}
}

// TestTheDocumentsHaveTheEffectsOfFaultRules holds that their table is the one
// of the help.
func TestTheDocumentsHaveTheEffectsOfFaultRules(t *testing.T) {
	text, err := os.ReadFile(atRoot("docs/simulation.md"))
	if err != nil {
		t.Fatal(err)
	}
	bars := strings.NewReplacer("|", `\|`)
	for _, e := range fault.Effects() {
		row := "| `" + bars.Replace(e.Syntax) + "` | " + e.Meaning + " | `" + e.Example + "` |"
		if !strings.Contains(string(text), row) {
			t.Errorf("docs/simulation.md lacks %s", row)
		}
	}
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
		text, err := os.ReadFile(atRoot(file))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
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
