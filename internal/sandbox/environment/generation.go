package environment

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"time"

	"github.com/headgate/headgate/internal/runtimeapi"
	"github.com/headgate/headgate/internal/sandbox"
)

// generation is one set of processes with their Runtime API. An environment has one, and a second
// if the first failed to initialize.
type generation struct {
	api   *runtimeapi.Server
	proc  *sandbox.Process
	meter *sandbox.Meter

	ended     chan struct{} // closed when the runtime or an extension has ended, or everything has
	end       fault         // why; valid once ended is closed
	endOnce   sync.Once
	runtime   sandbox.Command
	externals int           // external extensions
	started   chan struct{} // closed once proc is set
}

// fault is why a function's processes failed, before the request's id is known.
type fault struct {
	kind    string // errorType, e.g. "Runtime.ExitError"
	message string // without "RequestId: … Error: "
	payload []byte // the function's own document, in place of the two
}

var (
	errInitLimit = errors.New("environment: initialization took longer than 10 s")
	errTimeout   = errors.New("environment: time-out")
)

const runtimeName = "runtime"

// begin starts the processes of a generation; the runtime only once all external extensions have
// registered. An error is the platform's own.
func (e *Environment) begin(ctx context.Context) (*generation, error) {
	f := e.function
	g := &generation{ended: make(chan struct{}), started: make(chan struct{})}
	extensions := e.extensions()
	g.externals = len(extensions)
	api := runtimeapi.Config{
		FunctionName: f.Name, FunctionVersion: f.Version, Handler: f.Handler, AccountID: f.AccountID,
		ExternalExtensions: len(extensions), Admit: g.admit, Logger: e.host.cfg.Logger,
	}
	var err error
	addr, own := e.host.cfg.Sandbox.OwnNetwork()
	if !own { // otherwise the environment's port is known once it has started
		if g.api, err = runtimeapi.Listen(api); err != nil {
			return nil, err
		}
		addr = g.api.Addr()
	}
	e.starts++
	spec := sandbox.Spec{
		ID: fmt.Sprintf("%s-%d", e.id, e.starts), CodeDir: f.CodeDir, RuntimeDir: e.interpreter.RuntimeDir,
		Layers: f.Layers, ReadOnly: e.interpreter.ReadOnly, MemoryMB: f.MemoryMB, TmpMB: f.TmpMB, Output: e.log,
	}
	paths := e.host.cfg.Sandbox.PathsOf(spec)
	vars := e.variables(addr, paths)
	g.runtime = sandbox.Command{Name: runtimeName, Argv: e.argv(), Env: vars}
	var first []sandbox.Command
	for _, x := range extensions {
		first = append(first, sandbox.Command{Name: x, Argv: []string{filepath.Join(paths.Opt, "extensions", x)}, Env: vars, Dir: "/"})
	}
	if len(extensions) == 0 && g.runtime.Argv != nil {
		first = []sandbox.Command{g.runtime}
	}
	var refused *sandbox.StartError
	g.proc, err = e.host.cfg.Sandbox.Start(ctx, spec, first...)
	if err != nil && !errors.As(err, &refused) {
		if g.api != nil {
			g.api.Close()
		}
		return nil, err
	}
	if g.proc != nil {
		g.meter = g.proc.NewMeter()
		go g.watch()
		if own { // nobody else is in that network
			api.Listener, api.Admit = g.proc.Listener(), nil
		}
	}
	if g.api == nil {
		if g.api, err = runtimeapi.Listen(api); err != nil {
			g.proc.Kill()
			return nil, err
		}
	}
	if refused != nil {
		g.finish(startFault(refused, first))
		g.api.Close()
		return g, nil //nolint:nilerr // the function's fault, told by the first invocation
	}
	close(g.started)
	if g.runtime.Argv == nil {
		g.finish(fault{kind: "Runtime.InvalidEntrypoint", message: "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"})
	}
	return g, nil
}

// admit is the Runtime API's doorkeeper. The first connection may come before Start has returned.
func (g *generation) admit(c net.Conn) error {
	select {
	case <-g.started:
		return g.proc.Admit(c)
	case <-g.ended:
		return errors.New("the environment has not started")
	}
}

// initialize waits until the function is ready for its first event, and says what failed if it is
// not. When ctx ends the fault is the init time-out.
func (g *generation) initialize(ctx context.Context) *fault {
	if f := g.startRuntime(ctx); f != nil {
		return f
	}
	select {
	case <-g.api.Initialized():
	case <-g.ended:
	case <-ctx.Done():
		g.flush()
		return &fault{kind: "Sandbox.Timedout", message: "Task timed out after 10.00 seconds"}
	}
	g.flush()
	if f := g.api.InitFailure(); f != nil {
		return &fault{kind: f.Type, payload: f.Payload}
	}
	select {
	case <-g.ended:
		return &g.end
	default:
		return nil
	}
}

// startRuntime starts the runtime behind the external extensions, when they have all registered.
func (g *generation) startRuntime(ctx context.Context) *fault {
	if g.externals == 0 {
		return nil
	}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, all := g.api.Registered(); all {
			break
		}
		select {
		case <-tick.C:
		case <-g.ended:
			return &g.end
		case <-ctx.Done():
			return &fault{kind: "Extension.InitTimedOut", message: "an extension did not register in time"}
		}
	}
	if g.runtime.Argv == nil {
		return nil // already ended
	}
	err := g.proc.Spawn(ctx, g.runtime)
	var refused *sandbox.StartError
	if errors.As(err, &refused) {
		f := startFault(refused, []sandbox.Command{g.runtime})
		return &f
	}
	if err != nil {
		return &fault{kind: "Runtime.Unknown", message: err.Error()}
	}
	return nil
}

// watch waits for the end of a process; each is the end of the environment.
func (g *generation) watch() {
	select {
	case x := <-g.proc.Exits():
		g.meter.Add(x.MaxRSS)
		g.finish(exitFault(x))
	case <-g.proc.Gone():
		select {
		case x := <-g.proc.Exits():
			g.finish(exitFault(x))
		default:
			g.finish(fault{kind: "Runtime.ExitError", message: "Runtime exited with error: signal: killed"})
		}
	}
}

func (g *generation) finish(f fault) {
	g.endOnce.Do(func() { g.end = f; close(g.ended) })
}

func (g *generation) flush() {
	if g.proc != nil {
		g.proc.Flush()
	}
}

// kill ends the processes at once and waits for their last output.
func (g *generation) kill() {
	if g.proc == nil {
		return
	}
	g.proc.Kill()
	select {
	case <-g.proc.Gone():
	case <-time.After(2 * time.Second):
	}
	g.api.Close()
}

// exitFault words the end of a process as Lambda does.
func exitFault(x sandbox.Exit) fault {
	switch {
	case x.Name != runtimeName:
		return fault{kind: "Extension.Crash", message: x.Reason()}
	case x.Signal == 0 && x.Code == 0:
		return fault{kind: "Runtime.ExitError", message: "Runtime exited without providing a reason"}
	}
	return fault{kind: "Runtime.ExitError", message: "Runtime exited with error: " + x.Reason()}
}

// startFault words the kernel's refusal to run a command.
func startFault(err *sandbox.StartError, commands []sandbox.Command) fault {
	path := err.Name
	for _, c := range commands {
		if c.Name == err.Name {
			path = c.Argv[0]
		}
	}
	kind := "Runtime.InvalidEntrypoint"
	if err.Name != runtimeName {
		kind = "Extension.LaunchError"
	}
	return fault{kind: kind, message: fmt.Sprintf("fork/exec %s: %s", path, err.Err)}
}
