// Package boot is the first process of an environment: pid 1 of its namespaces. It is this very
// executable, started again under the name Argv0 by package sandbox, and it takes over while the
// program's packages initialize, so main never runs.
//
//	(clone) ──▶ waits for orders on descriptor 3 ──▶ mounts, limits ──▶ starts processes
//	                    ▲                                                     │
//	                    └── reaps them and reports each end ◀─────────────────┘
//	descriptor 3 closed (the platform has ended, or gave the environment up) ──▶ exit: the kernel
//	kills everything that is left in the pid namespace.
//
// It takes over in init(), the only one in this repository, because a cold start waits for it: Go
// initializes packages as soon as their imports are, in the order of their paths, and this one
// imports syscall alone. So it runs right after the runtime itself and before os, fmt or any of the
// hundreds of packages of the binary, which would cost milliseconds. That is also why it speaks
// raw system calls and a format of its own instead of x/sys and JSON: a larger import would move it
// back in that order.
package boot

import "syscall"

// Argv0 is the name under which the executable is an environment's first process.
const Argv0 = "headgate-environment"

// control is the descriptor of the socket to the platform.
const control = 3

func init() {
	switch name() {
	case Argv0:
		new(first).run()
	case launcherArgv0:
		become()
	}
}

// name reads the process's own name, which is as long as ours at most; package os has not been
// initialized yet.
func name() string {
	var buf [len(Argv0) + 1]byte
	fd, err := syscall.Open("/proc/self/cmdline", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	n, _ := syscall.Read(fd, buf[:])
	syscall.Close(fd)
	for i, c := range buf[:max(n, 0)] {
		if c == 0 {
			return string(buf[:i])
		}
	}
	return ""
}

// first is an environment's first process.
type first struct {
	children chan struct{} // tells the reaper that there is something to wait for
	launcher launcher
}

// run obeys orders until the socket closes. It stays on the process's first thread (package
// initialization is locked to it), to which capabilities and no_new_privs belong.
func (f *first) run() {
	syscall.CloseOnExec(control)
	f.children = make(chan struct{}, 1)
	go f.reap()
	buf := make([]byte, MaxMessage)
	for {
		n, err := syscall.Read(control, buf)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n == 0 {
			syscall.Exit(0)
		}
		orders := decode(buf[:n])
		for _, o := range orders {
			if err := f.obey(o); err != 0 {
				report("error", o[0], last(o), itoa(int(err)))
				break
			}
		}
	}
}

// reap waits for every process of the environment, also for those whose parents have ended, and
// reports each end: it is pid 1.
func (f *first) reap() {
	for {
		var status syscall.WaitStatus
		var usage syscall.Rusage
		pid, err := syscall.Wait4(-1, &status, 0, &usage)
		switch {
		case err == syscall.ECHILD:
			<-f.children
		case err == nil:
			report("exit", itoa(pid), itoa(int(status)), itoa(int(usage.Maxrss)))
		}
	}
}

// report sends a message to the platform.
func report(words ...string) {
	syscall.Write(control, Encode(nil, words...))
}

func last(o []string) string {
	if len(o) > 2 {
		return o[2]
	}
	return o[len(o)-1]
}
