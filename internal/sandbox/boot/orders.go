package boot

import (
	"syscall"
	"unsafe"
)

// The orders and their words.
const (
	Private  = "private"  // mount changes stay in this namespace
	Tree     = "tree"     // source, target, attributes: clones a mount tree onto target
	Mount    = "mount"    // source, target, type, flags, data: mount(2)
	Pivot    = "pivot"    // root, folder below it: root becomes /, the old tree appears in the folder
	Detach   = "detach"   // folder: what is mounted there disappears
	Hostname = "hostname" // name
	Loopback = "loopback" // sets lo up (own network namespace)
	Listen   = "listen"   // port: listens on the namespace's loopback and hands the socket over
	Rlimit   = "rlimit"   // resource, value
	Data     = "data"     // bytes: RLIMIT_DATA of this process and a waiting launcher
	Lock     = "lock"     // drops the bounding set and ambient capabilities, no_new_privs, not dumpable
	Ready    = "ready"    // reports "ready"
	Launch   = "launch"   // uid, gid, user namespace (0|1): prepares the process of the next Exec
	Exec     = "exec"     // name, uid, gid, user namespace (0|1), directory, number of arguments, arguments…, variables…
	Signal   = "signal"   // number, pid as this namespace counts
)

// Attributes of Tree, from linux/mount.h.
const (
	AttrReadOnly = 1
	AttrNoSuid   = 2
	AttrNoDev    = 4
	AttrNoExec   = 8
)

// InnerUID and InnerGID are the function's ids within its user namespace, those of Lambda's
// sbx_user1051.
const (
	InnerUID = 993
	InnerGID = 990
)

// Not in package syscall; the numbers are the same on every architecture since Linux 5.1.
const (
	sysOpenTree     = 428
	sysMoveMount    = 429
	sysMountSetattr = 442 // Linux 5.12

	openTreeClone  = 1
	atRecursive    = 0x8000
	atEmptyPath    = 0x1000
	atFdcwd        = -0x64
	fromEmptyPath  = 4
	prSetDumpable  = 4
	prCapbsetDrop  = 24
	prNoNewPrivs   = 38
	prCapAmbient   = 47
	ambientClear   = 4
	lastCapability = 63 // dropping beyond the kernel's last one fails harmlessly
)

func (f *first) obey(o []string) syscall.Errno {
	w := func(i int) string {
		if i < len(o) {
			return o[i]
		}
		return ""
	}
	num := func(i int) int { n, _ := atoi(w(i)); return n }
	switch o[0] {
	case Private:
		return errno(syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	case Tree:
		return tree(w(1), w(2), num(3))
	case Mount:
		return errno(syscall.Mount(w(1), w(2), w(3), uintptr(num(4)), w(5)))
	case Pivot:
		return pivot(w(1), w(2))
	case Detach:
		return errno(syscall.Unmount(w(1), syscall.MNT_DETACH))
	case Hostname:
		return errno(syscall.Sethostname([]byte(w(1))))
	case Loopback:
		return loopback()
	case Listen:
		return listen(num(1))
	case Rlimit:
		v := uint64(num(2))
		return errno(syscall.Setrlimit(num(1), &syscall.Rlimit{Cur: v, Max: v}))
	case Data:
		return f.limitData(uint64(num(1)))
	case Lock:
		return lock()
	case Ready:
		report(Ready)
	case Launch:
		f.launch(num(1), num(2), w(3) == "1")
	case Exec:
		f.start(o)
	case Signal:
		syscall.Kill(num(2), syscall.Signal(num(1)))
	default:
		return syscall.ENOSYS
	}
	return 0
}

func errno(err error) syscall.Errno {
	e, _ := err.(syscall.Errno)
	return e
}

// tree clones source with everything mounted below it and attaches it to target with attr on all
// of it: unlike a bind mount, no submount stays writable.
func tree(source, target string, attr int) syscall.Errno {
	src, _ := syscall.BytePtrFromString(source)
	dst, _ := syscall.BytePtrFromString(target)
	empty := new(byte)
	at := atFdcwd
	fd, _, e := syscall.Syscall(sysOpenTree, uintptr(at), uintptr(unsafe.Pointer(src)), openTreeClone|atRecursive|syscall.O_CLOEXEC)
	if e != 0 {
		return e
	}
	defer syscall.Close(int(fd))
	if attr != 0 {
		set := [4]uint64{uint64(attr)} // struct mount_attr: set, clear, propagation, userns
		_, _, e = syscall.Syscall6(sysMountSetattr, fd, uintptr(unsafe.Pointer(empty)), atEmptyPath|atRecursive, uintptr(unsafe.Pointer(&set)), unsafe.Sizeof(set), 0)
		if e != 0 {
			return e
		}
	}
	_, _, e = syscall.Syscall6(sysMoveMount, fd, uintptr(unsafe.Pointer(empty)), uintptr(at), uintptr(unsafe.Pointer(dst)), fromEmptyPath, 0)
	return e
}

func pivot(root, old string) syscall.Errno {
	if err := syscall.Chdir(root); err != nil {
		return errno(err)
	}
	if err := syscall.PivotRoot(".", old); err != nil {
		return errno(err)
	}
	return errno(syscall.Chdir("/"))
}

func loopback() syscall.Errno {
	s, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return errno(err)
	}
	defer syscall.Close(s)
	var req [40]byte // struct ifreq: name[16], flags
	copy(req[:], "lo")
	req[16] = syscall.IFF_UP
	_, _, e := syscall.Syscall(syscall.SYS_IOCTL, uintptr(s), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&req)))
	return e
}

// listen opens a port in this network namespace and passes the socket to the platform, which then
// serves it from outside.
func listen(port int) syscall.Errno {
	s, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return errno(err)
	}
	defer syscall.Close(s)
	if err := syscall.Bind(s, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return errno(err)
	}
	if err := syscall.Listen(s, 128); err != nil {
		return errno(err)
	}
	return errno(syscall.Sendmsg(control, Encode(nil, Listen), syscall.UnixRights(s), nil, 0))
}

// lock gives up for good what the children must not have. This process keeps its effective
// capabilities: it still has to start them under their own ids.
func lock() syscall.Errno {
	for c := range uintptr(lastCapability + 1) {
		syscall.RawSyscall6(syscall.SYS_PRCTL, prCapbsetDrop, c, 0, 0, 0, 0)
	}
	syscall.RawSyscall6(syscall.SYS_PRCTL, prCapAmbient, ambientClear, 0, 0, 0, 0)
	syscall.RawSyscall6(syscall.SYS_PRCTL, prSetDumpable, 0, 0, 0, 0, 0)
	if _, _, e := syscall.RawSyscall6(syscall.SYS_PRCTL, prNoNewPrivs, 1, 0, 0, 0, 0); e != 0 {
		return e
	}
	scope()
	return 0
}
