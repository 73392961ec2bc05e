package sandbox

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/headgate/headgate/internal/sandbox/boot"
)

// Process is a running environment. All methods are safe for concurrent use.
type Process struct {
	s      *Sandbox
	number uint64
	points []string // the mount points of its skeleton
	spec   Spec
	uid    int // the host's; 0 unless root
	cmd    *exec.Cmd
	group  *group
	socket *os.File
	out    *output

	mu      sync.Mutex
	waiting map[string]chan error // Spawn's, by name; "" is Start's
	names   map[int]string        // pid within → name
	early   map[int]Exit          // ended before it was known to have started
	failed  error                 // an order could not be obeyed: good for nothing more
	killed  bool

	listener net.Listener // only with a network of its own
	exits    chan Exit
	gone     chan struct{}
}

// Exit is the end of a process that Spawn started.
type Exit struct {
	Name   string
	Code   int            // exit status, -1 if killed
	Signal syscall.Signal // 0 if it exited
	MaxRSS int            // peak resident memory in KiB
	OOM    bool           // the kernel killed it for the memory limit
}

// Reason words the end as Lambda does: "exit status 1", "signal: killed".
func (e Exit) Reason() string {
	if e.Signal != 0 {
		return "signal: " + e.Signal.String()
	}
	return "exit status " + strconv.Itoa(e.Code)
}

// Spawn starts one more process, and returns when it runs.
func (p *Process) Spawn(ctx context.Context, c Command) error {
	return p.send(ctx, p.command(nil, c), []chan error{p.expect(c.Name)})
}

func (p *Process) expect(name string) chan error {
	ch := make(chan error, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed != nil {
		ch <- p.failed
		return ch
	}
	p.waiting[name] = ch
	return ch
}

func (p *Process) send(ctx context.Context, m []byte, wait []chan error) error {
	if len(m) > boot.MaxMessage {
		return fmt.Errorf("sandbox: arguments and variables are too long (%d bytes)", len(m))
	}
	if _, err := p.socket.Write(m); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	for _, ch := range wait {
		select {
		case err := <-ch:
			if err != nil {
				return err
			}
		case <-p.gone:
			return fmt.Errorf("sandbox: the environment ended while it started")
		case <-ctx.Done():
			return fmt.Errorf("sandbox: %w", ctx.Err())
		}
	}
	return nil
}

func (p *Process) command(m []byte, c Command) []byte {
	dir := c.Dir
	if dir == "" {
		dir = p.s.PathsOf(p.spec).Task
	}
	if dir == "" {
		dir = "/"
	}
	words := append([]string{boot.Exec, c.Name}, p.ids()...)
	words = append(words, dir, strconv.Itoa(len(c.Argv)))
	return boot.Encode(m, append(append(words, c.Argv...), c.Env...)...)
}

// Listener is the environment's own port 9001 where it has a network of its own, and nil
// otherwise. It is there once Start has returned, and closed at the environment's end.
func (p *Process) Listener() net.Listener {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.listener
}

// StartError is the kernel's refusal to run a command, e.g. ENOENT, EACCES or ENOEXEC.
type StartError struct {
	Name string
	Err  syscall.Errno
}

func (e *StartError) Error() string { return fmt.Sprintf("sandbox: start %s: %v", e.Name, e.Err) }
func (e *StartError) Unwrap() error { return e.Err }

// Pid is the host's pid of the environment's pid 1.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// UID is the environment's own user id on the host, 0 if it has none.
func (p *Process) UID() int { return p.uid }

// Exits delivers the ends of commands. It is not closed; select on Gone too.
func (p *Process) Exits() <-chan Exit { return p.exits }

// Gone is closed when every process has ended and nothing is left of the environment.
func (p *Process) Gone() <-chan struct{} { return p.gone }

// OutOfMemory reports whether the kernel has killed a process for the memory limit.
func (p *Process) OutOfMemory() bool { return p.group.oomKills() > 0 }

// Flush hands over all output written so far.
func (p *Process) Flush() { p.out.Flush() }

// Signal sends sig to a command's process; it is lost if that has ended.
func (p *Process) Signal(name string, sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for pid, n := range p.names {
		if n == name {
			p.socket.Write(boot.Encode(nil, boot.Signal, strconv.Itoa(int(sig)), strconv.Itoa(pid)))
		}
	}
}

// Running is how many commands have not ended.
func (p *Process) Running() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.names)
}

// Kill ends every process of the environment at once. It does not wait; see Gone.
func (p *Process) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	done := p.killed || p.cmd == nil
	p.killed = true
	if done {
		return
	}
	if !p.s.isolated {
		for pid := range p.names {
			syscall.Kill(-pid, syscall.SIGKILL) // each leads a process group
		}
	}
	p.cmd.Process.Kill()
}

// reap waits for pid 1 and gives everything back.
func (p *Process) reap() {
	p.cmd.Wait()
	select {
	case <-p.out.done:
	case <-time.After(100 * time.Millisecond): // without a pid namespace somebody may hold the pipe
		p.out.Flush()
	}
	p.release()
}

func (p *Process) release() {
	p.mu.Lock()
	p.killed = true
	p.mu.Unlock()
	if ln := p.Listener(); ln != nil {
		ln.Close()
	}
	if p.socket != nil {
		p.socket.Close()
	}
	if p.out != nil && p.cmd == nil {
		<-p.out.done
	}
	p.group.remove()
	if p.uid > 0 {
		p.s.uids.free(p.uid)
	}
	if !p.s.isolated && p.spec.ID != "" {
		os.RemoveAll(p.s.PathsOf(p.spec).Tmp)
	}
	p.s.mu.Lock()
	delete(p.s.processes, p)
	p.s.mu.Unlock()
	close(p.gone)
}
