package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/headgate/headgate/internal/sandbox/boot"
)

// Spec describes an environment. Paths are the host's.
type Spec struct {
	ID         string   // unique among the running ones
	CodeDir    string   // → /var/task, read-only
	RuntimeDir string   // → /var/runtime, read-only; empty for none
	Layers     []string // → /opt, read-only, merged; a later one wins
	ReadOnly   []string // visible at the same path, e.g. an interpreter outside /usr
	MemoryMB   int      // 0 sets no limit
	TmpMB      int      // size of /tmp; 0 means 512. It counts as memory
	Output     func(line []byte)
}

// Command is a process to run in an environment.
type Command struct {
	Name string   // for Exit, e.g. "runtime"
	Argv []string // Argv[0] is a path inside the environment
	Env  []string // the whole environment: nothing is inherited
	Dir  string   // empty means the code's folder
}

// Paths tells where an environment's processes find things: Lambda's own places, or the host's
// where Isolated is false.
type Paths struct{ Task, Runtime, Opt, Tmp string }

const (
	readOnly = boot.AttrReadOnly | boot.AttrNoSuid | boot.AttrNoDev
	maxFiles = 1024 // open files, as on Lambda
)

// PathsOf tells where the processes of an environment started with spec will find things.
func (s *Sandbox) PathsOf(spec Spec) Paths {
	if s.isolated {
		return Paths{Task: "/var/task", Runtime: "/var/runtime", Opt: "/opt", Tmp: "/tmp"}
	}
	p := Paths{Task: spec.CodeDir, Runtime: spec.RuntimeDir, Opt: "/opt", Tmp: filepath.Join(s.cfg.Dir, "tmp", spec.ID)}
	if len(spec.Layers) > 0 {
		p.Opt = spec.Layers[len(spec.Layers)-1]
	}
	return p
}

// oldRoot is where an environment sees the host until it is a function's.
const oldRoot = "/mnt"

// ownPort is the Runtime API's in an environment that has a network of its own.
const ownPort = 9001

// OwnNetwork tells the address on which an environment's Listener will listen; ok is false where
// environments share the host's network and have none.
func (s *Sandbox) OwnNetwork() (addr string, ok bool) {
	return "127.0.0.1:" + strconv.Itoa(ownPort), s.cfg.Network && s.isolated
}

// foundation is the message for everything that does not depend on the function: it ends in the
// new root, with the host at oldRoot and a process that waits for its command.
func (s *Sandbox) foundation(p *Process) (m []byte, err error) {
	if !s.isolated {
		return nil, nil
	}
	uid, gid := boot.InnerUID, boot.InnerGID
	if s.root && !s.userns {
		uid, gid = p.uid, p.uid
	}
	root, err := s.roots.get(p.points, uid, gid)
	if err != nil {
		return nil, err
	}
	add := func(words ...string) { m = boot.Encode(m, words...) }
	ro := strconv.Itoa(readOnly)
	add(boot.Private)
	add(boot.Tree, root, root, ro)
	for _, d := range append(slices.Clone(system), p.points...) {
		if fi, err := os.Lstat(d); err == nil && fi.Mode()&os.ModeSymlink == 0 {
			add(boot.Tree, d, root+d, ro)
		}
	}
	for _, h := range s.hidden(p.points) {
		add(boot.Mount, "tmpfs", root+h, "tmpfs", strconv.Itoa(unix.MS_RDONLY), "mode=0,size=4k")
	}
	for _, d := range devices {
		add(boot.Tree, "/dev/"+d, root+"/dev/"+d, strconv.Itoa(boot.AttrNoSuid|boot.AttrNoExec))
	}
	add(boot.Mount, "proc", root+"/proc", "proc", strconv.Itoa(unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC), "")
	add(boot.Pivot, root, strings.TrimPrefix(oldRoot, "/"))
	if s.cfg.Network {
		add(boot.Loopback)
		add(boot.Listen, strconv.Itoa(ownPort))
	}
	add(boot.Hostname, "localhost")
	s.limits(add)
	add(append([]string{boot.Launch}, p.ids()...)...)
	return m, nil
}

