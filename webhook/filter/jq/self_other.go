//go:build !linux

package jq

import "os"

// ownProgram is the file of this program.
func ownProgram() (string, error) { return os.Executable() }
