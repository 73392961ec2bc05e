package sandbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Neighbours share the loopback device, so a port alone keeps nobody out. The kernel knows whose
// socket is at the other end of a connection: as root each environment has a user id of its own,
// which is compared; otherwise the socket's inode must be open in one of its processes.

// Admit returns an error unless the other end of c belongs to the environment.
func (p *Process) Admit(c net.Conn) error {
	local, lok := c.LocalAddr().(*net.TCPAddr)
	remote, rok := c.RemoteAddr().(*net.TCPAddr)
	if !lok || !rok {
		return errors.New("sandbox: not a TCP connection")
	}
	uid, inode, err := p.s.diag.owner(remote.AddrPort(), local.AddrPort())
	if err != nil {
		return fmt.Errorf("sandbox: unknown peer: %w", err)
	}
	if p.uid > 0 {
		if int(uid) != p.uid {
			return fmt.Errorf("sandbox: peer has user id %d, not %d", uid, p.uid)
		}
		return nil
	}
	target := "socket:[" + strconv.FormatUint(uint64(inode), 10) + "]"
	for range admitTries {
		for _, pid := range p.pids() {
			if holds(pid, target) {
				return nil
			}
		}
		time.Sleep(admitPause)
	}
	return errors.New("sandbox: peer is another process")
}

// The kernel's lists of children may lack a process while its parent ends: a second look finds it.
const (
	admitTries = 10
	admitPause = 3 * time.Millisecond
)

func holds(pid int, target string) bool {
	dir := "/proc/" + strconv.Itoa(pid) + "/fd"
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if l, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil && l == target {
			return true
		}
	}
	return false
}

// pids lists the environment's processes on the host, without its pid 1.
func (p *Process) pids() []int {
	var out []int
	todo := []int{p.Pid()}
	for len(todo) > 0 && len(out) < 4*maxProcesses {
		pid := todo[0]
		todo = todo[1:]
		tasks, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
		for _, t := range tasks {
			b, _ := os.ReadFile(t)
			for f := range strings.FieldsSeq(string(b)) {
				if n, err := strconv.Atoi(f); err == nil {
					out, todo = append(out, n), append(todo, n)
				}
			}
		}
	}
	return out
}

// diag asks the kernel about sockets, over one netlink socket for all.
type diag struct {
	mu  sync.Mutex
	fd  int
	seq uint32
}

func newDiag() *diag { return &diag{fd: -1} }

const (
	sockDiagByFamily = 20
	tcpStatesAll     = 0xffffffff
	diagReplyUID     = 16 + 64 // offsets behind the netlink header, struct inet_diag_msg
	diagReplyInode   = 16 + 68 - 0
)

// owner returns the user id and inode of the socket bound to src and connected to dst.
func (d *diag) owner(src, dst netip.AddrPort) (uid, inode uint32, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fd < 0 {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
		if err != nil {
			return 0, 0, err
		}
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1})
		d.fd = fd
	}
	d.seq++
	if err := unix.Sendto(d.fd, diagRequest(d.seq, src, dst), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return 0, 0, err
	}
	buf := make([]byte, 1024)
	for deadline := time.Now().Add(time.Second); time.Now().Before(deadline); {
		n, _, err := unix.Recvfrom(d.fd, buf, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return 0, 0, err
		}
		if n < 20 || binary.NativeEndian.Uint32(buf[8:]) != d.seq {
			continue // the late answer to an earlier question
		}
		switch binary.NativeEndian.Uint16(buf[4:]) {
		case unix.NLMSG_ERROR:
			return 0, 0, unix.Errno(-int32(binary.NativeEndian.Uint32(buf[16:])))
		case sockDiagByFamily:
			if n < diagReplyInode+4 {
				return 0, 0, errors.New("short answer from sock_diag")
			}
			return binary.NativeEndian.Uint32(buf[diagReplyUID:]), binary.NativeEndian.Uint32(buf[diagReplyInode:]), nil
		}
	}
	return 0, 0, unix.ETIMEDOUT
}

// diagRequest is an nlmsghdr with an inet_diag_req_v2 that names exactly one socket.
func diagRequest(seq uint32, src, dst netip.AddrPort) []byte {
	b := make([]byte, 16+56)
	binary.NativeEndian.PutUint32(b[0:], uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], sockDiagByFamily)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST)
	binary.NativeEndian.PutUint32(b[8:], seq)
	b[16], b[17] = unix.AF_INET, unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(b[20:], tcpStatesAll)
	id := b[24:] // struct inet_diag_sockid: ports and addresses in network order
	binary.BigEndian.PutUint16(id[0:], src.Port())
	binary.BigEndian.PutUint16(id[2:], dst.Port())
	s, t := src.Addr().Unmap().As4(), dst.Addr().Unmap().As4()
	copy(id[4:], s[:])
	copy(id[20:], t[:])
	for i := 40; i < 48; i++ {
		id[i] = 0xff // INET_DIAG_NOCOOKIE
	}
	return b
}
