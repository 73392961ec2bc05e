package chaos

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// process is one of the machine's; a number alone may be another's soon.
type process struct {
	pid     int
	started string
	name    string // what it was started as
	groups  []string
}

func (p process) String() string { return fmt.Sprintf("%d (%s)", p.pid, p.name) }

// stat reads a process's parent, state and start.
func stat(pid int) (parent int, state, started string, ok bool) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, "", "", false
	}
	_, rest, found := bytes.Cut(b, []byte(") ")) // names may have spaces
	f := strings.Fields(string(rest))
	if !found || len(f) < 20 {
		return 0, "", "", false
	}
	parent, err = strconv.Atoi(f[1])
	return parent, f[0], f[19], err == nil
}

// descendants are the processes below one: those of its functions' environments.
func descendants(pid int) (all []process) {
	entries, _ := os.ReadDir("/proc")
	children := map[int][]int{}
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil {
			if parent, _, _, ok := stat(n); ok {
				children[parent] = append(children[parent], n)
			}
		}
	}
	for todo := children[pid]; len(todo) > 0; todo = todo[1:] {
		n := todo[0]
		todo = append(todo, children[n]...)
		_, _, started, ok := stat(n)
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", n))
		if !ok || err != nil {
			continue
		}
		name, _, _ := strings.Cut(string(line), "\x00")
		all = append(all, process{n, started, name, controlGroups(n)})
	}
	return all
}

// alive are those of the processes that still run; a zombie only waits to be counted.
func alive(all []process) (left []process) {
	for _, p := range all {
		if _, state, started, ok := stat(p.pid); ok && started == p.started && state != "Z" && state != "X" {
			left = append(left, p)
		}
	}
	return left
}

// controlGroups are the folders of a process's control groups that are not this process's as well.
func controlGroups(pid int) (dirs []string) {
	own, _ := os.ReadFile("/proc/self/cgroup")
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	for line := range strings.Lines(string(b)) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(part) != 3 || strings.Contains(string(own), line) {
			continue
		}
		for _, dir := range []string{filepath.Join("/sys/fs/cgroup", part[1], part[2]), filepath.Join("/sys/fs/cgroup/unified", part[2])} {
			if _, err := os.Stat(filepath.Join(dir, "cgroup.procs")); err == nil {
				dirs = append(dirs, dir)
				break
			}
		}
	}
	return dirs
}
