package boot

import (
	"syscall"
	"unsafe"
)

// launcherArgv0 is the name of a launcher: this executable once more, already under the function's
// ids and in its user namespace, which waits for the command that it is to become. Preparing it
// takes the user namespace, and a fork that copies page tables, out of a cold start.
const launcherArgv0 = "headgate-launcher"

// launcher is the waiting one; pid is 0 if there is none.
type launcher struct{ pid, socket int }

// launch starts a launcher. Where that fails, Exec forks as if it had not been asked for.
func (f *first) launch(uid, gid int, userns bool) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return
	}
	pid, err := syscall.ForkExec("/proc/self/exe", []string{launcherArgv0}, &syscall.ProcAttr{
		Env: []string{"GOMAXPROCS=1"}, Files: []uintptr{0, 1, 2, uintptr(fds[1])}, Sys: attributes(uid, gid, userns),
	})
	syscall.Close(fds[1])
	if err != nil {
		syscall.Close(fds[0])
		return
	}
	f.born()
	f.launcher = launcher{pid, fds[0]}
}

// become waits for a command and replaces this process by it. The error goes back if that is not
// possible; if it is, the socket closes.
func become() {
	syscall.CloseOnExec(control)
	oomScore("500")
	buf := make([]byte, MaxMessage)
	n, err := syscall.Read(control, buf)
	for err == syscall.EINTR {
		n, err = syscall.Read(control, buf)
	}
	for _, o := range decode(buf[:max(n, 0)]) {
		c, ok := parse(o)
		if !ok {
			continue
		}
		err := syscall.Chdir(c.dir)
		if err == nil {
			confine(false)
			err = patiently(func() error { return syscall.Exec(c.argv[0], c.argv, c.env) })
		}
		report(itoa(int(errno(err))))
	}
	syscall.Exit(0)
}

// command is a decoded Exec.
type command struct {
	name, dir string
	uid, gid  int
	userns    bool
	argv, env []string
}

func parse(o []string) (c command, ok bool) {
	if len(o) < 8 {
		return c, false
	}
	c = command{name: o[1], dir: o[5], userns: o[4] == "1"}
	c.uid, _ = atoi(o[2])
	c.gid, _ = atoi(o[3])
	argc, ok := atoi(o[6])
	rest := o[7:]
	if !ok || argc < 1 || argc > len(rest) {
		return c, false
	}
	c.argv, c.env = rest[:argc], rest[argc:]
	return c, true
}

// start runs a process and reports "started" with its pid (as this namespace counts), or "failed".
func (f *first) start(o []string) {
	c, ok := parse(o)
	if !ok {
		report("failed", o[1%len(o)], itoa(int(syscall.EINVAL)))
		return
	}
	if f.launcher.pid == 0 { // the environment's second process
		f.launch(c.uid, c.gid, c.userns)
	}
	pid, e := f.launcher.pid, syscall.Errno(0) //nolint:wastedassign // declares the type
	if pid != 0 {
		f.launcher.pid = 0
		e = f.launcher.handOver(o)
	} else {
		// Others may not execute our executable, say. The filter is then this thread's too, which still
		// has to make user namespaces.
		confine(true)
		oomScore("500")
		e = errno(patiently(func() (err error) {
			pid, err = syscall.ForkExec(c.argv[0], c.argv, &syscall.ProcAttr{
				Dir: c.dir, Env: c.env, Files: []uintptr{0, 1, 2}, Sys: attributes(c.uid, c.gid, c.userns),
			})
			return err
		}))
		oomScore("0")
		f.born()
	}
	if e != 0 {
		report("failed", c.name, itoa(int(e)))
		return
	}
	report("started", c.name, itoa(pid))
}

// limitData bounds the writable memory of the processes to come. prlimit(2) reaches the launcher,
// which was started before the function was known.
func (f *first) limitData(bytes uint64) syscall.Errno {
	limit := syscall.Rlimit{Cur: bytes, Max: bytes}
	if f.launcher.pid != 0 {
		_, _, e := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(f.launcher.pid), syscall.RLIMIT_DATA, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
		if e != 0 {
			return e
		}
	}
	return errno(syscall.Setrlimit(syscall.RLIMIT_DATA, &limit))
}

// handOver gives an Exec to the launcher, and waits until it has become the command.
func (l launcher) handOver(o []string) syscall.Errno {
	defer syscall.Close(l.socket)
	if _, err := syscall.Write(l.socket, Encode(nil, o...)); err != nil {
		return errno(err)
	}
	var buf [128]byte
	n, err := syscall.Read(l.socket, buf[:])
	for err == syscall.EINTR {
		n, err = syscall.Read(l.socket, buf[:])
	}
	for _, r := range decode(buf[:max(n, 0)]) {
		e, _ := atoi(r[0])
		return syscall.Errno(e)
	}
	return 0
}

// patiently repeats an exec of a file that is busy: the platform has just unpacked it, and a
// process that it forked meanwhile holds the descriptor until its own exec.
func patiently(exec func() error) error {
	err := exec()
	for try := 0; err == syscall.ETXTBSY && try < 100; try++ {
		pause := syscall.Timespec{Nsec: 2e6}
		syscall.Nanosleep(&pause, nil)
		err = exec()
	}
	return err
}

// born tells the reaper that there is something to wait for.
func (f *first) born() {
	select {
	case f.children <- struct{}{}:
	default:
	}
}

// attributes are those of the function's processes. A uid of 0 keeps this process's, whose
// capabilities end with exec.
func attributes(uid, gid int, userns bool) *syscall.SysProcAttr {
	// The death signal matters where there is no pid namespace to end with this process.
	sys := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if uid == 0 {
		return sys
	}
	sys.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	if userns {
		sys.Cloneflags = syscall.CLONE_NEWUSER
		sys.UidMappings = []syscall.SysProcIDMap{{ContainerID: InnerUID, HostID: uid, Size: 1}}
		sys.GidMappings = []syscall.SysProcIDMap{{ContainerID: InnerGID, HostID: gid, Size: 1}}
		sys.GidMappingsEnableSetgroups = true // to give up the platform's own groups
		sys.Credential = &syscall.Credential{Uid: InnerUID, Gid: InnerGID}
	}
	return sys
}

// oomScore makes the function, which inherits it, a better victim than this process: the platform
// then learns how it ended. Without /proc it stays as it is.
func oomScore(score string) {
	fd, err := syscall.Open("/proc/self/oom_score_adj", syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	syscall.Write(fd, []byte(score))
	syscall.Close(fd)
}
