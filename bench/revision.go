package main

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// moduleRoot is the directory of this module's go.mod.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	return strings.TrimSpace(string(out)), err
}

// archive writes the files of a revision into a new directory. Unlike a work
// tree, it leaves no trace in the repository.
func archive(ctx context.Context, repository, rev, dir string) error {
	var complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, "git", "-C", repository, "archive", "--format=zip", "--end-of-options", rev)
	cmd.Stderr = &complaint
	archived, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("git archive: %w: %s", err, strings.TrimSpace(complaint.String()))
	}
	files, err := zip.NewReader(bytes.NewReader(archived), int64(len(archived)))
	if err != nil {
		return err
	}
	return os.CopyFS(dir, files)
}
