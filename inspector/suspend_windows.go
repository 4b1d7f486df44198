package inspector

import (
	"context"
	"sync/atomic"

	tea "charm.land/bubbletea/v2"
)

func stopProcess(context.Context) {}

func surviveTerminal() {}

func useTerminal() {}

func watchStops(context.Context, *tea.Program, *atomic.Bool) {}
