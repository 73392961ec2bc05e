package boot

import (
	"syscall"
	"unsafe"
)

// Landlock's calls and scopes (linux/landlock.h); the numbers are the same on every architecture.
const (
	sysLandlockCreate   = 444
	sysLandlockRestrict = 446
	landlockVersion     = 1 // flag of create: only tell the version
	scopeAbstract       = 1
	scopeSignal         = 2

	// ScopeVersion is Landlock's version that knows scopes, in Linux 6.12.
	ScopeVersion = 6
)

// LandlockVersion is what the kernel offers, 0 for nothing.
func LandlockVersion() int {
	v, _, e := syscall.RawSyscall(sysLandlockCreate, 0, 0, landlockVersion)
	if e != 0 {
		return 0
	}
	return int(v)
}

// scope keeps this thread, and all that it starts, from abstract Unix sockets and processes outside
// of it. Abstract names belong to the network, which functions share with the host: X11 and D-Bus
// listen on them and trust whoever has their user's id. A kernel that cannot do it leaves it undone;
// the sandbox reports that.
func scope() {
	if LandlockVersion() < ScopeVersion {
		return
	}
	rules := [3]uint64{2: scopeAbstract | scopeSignal} // struct landlock_ruleset_attr: files, network, scope
	fd, _, e := syscall.RawSyscall(sysLandlockCreate, uintptr(unsafe.Pointer(&rules)), unsafe.Sizeof(rules), 0)
	if e != 0 {
		return
	}
	syscall.RawSyscall(sysLandlockRestrict, fd, 0, 0)
	syscall.Close(int(fd))
}
