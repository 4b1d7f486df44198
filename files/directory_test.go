//go:build !windows

package files

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestADataDirectoryThatOthersCanWriteIsRefused(t *testing.T) {
	const group = 54321 // of several users
	tests := []struct {
		mode   os.FileMode
		gid    int // -1: that of the owner alone
		shared bool
	}{
		{0o700, -1, false},
		{0o755, -1, false},
		{0o775, -1, false},
		{0o777, -1, true},
		{0o1777 | os.ModeSticky, -1, true}, // others cannot remove files, but they can add some
		{0o750, group, false},
		{0o770, group, true},
	}
	for _, tt := range tests {
		dir := filepath.Join(t.TempDir(), "data")
		if err := MakeDirectory(dir); err != nil {
			t.Fatal(err)
		}
		gid := os.Getuid()
		if tt.gid >= 0 {
			gid = tt.gid
		}
		if err := os.Chown(dir, -1, gid); err != nil {
			t.Logf("group %d: %v", gid, err)
			continue // only root may
		}
		if err := os.Chmod(dir, tt.mode); err != nil {
			t.Fatal(err)
		}
		if err := MakeDirectory(dir); errors.Is(err, ErrShared) != tt.shared || !tt.shared && err != nil {
			t.Errorf("mode %04o, group %d: %v", tt.mode.Perm(), gid, err)
		}
	}
}

func TestANewDataDirectoryIsOfItsOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "above", "data")
	if err := MakeDirectory(dir); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Dir(dir)} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}
