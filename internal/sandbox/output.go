package sandbox

import (
	"bytes"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// MaxLine is the largest output line in bytes, CloudWatch's limit for an event; longer ones are
// handed over in pieces.
const MaxLine = 256 << 10

// output reads the pipe that all processes of an environment write to and cuts it into lines.
// Both its own goroutine and Flush read; mu keeps the lines in order.
type output struct {
	line func([]byte)
	done chan struct{} // closed at the pipe's end

	mu   sync.Mutex
	fd   int
	file *os.File // owns fd and wakes the goroutine
	buf  []byte   // an unfinished line
	read []byte
	over bool
}

// newOutput returns the reader and the pipe's other end, for the child.
func newOutput() (*output, *os.File, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, err
	}
	unix.SetNonblock(fds[0], true) // the other end stays blocking, for the functions
	o := &output{line: func([]byte) {}, fd: fds[0], file: os.NewFile(uintptr(fds[0]), "output"), read: make([]byte, 16<<10), done: make(chan struct{})}
	go o.run()
	return o, os.NewFile(uintptr(fds[1]), "output"), nil
}

// to sets the callback. It gets lines without their line break, one call at a time, and must not
// keep the slice.
func (o *output) to(line func([]byte)) {
	if line != nil {
		o.mu.Lock()
		o.line = line
		o.mu.Unlock()
	}
}

func (o *output) run() {
	defer close(o.done)
	raw, err := o.file.SyscallConn()
	if err != nil {
		return
	}
	raw.Read(func(uintptr) bool {
		for {
			if end, more := o.some(); !more {
				return end
			}
		}
	})
	o.mu.Lock()
	o.over = true
	o.rest()
	o.file.Close()
	o.mu.Unlock()
}

// Flush hands over everything that was written before the call, an unfinished line included, and
// no more: a function that never stops writing must not hold its invoker up.
func (o *output) Flush() {
	o.mu.Lock()
	if !o.over {
		if n, err := unix.IoctlGetInt(o.fd, unix.TIOCINQ); err == nil && n > 0 {
			o.drain(n)
		}
	}
	o.rest()
	o.mu.Unlock()
}

// some reads a part of what there is, so that Flush gets its turn; end is true at the pipe's end.
func (o *output) some() (end, more bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.drain(turn)
}

// turn is how much is read, in bytes, before somebody else may.
const turn = 64 << 10

// drain reads at least limit bytes, with o.mu held, or what there is; end is true at the pipe's end,
// more if there may be more. Its goroutine goes on until there is not: the poller is edge-triggered
// and tells data and end in one event.
func (o *output) drain(limit int) (end, more bool) {
	for limit > 0 {
		n, err := syscall.Read(o.fd, o.read)
		switch {
		case n > 0:
			o.cut(o.read[:n])
			limit -= n
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return false, false
		default:
			return true, false
		}
	}
	return false, true
}

// cut hands over the complete lines of b and keeps the rest.
func (o *output) cut(b []byte) {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			o.buf = append(o.buf, b...)
			for len(o.buf) >= MaxLine {
				o.line(o.buf[:MaxLine])
				o.buf = append(o.buf[:0], o.buf[MaxLine:]...)
			}
			return
		}
		if len(o.buf) > 0 {
			o.buf = append(o.buf, b[:i]...)
			o.line(trim(o.buf))
			o.buf = o.buf[:0]
		} else {
			o.line(trim(b[:i]))
		}
		b = b[i+1:]
	}
}

func (o *output) rest() {
	if len(o.buf) > 0 {
		o.line(trim(o.buf))
		o.buf = o.buf[:0]
	}
}

func trim(b []byte) []byte { return bytes.TrimSuffix(b, []byte{'\r'}) }
