package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOwnGroups(t *testing.T) {
	for name, c := range map[string]struct {
		own, mounts string
		want        []ownGroup
	}{
		"version 2": {"0::/user.slice/me.scope\n", "30 25 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
			[]ownGroup{{true, []string{""}, "/sys/fs/cgroup/user.slice/me.scope"}}},
		"version 2, container with its own namespace": {"0::/\n", "30 25 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
			[]ownGroup{{true, []string{""}, "/sys/fs/cgroup"}}},
		"version 1, container": {"4:memory:/docker/abc\n1:name=systemd:/docker/abc\n", "33 25 0:29 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
			[]ownGroup{{false, []string{"memory"}, "/sys/fs/cgroup/memory"}}},
		"version 1, nested": {"4:memory:/a/b\n", "33 25 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
			[]ownGroup{{false, []string{"memory"}, "/sys/fs/cgroup/memory/a/b"}}},
		"joint controllers": {"4:cpu,cpuacct:/x\n", "33 25 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n",
			[]ownGroup{{false, []string{"cpu", "cpuacct"}, "/sys/fs/cgroup/cpu,cpuacct/x"}}},
		"nothing mounted": {"0::/\n", "30 25 0:26 / / rw - ext4 /dev/vda rw\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, joinGroups(c.own, c.mounts), cmp.AllowUnexported(ownGroup{})); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestVersion2Groups runs against a folder with the kernel's files: it shows what is written.
func TestVersion2Groups(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "cgroup.controllers"), []byte("cpu memory pids\n"), 0o644)
	h, err := ownGroup{v2: true, dir: dir}.claim("headgate-x")
	if err != nil || !h.memory || !h.pids {
		t.Fatalf("%+v %v", h, err)
	}
	e, err := (&cgroups{all: []*hierarchy{h}}).create("7")
	if err != nil {
		t.Fatal(err)
	}
	if err := e.limit(128); err != nil {
		t.Fatal(err)
	}
	defer e.fd.Close()
	os.WriteFile(filepath.Join(dir, "headgate-x/7/memory.events"), []byte("low 0\noom 2\noom_kill 1\n"), 0o644)
	if e.oomKills() != 1 {
		t.Errorf("%d kills", e.oomKills())
	}
	for file, want := range map[string]string{
		"cgroup.subtree_control": "+memory +pids", "headgate-x/cgroup.subtree_control": "+memory +pids",
		"headgate-x/7/memory.max": "134217728", "headgate-x/7/memory.swap.max": "0", "headgate-x/7/pids.max": "1024",
	} {
		if b, _ := os.ReadFile(filepath.Join(dir, file)); string(b) != want {
			t.Errorf("%s: %q, want %q", file, b, want)
		}
	}
}

// TestCloningIntoAVersion2Group uses the real hierarchy, where only the controllers may be absent.
func TestCloningIntoAVersion2Group(t *testing.T) {
	own, err := ownGroups()
	if err != nil {
		t.Skip(err)
	}
	for _, m := range own {
		if !m.v2 {
			continue
		}
		dir := filepath.Join(m.dir, "headgate-test")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Skipf("no right to make a group: %v", err)
		}
		defer os.Remove(dir)
		s := newSandbox(t, Config{})
		defer s.groups.close()
		s.groups = &cgroups{all: []*hierarchy{{v2: true, dir: dir}}}
		s.spawner.groups = s.groups
		withoutSpares(s)
		out, x := sh(t, s, Spec{}, "cat /proc/self/cgroup")
		if x.Code != 0 || !strings.Contains(out, "/headgate-test/") {
			t.Errorf("%q", out)
		}
		s.Close()
		return
	}
	t.Skip("no version 2 hierarchy is mounted here")
}