// plan is the message for the rest, up to the commands.
func (s *Sandbox) plan(p *Process) (m []byte, err error) {
	spec := p.spec
	add := func(words ...string) { m = boot.Encode(m, words...) }
	if !s.isolated {
		if err := os.MkdirAll(s.PathsOf(spec).Tmp, 0o700); err != nil {
			return nil, fmt.Errorf("sandbox: %w", err)
		}
		s.limits(add)
	}
	if spec.MemoryMB > 0 && !s.groups.memory() {
		// RLIMIT_AS would keep node from starting. Runtimes reserve more than they use, so the
		// bound is generous; it stops the runaway, not the overdraft.
		add(boot.Data, strconv.Itoa((spec.MemoryMB+384)<<20))
	}
	if !s.isolated {
		return m, nil
	}
	tmp := spec.TmpMB
	if tmp <= 0 {
		tmp = 512
	}
	add(boot.Mount, "tmpfs", "/tmp", "tmpfs", strconv.Itoa(unix.MS_NOSUID|unix.MS_NODEV), fmt.Sprintf("mode=1777,size=%dm", tmp))
	layers(add, spec.Layers, p.points)
	ro := strconv.Itoa(readOnly)
	if spec.CodeDir != "" {
		add(boot.Tree, oldRoot+spec.CodeDir, "/var/task", ro)
	}
	if spec.RuntimeDir != "" {
		add(boot.Tree, oldRoot+spec.RuntimeDir, "/var/runtime", ro)
	}
	add(boot.Detach, oldRoot)
	return m, nil
}

// limits sets the resource limits that all functions share, and gives up what nothing needs from
// here on.
func (s *Sandbox) limits(add func(...string)) {
	set := func(resource, value int) { add(boot.Rlimit, strconv.Itoa(resource), strconv.Itoa(value)) }
	set(unix.RLIMIT_NOFILE, maxFiles)
	set(unix.RLIMIT_CORE, 1) // and not 0: see boot's filter
	if s.isolated {
		set(unix.RLIMIT_NPROC, maxProcesses) // counted per user id and user namespace: one of them is the environment's own
	}
	add(boot.Lock)
}

// ids are the words of Launch and Exec that say under which ids a process runs.
func (p *Process) ids() []string {
	userns := "0"
	if p.s.userns && p.uid > 0 {
		userns = "1"
	}
	return []string{strconv.Itoa(p.uid), strconv.Itoa(p.uid), userns}
}

// ours are the places that an environment fills itself: nothing of the host can appear there.
var ours = []string{"/proc", "/dev", "/tmp", "/mnt", "/etc", "/var/task", "/var/runtime"}

// points are the mount points of ReadOnly: cleaned, sorted, without what /usr shows anyway and
// without those below another.
func points(paths []string) (out []string, err error) {
	sorted := make([]string, len(paths))
	for i, p := range paths {
		sorted[i] = filepath.Clean(p)
	}
	slices.Sort(sorted)
	for _, p := range slices.Compact(sorted) {
		if p == "/" || slices.ContainsFunc(ours, func(d string) bool { return under(p, d) || under(d, p) }) {
			return nil, fmt.Errorf("sandbox: %s cannot be shown to functions: the place is an environment's own", p)
		}
		if !slices.ContainsFunc(append(slices.Clone(system), out...), func(d string) bool { return under(p, d) }) {
			out = append(out, p)
		}
	}
	return out, nil
}

// hidden are the hidden paths that lie below something visible.
func (s *Sandbox) hidden(points []string) (out []string) {
	for _, h := range append([]string{s.cfg.Dir}, s.cfg.Hidden...) {
		if real, err := filepath.EvalSymlinks(h); err == nil {
			h = real
		}
		if slices.ContainsFunc(append(slices.Clone(points), system...), func(d string) bool { return under(h, d) }) && !slices.Contains(out, h) {
			out = append(out, h)
		}
	}
	return out
}

// layers mounts /opt. Several layers, or one beside an interpreter that lives in the host's /opt,
// are merged by an overlay without an upper folder: it cannot be written.
func layers(add func(...string), dirs, points []string) {
	inOpt := slices.DeleteFunc(slices.Clone(points), func(p string) bool { return !under(p, "/opt") })
	switch {
	case len(dirs) == 0:
	case len(dirs) == 1 && len(inOpt) == 0:
		add(boot.Tree, oldRoot+dirs[0], "/opt", strconv.Itoa(readOnly))
	default:
		var lower []string
		for _, d := range slices.Backward(dirs) { // the first lower folder is the topmost
			lower = append(lower, strings.NewReplacer(`\`, `\\`, ":", `\:`, ",", `\,`).Replace(oldRoot+d))
		}
		lower = append(lower, "/opt") // the mount points below, and a second folder where one is needed
		add(boot.Mount, "overlay", "/opt", "overlay", strconv.Itoa(unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV), "lowerdir="+strings.Join(lower, ":"))
		for _, p := range inOpt {
			add(boot.Tree, oldRoot+p, p, strconv.Itoa(readOnly))
		}
	}
}
