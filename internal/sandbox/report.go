package sandbox

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/headgate/headgate/internal/sandbox/boot"
)

// listen reads pid 1's reports until it ends. One of them carries a socket.
func (p *Process) listen() {
	raw, err := p.socket.SyscallConn()
	if err != nil {
		return
	}
	buf, rights := make([]byte, 8<<10), make([]byte, unix.CmsgSpace(4))
	for {
		var n, r int
		var failed error
		err := raw.Read(func(fd uintptr) bool {
			n, r, _, _, failed = unix.Recvmsg(int(fd), buf, rights, unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
			return failed != unix.EAGAIN
		})
		if failed == unix.EINTR {
			continue
		}
		if err != nil || failed != nil || n == 0 {
			return
		}
		if r > 0 {
			p.receive(rights[:r])
		}
		for _, r := range boot.Decode(buf[:n]) {
			p.report(r)
		}
	}
}

// receive takes the listener that pid 1 opened in the environment's network.
func (p *Process) receive(rights []byte) {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil || len(messages) == 0 {
		return
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return
	}
	f := os.NewFile(uintptr(fds[0]), "listener")
	defer f.Close()
	if ln, err := net.FileListener(f); err == nil {
		p.mu.Lock()
		p.listener = ln
		p.mu.Unlock()
	}
}

// report takes one report of pid 1.
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
