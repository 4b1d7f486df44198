package inspector

import (
	"context"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// editorCommand runs an editor, given as on a command line, on a file. Editors
// that are known to take one are told the line.
func editorCommand(ctx context.Context, editor, path string, line int) *exec.Cmd {
	if strings.TrimSpace(editor) == "" {
		editor = defaultEditor(runtime.GOOS)
	}
	var args []string
	if line > 0 && takesLine(editor) {
		args = append(args, "+"+strconv.Itoa(line))
	}
	args = append(args, path)
	if runtime.GOOS == "windows" {
		words := splitCommand(editor)
		return exec.CommandContext(ctx, words[0], append(words[1:], args...)...)
	}
	// The shell knows the quotes that a person may have put into the command.
	return exec.CommandContext(ctx, "sh", append([]string{"-c", editor + ` "$@"`, editor}, args...)...)
}

func defaultEditor(system string) string {
	if system == "windows" {
		return "notepad"
	}
	return "vi"
}

// takesLine reports whether an editor takes +N.
func takesLine(editor string) bool {
	words := splitCommand(editor)
	if len(words) == 0 {
		return false
	}
	switch strings.TrimSuffix(filepath.Base(words[0]), ".exe") {
	case "vi", "vim", "nvim", "view", "nano", "pico", "emacs", "emacsclient", "micro", "kak", "joe", "mg", "ne":
		return true
	}
	return false
}

// splitCommand splits a command into words; double quotes keep spaces in one.
func splitCommand(s string) []string {
	var words []string
	var b strings.Builder
	inside, begun := false, false
	for _, r := range s {
		switch {
		case r == '"':
			inside, begun = !inside, true
		case r == ' ' && !inside:
			if begun {
				words = append(words, b.String())
				b.Reset()
			}
			begun = false
		default:
			b.WriteRune(r)
			begun = true
		}
	}
	if begun {
		words = append(words, b.String())
	}
	return words
}
