package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"strings"
)

// moduleRoot is the directory of this module's go.mod.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	return strings.TrimSpace(string(out)), err
}

// build builds the module in a directory, whatever its path is.
func build(ctx context.Context, source, bin string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", bin, ".")
	cmd.Dir, cmd.Stderr = source, os.Stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	return cmd.Run()
}

// checkout writes the files of a revision into a new directory. Unlike a work
// tree, an archive leaves no trace in the repository.
func checkout(ctx context.Context, rev, dir string) error {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	return archive(ctx, root, rev, dir)
}

func archive(ctx context.Context, repository, rev, dir string) error {
	var complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, "git", "-C", repository, "archive", "--format=tar", "--end-of-options", rev)
	cmd.Stderr = &complaint
	files, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("git archive: %w: %s", err, strings.TrimSpace(complaint.String()))
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	return errors.Join(unpack(root, tar.NewReader(bytes.NewReader(files))), root.Close())
}

func unpack(root *os.Root, files *tar.Reader) error {
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeReg:
			err = unpackFile(root, h.Name, files)
		case tar.TypeSymlink:
			err = root.Symlink(h.Linkname, h.Name)
		}
		if err != nil {
			return err
		}
	}
}

func unpackFile(root *os.Root, name string, content io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := root.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}
