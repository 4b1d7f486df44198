package cli

import (
	"errors"
	"fmt"

	"github.com/taskhook/taskhook/control"
	"github.com/taskhook/taskhook/files"
	"github.com/taskhook/taskhook/listener"
	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/tunnel"
)

// sharedHint is what to do about a directory that others can write to.
const sharedHint = "it holds keys: take that right from them with chmod go-w, or choose another directory with --data-dir DIR"

// fullHint is what to do about a disk without room.
const fullHint = "make room on the disk"

// openError adds to an error of opening a project what to do about it.
func (a *app) openError(err error) error {
	var (
		port  *listener.PortError
		loop  *listener.LoopError
		ngrok *tunnel.Error
		other *control.VersionError
	)
	switch {
	case errors.As(err, &other) && other.ListenerNewer():
		return withHint(err, "update taskhook, or use the one that runs the listener")
	case errors.As(err, &other):
		return withHint(err, "restart the listener with this taskhook")
	case errors.As(err, &port) && port.Free != "":
		return withHint(err, "this one is free: --addr "+port.Free)
	case errors.As(err, &port):
		return withHint(err, "choose another with --addr 127.0.0.1:0")
	case errors.As(err, &loop):
		return withHint(err, "name the port of your app, such as: taskhook listen 3000")
	case errors.As(err, &ngrok):
		return withHint(err, ngrok.Hint)
	}
	return a.storeError(err)
}

// storeError is openError for the store and the directory that it is in.
func (a *app) storeError(err error) error {
	var locked *store.LockedError
	switch {
	case errors.As(err, &locked):
		return a.lockedError(locked)
	case errors.Is(err, store.ErrNewerSchema):
		return withHint(err, "update taskhook, or keep this one apart with "+a.otherProject())
	case errors.Is(err, store.ErrCorrupt):
		return a.corruptError(err)
	case errors.Is(err, store.ErrEmpty):
		return withHint(err, "if it held events, somebody has truncated it; a new store begins in it with: taskhook listen 3000")
	case errors.Is(err, files.ErrShared):
		return withHint(err, sharedHint)
	case files.Full(err):
		return withHint(err, fullHint+", or choose another data directory with --data-dir DIR")
	case errors.Is(err, listener.ErrDirectory):
		return withHint(err, "choose another data directory with --data-dir DIR")
	}
	return err
}

// corruptError is the error of a store that cannot be read at all.
func (a *app) corruptError(err error) error {
	path, where := a.storePath()
	if where != nil {
		return err
	}
	return withHint(err, "to bring back what is intact: "+a.salvageCommand(path))
}

func (a *app) lockedError(err *store.LockedError) error {
	who := "another program"
	if err.PID > 0 {
		who = fmt.Sprintf("pid %d", err.PID)
	}
	return withHint(fmt.Errorf("project %q is in use by %s", a.projectName(), who),
		"use `taskhook attach`, or `taskhook listen 3001 "+a.otherProject()+"`")
}

// otherProject is the flag that leads to another store.
func (a *app) otherProject() string {
	if a.dataDir != "" {
		return "--data-dir DIR"
	}
	return "--project NAME"
}
