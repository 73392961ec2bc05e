package main

import (
	"net"
	"os"
	"os/exec"
	"syscall"
	"unsafe"
)

// escape tries what could lead out of an environment and tells what the kernel said to each; "" is
// success. abstract is the name of a Unix socket of the host.
func escape(abstract string) map[string]string {
	said := map[string]string{}
	call := func(name string, trap uintptr, args ...uintptr) {
		var a [5]uintptr
		copy(a[:], args)
		if _, _, e := syscall.RawSyscall6(trap, a[0], a[1], a[2], a[3], a[4], 0); e != 0 {
			said[name] = e.Error()
		} else {
			said[name] = ""
		}
	}
	c := exec.Command("/bin/true")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
	said["clone user namespace"] = text(c.Run())
	call("unshare user namespace", syscall.SYS_UNSHARE, syscall.CLONE_NEWUSER)
	var params [128]byte
	call("clone3", 435, uintptr(unsafe.Pointer(&params)), 64)
	call("io_uring", 425, 4, uintptr(unsafe.Pointer(&params)))
	call("session keyring", syscall.SYS_KEYCTL, 0, ^uintptr(2)) // KEYCTL_GET_KEYRING_ID of @s
	kind, name := []byte("user\x00"), []byte("k\x00")
	call("add_key", syscall.SYS_ADD_KEY, uintptr(unsafe.Pointer(&kind[0])), uintptr(unsafe.Pointer(&name[0])), uintptr(unsafe.Pointer(&params)), 4, ^uintptr(2))
	call("fsopen", 430, uintptr(unsafe.Pointer(&kind[0])), 0)
	for name, s := range map[string][3]int{"vsock": {40, 1, 0}, "netlink audit": {16, 3, 9}, "netlink uevent": {16, 3, 15}, "netlink netfilter": {16, 3, 12}} {
		_, err := syscall.Socket(s[0], s[1], s[2])
		said[name] = text(err)
	}
	_, err := net.Dial("unix", "@"+abstract)
	said["abstract socket"] = text(err)

	// What must go on working.
	none := syscall.Rlimit{}
	said["setrlimit"] = text(syscall.Setrlimit(syscall.RLIMIT_CORE, &none))
	var core syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_CORE, &core)
	if core.Cur != 1 {
		said["cores"] = "" // set to 0: a crash runs the host's program
	} else {
		said["cores"] = "kept"
	}
	_, err = net.Interfaces()
	said["interfaces"] = text(err)
	ln, err := net.Listen("unix", "/tmp/own")
	said["own unix socket"] = text(err)
	if err == nil {
		ln.Close()
	}
	said["child"] = text(exec.Command("/bin/sh", "-c", "true | true").Run())
	os.Remove("/tmp/own")
	return said
}
