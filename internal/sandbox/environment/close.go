package environment

import (
	"syscall"
	"time"
)

// Reason is why an environment ends; extensions are told.
type Reason string

// The reasons.
const (
	Spindown     Reason = "spindown"
	AfterTimeout Reason = "timeout"
	AfterFailure Reason = "failure"
)

// The Shutdown phase's length. Without extensions there is none: the processes are killed.
const (
	externalGrace = 2 * time.Second
	internalGrace = 500 * time.Millisecond
)

// Close runs the Shutdown phase and removes the environment; it waits for both. An invocation
// under way ends with it.
func (e *Environment) Close(reason Reason) {
	e.dead.Store(true)
	g := e.current.Load()
	if g.proc == nil {
		return
	}
	if n, _ := g.api.Registered(); n > 0 {
		grace := internalGrace
		if g.externals > 0 {
			grace = externalGrace
		}
		e.shutdown(g, reason, grace)
	}
	g.kill()
	g.flush()
}

// shutdown ends the runtime, tells the extensions, and waits until all have ended or the time is
// over.
func (e *Environment) shutdown(g *generation, reason Reason, grace time.Duration) {
	deadline := time.Now().Add(grace)
	g.proc.Signal(runtimeName, syscall.SIGTERM)
	if !g.api.Shutdown(string(reason), deadline) && g.externals == 0 {
		deadline = time.Now().Add(internalGrace)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(deadline) && g.proc.Running() > 0 {
		select {
		case <-g.proc.Gone():
			return
		case <-tick.C:
		}
	}
}
