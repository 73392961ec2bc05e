package sandbox

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

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

	exits chan Exit
	gone  chan struct{}
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

// Start builds an environment and starts the commands in it, in order. ctx bounds the start only.
func (s *Sandbox) Start(ctx context.Context, spec Spec, commands ...Command) (*Process, error) {
	if err := readable(spec.CodeDir, s.root && s.isolated); err != nil {
		return nil, err
	}
	s.roots.refresh()
	points, err := points(spec.ReadOnly)
	if err != nil {
		return nil, err
	}
	p, err := s.take(points)
	if err != nil {
		return nil, err
	}
	if err := p.assign(ctx, spec, commands); err != nil {
		p.Kill()
		<-p.gone
		return nil, err
	}
	return p, nil
}

// readable reports a code folder that the environment's own user id could not enter. Files within
// it are the package's affair, as on Lambda.
func readable(dir string, foreign bool) error {
	if dir == "" || !foreign {
		return nil
	}
	fi, err := os.Stat(dir)
	if err == nil && fi.Mode().Perm()&0o005 != 0o005 {
		err = fmt.Errorf("%s: mode %v keeps functions out, want 0755", dir, fi.Mode().Perm())
	}
	if err != nil {
		return fmt.Errorf("sandbox: code: %w", err)
	}
	return nil
}

// create clones an environment's pid 1, with everything that does not depend on the function.
func (s *Sandbox) create(points []string) (*Process, error) {
	p := &Process{s: s, points: points, number: s.counter.Add(1), waiting: map[string]chan error{}, names: map[int]string{}, early: map[int]Exit{},
		exits: make(chan Exit, 64), gone: make(chan struct{})}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, ErrClosed
	}
	s.processes[p] = struct{}{}
	s.mu.Unlock()
	if err := p.clone(); err != nil {
		p.release()
		return nil, err
	}
	go p.reap()
	go p.listen()
	m, err := s.foundation(p)
	if err == nil && len(m) > 0 {
		_, err = p.socket.Write(m)
	}
	if err != nil {
		p.Kill()
		<-p.gone
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	return p, nil
}

// clone takes what the environment holds and starts its pid 1.
func (p *Process) clone() (err error) {
	s := p.s
	if s.root && s.isolated {
		if p.uid, err = s.uids.take(); err != nil {
			return err
		}
	}
	if p.group, err = s.groups.create(fmt.Sprint(p.number)); err != nil {
		return err
	}
	var end *os.File
	if p.out, end, err = newOutput(); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	defer end.Close()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	unix.SetNonblock(fds[0], true)
	p.socket = os.NewFile(uintptr(fds[0]), "control")
	other := os.NewFile(uintptr(fds[1]), "control")
	defer other.Close()
	p.cmd = &exec.Cmd{
		Path: "/proc/self/exe", Args: []string{boot.Argv0},
		Env:    []string{"GOMAXPROCS=1"}, // of pid 1 alone: a command brings its own
		Stdout: end, Stderr: end, ExtraFiles: []*os.File{other},
		SysProcAttr: s.attributes(p.group),
	}
	if err := s.spawner.start(p.cmd); err != nil {
		p.cmd = nil
		return fmt.Errorf("sandbox: %w", err)
	}
	if err := p.group.join(p.cmd.Process.Pid); err != nil {
		p.cmd.Process.Kill()
		p.cmd.Wait()
		p.cmd = nil
		return err
	}
	return nil
}

// attributes are pid 1's namespaces. As an ordinary user it gets its capabilities over its own
// namespaces as ambient ones, being an ordinary user there too.
func (s *Sandbox) attributes(g *group) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true}
	if g.fd != nil {
		a.UseCgroupFD, a.CgroupFD = true, int(g.fd.Fd())
	}
	if !s.isolated {
		return a
	}
	a.Cloneflags = unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
	if s.cfg.Network {
		a.Cloneflags |= unix.CLONE_NEWNET
	}
	if !s.root {
		a.Cloneflags |= unix.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: boot.InnerUID, HostID: os.Geteuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: boot.InnerGID, HostID: os.Getegid(), Size: 1}}
		a.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SETPCAP, unix.CAP_NET_ADMIN}
	}
	return a
}

// assign makes the environment a function's: the rest of its mounts, its limits, its commands. All
// goes out in one message; it returns when the commands run.
func (p *Process) assign(ctx context.Context, spec Spec, commands []Command) error {
	p.spec = spec
	p.out.to(spec.Output)
	if err := p.group.limit(spec.MemoryMB); err != nil {
		return err
	}
	m, err := p.s.plan(p)
	if err != nil {
		return err
	}
	m = boot.Encode(m, boot.Ready)
	wait := []chan error{p.expect("")}
	for _, c := range commands {
		m = p.command(m, c)
		wait = append(wait, p.expect(c.Name))
	}
	return p.send(ctx, m, wait)
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

// listen reads pid 1's reports until it ends.
func (p *Process) listen() {
	buf := make([]byte, 8<<10)
	for {
		n, err := p.socket.Read(buf)
		if err != nil || n == 0 {
			return
		}
		for _, r := range boot.Decode(buf[:n]) {
			p.report(r)
		}
	}
}

func (p *Process) report(r []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	num := func(i int) int { n, _ := strconv.Atoi(r[i]); return n }
	switch {
	case r[0] == boot.Ready:
		p.answer("", nil)
	case r[0] == "started" && len(r) == 3:
		pid := num(2)
		p.names[pid] = r[1]
		p.answer(r[1], nil)
		if e, ok := p.early[pid]; ok {
			delete(p.early, pid)
			p.exited(pid, e)
		}
	case r[0] == "failed" && len(r) == 3:
		p.answer(r[1], &StartError{Name: r[1], Err: syscall.Errno(num(2))})
	case r[0] == "error" && len(r) == 4:
		p.failed = fmt.Errorf("sandbox: %s %s: %w", r[1], r[2], syscall.Errno(num(3)))
		for name := range p.waiting {
			p.answer(name, p.failed)
		}
	case r[0] == "exit" && len(r) == 4:
		status := syscall.WaitStatus(num(2))
		e := Exit{Code: -1, MaxRSS: num(3)}
		if status.Signaled() {
			e.Signal = status.Signal()
			e.OOM = e.Signal == syscall.SIGKILL && p.group.oomKills() > 0
		} else {
			e.Code = status.ExitStatus()
		}
		p.exited(num(1), e)
	}
}

// exited tells of an end, with p.mu held. Orphans that pid 1 reaped concern nobody.
func (p *Process) exited(pid int, e Exit) {
	name, ok := p.names[pid]
	if !ok {
		if len(p.waiting) > 0 && len(p.early) < 16 {
			p.early[pid] = e
		}
		return
	}
	e.Name = name
	delete(p.names, pid)
	select {
	case p.exits <- e:
	default:
	}
}

func (p *Process) answer(name string, err error) {
	if ch, ok := p.waiting[name]; ok {
		delete(p.waiting, name)
		ch <- err
	}
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
	if p.killed || p.cmd == nil {
		return
	}
	p.killed = true
	if !p.s.isolated {
		for pid := range p.names {
			syscall.Kill(-pid, syscall.SIGKILL) // each is its own session
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
