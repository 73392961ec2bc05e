package sandbox

import (
	"bufio"
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

// ownGroup is the group that this process runs in, in one hierarchy.
type ownGroup struct {
	v2          bool
	controllers []string // version 1
	dir         string
}

// ownGroups joins /proc/self/cgroup with the mounts. In a container a mount may show only a part
// of the hierarchy: its root is then cut off the path.
func ownGroups() ([]ownGroup, error) {
	paths := map[string]string{} // controllers ("" for version 2) → path
	f, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(f)) {
		if p := strings.SplitN(strings.TrimSpace(line), ":", 3); len(p) == 3 {
			paths[p[1]] = p[2]
		}
	}
	mounts, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer mounts.Close()
	var out []ownGroup
	for sc := bufio.NewScanner(mounts); sc.Scan(); {
		left, right, ok := strings.Cut(sc.Text(), " - ")
		l, r := strings.Fields(left), strings.Fields(right)
		if !ok || len(l) < 5 || len(r) < 3 {
			continue
		}
		root, point := l[3], l[4]
		for controllers, path := range paths {
			v2 := controllers == ""
			if v2 != (r[0] == "cgroup2") || (!v2 && (r[0] != "cgroup" || !sameControllers(r[2], controllers))) {
				continue
			}
			if rel, err := filepath.Rel(root, path); err == nil && !strings.HasPrefix(rel, "..") {
				path = rel
			}
			out = append(out, ownGroup{v2: v2, controllers: strings.Split(controllers, ","), dir: filepath.Join(point, path)})
		}
	}
	return out, nil
}

func sameControllers(options, controllers string) bool {
	have := strings.Split(options, ",")
	for c := range strings.SplitSeq(controllers, ",") {
		found := false
		for _, h := range have {
			found = found || h == c
		}
		if !found {
			return false
		}
	}
	return true
}

// claim makes the server's group; nil without an error means that no controller of ours is here.
func (m ownGroup) claim(name string) (*hierarchy, error) {
	if m.v2 {
		return m.claimV2(name)
	}
	h := &hierarchy{}
	for _, c := range m.controllers {
		h.memory = h.memory || c == "memory"
		h.pids = h.pids || c == "pids"
	}
	if !h.memory && !h.pids {
		return nil, nil
	}
	h.dir = filepath.Join(m.dir, name)
	sweep(h.dir)
	if err := os.MkdirAll(h.dir, 0o755); err != nil {
		return nil, err
	}
	if h.memory {
		os.WriteFile(filepath.Join(h.dir, "memory.use_hierarchy"), []byte("1"), 0)
	}
	return h, nil
}

// claimV2 additionally hands the controllers down. A group with processes cannot (but for the
// real root), so this process moves into a leaf beside the environments.
func (m ownGroup) claimV2(name string) (*hierarchy, error) {
	dir := m.dir
	if filepath.Base(dir) == name+".server" { // we have moved already
		dir = filepath.Dir(dir)
	}
	offered, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return nil, err
	}
	h := &hierarchy{v2: true, dir: filepath.Join(dir, name)}
	var enable []string
	for c := range strings.FieldsSeq(string(offered)) {
		switch c {
		case "memory":
			h.memory = true
		case "pids":
			h.pids = true
		default:
			continue
		}
		enable = append(enable, "+"+c)
	}
	if len(enable) == 0 {
		return nil, nil
	}
	sweep(h.dir)
	if err := os.MkdirAll(h.dir, 0o755); err != nil {
		return nil, err
	}
	hand := []byte(strings.Join(enable, " "))
	control := filepath.Join(dir, "cgroup.subtree_control")
	if err := os.WriteFile(control, hand, 0); errors.Is(err, syscall.EBUSY) {
		leaf := filepath.Join(dir, name+".server")
		if err := os.MkdirAll(leaf, 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(leaf, "cgroup.procs"), []byte("0"), 0); err != nil {
			return nil, err
		}
		if err := os.WriteFile(control, hand, 0); err != nil {
			return nil, fmt.Errorf("other processes share the control group %s: %w", dir, err)
		}
	} else if err != nil {
		return nil, err
	}
	return h, os.WriteFile(filepath.Join(h.dir, "cgroup.subtree_control"), hand, 0)
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

// join puts a process into the version 1 groups; it was cloned into the version 2 one.
func (e *group) join(pid int) error {
	for _, p := range e.parts {
		if p.h.v2 {
			continue
		}
		if err := p.write("cgroup.procs", pid); err != nil {
			return fmt.Errorf("sandbox: control group: %w", err)
		}
	}
	return nil
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
