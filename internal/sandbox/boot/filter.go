package boot

import (
	"syscall"
	"unsafe"
)

// A function may make every system call but those with which it could leave its place: new
// namespaces (inside of which it would be root, with the kernel's privileged code within reach),
// mounts, the keyrings that it inherits from the platform's user, io_uring (which no filter sees),
// the kernel's log and its tracing, and sockets of families that lead past the network, such as
// vsock to a hypervisor. What is left are the calls that Lambda's runtimes are made of.

// verdicts of the filter, from linux/seccomp.h: an errno, or to go on.
const (
	allow   = 0x7fff0000
	refused = 0x00050000 // or'ed with the errno; 0 pretends that the call was made
)

// Flags of clone and unshare: mount, cgroup, uts, ipc, user, pid and net namespaces; time's stands where
// clone has the exit signal.
const (
	cloneNamespaces = 0x7e020000
	cloneTime       = 0x80
)

const (
	offNumber    = 0 // of struct seccomp_data
	offArch      = 4
	offArgs      = 16
	prSetSeccomp = 22
	modeFilter   = 2
	rlimitCore   = 4
)

// numbers are the system calls of one architecture that the filter knows.
type numbers struct {
	arch    uint32 // AUDIT_ARCH_…; 0 where nobody has looked them up
	foreign uint32 // numbers from here on are another ABI's; 0 if there is none

	clone, unshare, setns, socket, setrlimit, prlimit uint32

	never []uint32
}

// common are numbered alike everywhere.
var (
	commonNever  = [...]uint32{428, 429, 430, 431, 432, 433, 442} // open_tree … fspick, mount_setattr
	commonAbsent = [...]uint32{425, 426, 427, 435}                // io_uring_*, clone3: programs then use the older calls
)

// program is the filter; with spaces, namespaces may be made.
func (n *numbers) program(spaces bool) []syscall.SockFilter {
	var p []syscall.SockFilter
	add := func(code uint16, k uint32, jt, jf uint8) {
		p = append(p, syscall.SockFilter{Code: code, Jt: jt, Jf: jf, K: k})
	}
	load := func(offset uint32) { add(syscall.BPF_LD|syscall.BPF_W|syscall.BPF_ABS, offset, 0, 0) }
	ret := func(verdict uint32) { add(syscall.BPF_RET|syscall.BPF_K, verdict, 0, 0) }
	equal := func(k uint32, jt, jf uint8) { add(syscall.BPF_JMP|syscall.BPF_JEQ|syscall.BPF_K, k, jt, jf) }
	errno := func(e syscall.Errno) uint32 { return refused | uint32(e) }

	load(offArch)
	equal(n.arch, 1, 0)
	ret(errno(syscall.ENOSYS))
	load(offNumber)
	if n.foreign != 0 {
		add(syscall.BPF_JMP|syscall.BPF_JGE|syscall.BPF_K, n.foreign, 0, 1)
		ret(errno(syscall.ENOSYS))
	}
	for _, c := range commonAbsent {
		equal(c, 0, 1)
		ret(errno(syscall.ENOSYS))
	}
	for _, list := range [][]uint32{n.never, commonNever[:]} {
		for _, c := range list {
			equal(c, 0, 1)
			ret(errno(syscall.EPERM))
		}
	}
	if !spaces {
		equal(n.setns, 0, 1)
		ret(errno(syscall.EPERM))
		for _, c := range [][2]uint32{{n.clone, cloneNamespaces}, {n.unshare, cloneNamespaces | cloneTime}} {
			equal(c[0], 0, 4)
			load(offArgs)
			add(syscall.BPF_JMP|syscall.BPF_JSET|syscall.BPF_K, c[1], 0, 1)
			ret(errno(syscall.EPERM))
			ret(allow)
		}
	}
	// Families: unix, inet, inet6, and of netlink what tells of interfaces and addresses.
	equal(n.socket, 0, 10)
	load(offArgs)
	equal(syscall.AF_UNIX, 6, 0)
	equal(syscall.AF_INET, 5, 0)
	equal(syscall.AF_INET6, 4, 0)
	equal(syscall.AF_NETLINK, 1, 0)
	ret(errno(syscall.EAFNOSUPPORT))
	load(offArgs + 2*8)
	equal(syscall.NETLINK_ROUTE, 0, 1)
	ret(allow)
	ret(errno(syscall.EPROTONOSUPPORT))
	// RLIMIT_CORE stays at 1, whatever is asked for: with 0 a crash starts the host's core_pattern
	// program on the function's memory, as the host's root; with 1 it does not (core(5)).
	equal(n.setrlimit, 0, 4)
	load(offArgs)
	equal(rlimitCore, 0, 1)
	ret(refused)
	ret(allow)
	equal(n.prlimit, 0, 9)
	load(offArgs + 8)
	equal(rlimitCore, 1, 0)
	ret(allow)
	load(offArgs + 2*8) // the new limit: a null pointer only reads
	equal(0, 0, 2)
	load(offArgs + 2*8 + 4)
	equal(0, 1, 0)
	ret(refused)
	ret(allow)
	ret(allow)
	return p
}

// confine puts the filter on this thread and what it starts. An architecture without numbers, or a
// kernel without filters, leaves it off; the sandbox reports that.
func confine(spaces bool) syscall.Errno {
	if native.arch == 0 {
		return syscall.ENOSYS
	}
	p := native.program(spaces)
	prog := syscall.SockFprog{Len: uint16(len(p)), Filter: &p[0]}
	_, _, e := syscall.RawSyscall(syscall.SYS_PRCTL, prSetSeccomp, modeFilter, uintptr(unsafe.Pointer(&prog)))
	return e
}

// Filters reports whether confine works here: the kernel finds fault with the null pointer, not with
// the mode.
func Filters() bool {
	_, _, e := syscall.RawSyscall(syscall.SYS_PRCTL, prSetSeccomp, modeFilter, 0)
	return native.arch != 0 && e == syscall.EFAULT
}
