package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// hierarchy is one mounted control-group tree with the controllers that we use in it.
type hierarchy struct {
	v2           bool
	from         string // the group that the server was started in
	dir          string // our own group for all environments of this server
	memory, pids bool
}

// cgroups is what the machine offers; nil and empty mean nothing. A machine may be hybrid: version
// 1 for some controllers, version 2 for others.
type cgroups struct{ all []*hierarchy }

// newCgroups finds the hierarchies and makes a group for this server below the one that it runs
// in, named after dir, so that its successor finds and removes what it leaves.
func newCgroups(dir string) (*cgroups, error) {
	sum := sha256.Sum256([]byte(dir))
	name := "headgate-" + hex.EncodeToString(sum[:6])
	own, err := ownGroups()
	if err != nil {
		return &cgroups{}, err
	}
	g := &cgroups{}
	var errs []error
	for _, m := range own {
		h, err := m.claim(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if h != nil {
			g.all = append(g.all, h)
		}
	}
	return g, errors.Join(errs...)
}

func (g *cgroups) memory() bool {
	for _, h := range g.hierarchies() {
		if h.memory {
			return true
		}
	}
	return false
}

func (g *cgroups) pids() bool {
	for _, h := range g.hierarchies() {
		if h.pids {
			return true
		}
	}
	return false
}

func (g *cgroups) hierarchies() []*hierarchy {
	if g == nil {
		return nil
	}
	return g.all
}

func (g *cgroups) close() {
	for _, h := range g.hierarchies() {
		sweep(h.dir)
	}
}

// group is one environment's place in every hierarchy.
type group struct {
	parts []part
	fd    *os.File // the version 2 group, joined at clone; nil without
}

type part struct {
	h   *hierarchy
	dir string
}

// maxProcesses bounds an environment's processes and threads, Lambda's own limit.
const maxProcesses = 1024

// create makes the groups of an environment.
func (g *cgroups) create(id string) (*group, error) {
	e := &group{}
	for _, h := range g.hierarchies() {
		p := part{h, filepath.Join(h.dir, id)}
		if err := os.Mkdir(p.dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			e.remove()
			return nil, fmt.Errorf("sandbox: control group: %w", err)
		}
		e.parts = append(e.parts, p)
		if h.pids {
			if err := p.write("pids.max", maxProcesses); err != nil {
				e.remove()
				return nil, fmt.Errorf("sandbox: control group: %w", err)
			}
		}
		if h.v2 {
			f, err := os.OpenFile(p.dir, unix.O_PATH|unix.O_DIRECTORY, 0)
			if err != nil {
				e.remove()
				return nil, fmt.Errorf("sandbox: control group: %w", err)
			}
			e.fd = f
		}
	}
	return e, nil
}

// limit sets the memory limit; 0 sets none.
func (e *group) limit(memoryMB int) error {
	bytes := memoryMB << 20
	for _, p := range e.parts {
		if !p.h.memory || memoryMB <= 0 {
			continue
		}
		file := "memory.limit_in_bytes"
		if p.h.v2 {
			file = "memory.max"
			p.write("memory.swap.max", 0) // absent without swap accounting
		}
		if err := p.write(file, bytes); err != nil {
			return fmt.Errorf("sandbox: control group: %w", err)
		}
		if !p.h.v2 {
			p.write("memory.memsw.limit_in_bytes", bytes)
		}
	}
	return nil
}

func (p part) write(file string, n int) error {
	return os.WriteFile(filepath.Join(p.dir, file), strconv.AppendInt(nil, int64(n), 10), 0)
}

// enter moves the calling thread into the version 1 groups: what it starts is born there, as
// CLONE_INTO_CGROUP does for version 2. A process that is moved afterwards waits for the kernel's RCU,
// often 10 ms; a thread that moves itself does not.
func (e *group) enter() error {
	for _, p := range e.parts {
		if p.h.v2 {
			continue
		}
		if err := p.write("tasks", 0); err != nil {
			return fmt.Errorf("sandbox: control group: %w", err)
		}
	}
	return nil
}

// leave moves the calling thread out of whichever environment's groups it is in. They cannot be
// removed before.
func (g *cgroups) leave() {
	for _, h := range g.hierarchies() {
		if !h.v2 {
			part{h, h.dir}.write("tasks", 0)
		}
	}
}

// home moves the calling thread where the server was started, so that close can remove everything.
func (g *cgroups) home() {
	for _, h := range g.hierarchies() {
		if !h.v2 {
			part{h, h.from}.write("tasks", 0) // if it may not: the thread ends soon
		}
	}
}

// oomKills is how often the kernel killed a process for the memory limit.
func (e *group) oomKills() int {
	for _, p := range e.parts {
		if !p.h.memory {
			continue
		}
		file := "memory.oom_control"
		if p.h.v2 {
			file = "memory.events"
		}
		b, _ := os.ReadFile(filepath.Join(p.dir, file))
		for line := range strings.Lines(string(b)) {
			if k, v, _ := strings.Cut(strings.TrimSpace(line), " "); k == "oom_kill" {
				n, _ := strconv.Atoi(v)
				return n
			}
		}
	}
	return 0
}

// remove removes the groups; their processes have ended.
func (e *group) remove() {
	if e == nil {
		return
	}
	if e.fd != nil {
		e.fd.Close()
	}
	for _, p := range e.parts {
		removeGroup(p.dir)
	}
}

// sweep removes a group and those below it, killing what runs there.
func sweep(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.IsDir() {
			sweep(filepath.Join(dir, e.Name()))
		}
	}
	b, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	for f := range strings.FieldsSeq(string(b)) {
		if pid, err := strconv.Atoi(f); err == nil && pid > 1 && pid != os.Getpid() {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	removeGroup(dir)
}

// removeGroup waits a moment: a killed process leaves its group a little after it was reaped.
func removeGroup(dir string) {
	for wait := time.Millisecond; wait < 300*time.Millisecond; wait *= 2 {
		if err := os.Remove(dir); !errors.Is(err, syscall.EBUSY) {
			return
		}
		time.Sleep(wait)
	}
}
