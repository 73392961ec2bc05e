package sandbox

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/headgate/headgate/internal/sandbox/boot"
)

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
	defer s.begin()()
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
	cmd := &exec.Cmd{
		Path: "/proc/self/exe", Args: []string{boot.Argv0},
		Env:    []string{"GOMAXPROCS=1"}, // of pid 1 alone: a command brings its own
		Stdout: end, Stderr: end, ExtraFiles: []*os.File{other},
		SysProcAttr: s.attributes(p.group),
	}
	if err := s.spawner.start(cmd, p.group); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cmd = cmd
	if p.killed { // Close came in between
		cmd.Process.Kill()
	}
	return nil
}

// attributes are pid 1's namespaces. As an ordinary user it gets its capabilities over its own
// namespaces as ambient ones, being an ordinary user there too.
func (s *Sandbox) attributes(g *group) *syscall.SysProcAttr {
	// A process group and not a session: the kernel's autogroup gives each session its own share of
	// the processors, and one that mostly sleeps then waits tens of milliseconds for its turn.
	a := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
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
