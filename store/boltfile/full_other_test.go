//go:build !linux

package boltfile

import "errors"

func fillDisk(string) error { return errors.New("not on this system") }
