package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ownGroup is the group that this process runs in, in one hierarchy.
type ownGroup struct {
	v2          bool
	controllers []string // version 1
	dir         string
}

func ownGroups() ([]ownGroup, error) {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	return joinGroups(string(own), string(mounts)), nil
}

// joinGroups joins /proc/self/cgroup with the mounts. In a container a mount may show only a part
// of the hierarchy: its root is then cut off the path.
func joinGroups(own, mounts string) (out []ownGroup) {
	paths := map[string]string{} // controllers ("" for version 2) → path
	for line := range strings.Lines(own) {
		if p := strings.SplitN(strings.TrimSpace(line), ":", 3); len(p) == 3 {
			paths[p[1]] = p[2]
		}
	}
	for line := range strings.Lines(mounts) {
		left, right, ok := strings.Cut(line, " - ")
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
	return out
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
	h := &hierarchy{from: m.dir}
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
