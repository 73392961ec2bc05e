package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/headgate/headgate/internal/sandbox/boot"
)

// Config configures a Sandbox.
type Config struct {
	Dir    string   // a folder of its own; what a killed predecessor left there is removed
	Hidden []string // paths that no environment may see, e.g. the data folder; Dir is always hidden

	// Network gives each environment an empty network namespace, without a way out. By default
	// functions share the host's network, as they need it to reach the platform.
	Network bool

	// AllowUnisolated runs functions as plain processes of the platform's user where the kernel
	// refuses namespaces. Without it New fails there.
	AllowUnisolated bool
	Logger          *slog.Logger
}

// Sandbox starts environments. All methods are safe for concurrent use.
type Sandbox struct {
	cfg      Config
	isolated bool // namespaces work
	userns   bool // as root: a user namespace below the real root
	root     bool
	missing  []string
	lock     *os.File // held for as long as Dir is ours
	roots    *roots
	groups   *cgroups
	uids     *uids // nil unless root
	spawner  *spawner
	diag     *diag

	counter atomic.Uint64 // numbers environments

	mu        sync.Mutex
	processes map[*Process]struct{}
	spares    spares
	closed    bool
}

// ErrRefused is New's error where the kernel or the account does not allow namespaces.
var ErrRefused = errors.New("sandbox: functions cannot be isolated here")

// ErrClosed is Start's error after Close.
var ErrClosed = errors.New("sandbox: closed")

// New takes Dir over, sweeps what was left there, and tries out what the kernel allows.
func New(cfg Config) (*Sandbox, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	cfg.Dir = dir
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	s := &Sandbox{cfg: cfg, root: os.Geteuid() == 0, lock: lock, diag: newDiag(), processes: map[*Process]struct{}{}}
	if s.groups, err = newCgroups(dir); err != nil {
		cfg.Logger.Debug("sandbox: no control groups", "error", err)
	}
	s.spawner = newSpawner(s.groups)
	if s.roots, err = newRoots(filepath.Join(dir, "roots")); err != nil {
		s.Close()
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if err := s.probe(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Missing lists the protections that this machine or account does not give, for the ready line.
func (s *Sandbox) Missing() []string { return s.missing }

// Isolated reports whether environments have namespaces; it is false only with AllowUnisolated.
func (s *Sandbox) Isolated() bool { return s.isolated }

// Close kills every environment and lets go of Dir.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	s.closed = true
	var all []*Process
	for p := range s.processes {
		all = append(all, p)
	}
	s.mu.Unlock()
	for _, p := range all {
		p.Kill()
	}
	for _, p := range all {
		<-p.Gone()
	}
	s.spawner.close()
	s.groups.close()
	s.uids.close()
	return s.lock.Close()
}

// probe starts an environment that runs nothing, with everything first and then with less.
func (s *Sandbox) probe() error {
	s.isolated = true
	if s.root {
		var err error
		if s.uids, err = claimUIDs(); err != nil {
			return err
		}
		s.userns = userNamespaces()
		if !s.userns {
			s.missing = append(s.missing, "user namespaces (/proc/sys/user/max_user_namespaces is 0)")
		}
	}
	if err := s.try(); err != nil {
		if !s.cfg.AllowUnisolated {
			return fmt.Errorf("%w: %w (%s)", ErrRefused, err, advice(s.root))
		}
		s.isolated, s.userns = false, false
		s.missing = append(s.missing, "namespaces: functions see the host's files and processes ("+err.Error()+")")
		if err := s.try(); err != nil {
			return fmt.Errorf("sandbox: %w", err)
		}
	}
	if !s.groups.memory() {
		s.missing = append(s.missing, "memory control group: MemorySize is only approximated (RLIMIT_DATA)")
	}
	if !s.groups.pids() && !s.isolated { // RLIMIT_NPROC does it there
		s.missing = append(s.missing, "pids control group: the number of a function's processes is unlimited")
	}
	if boot.LandlockVersion() < boot.ScopeVersion {
		s.missing = append(s.missing, "Landlock scopes (Linux 6.12): functions reach abstract Unix sockets of this machine, such as X11's")
	}
	switch fi, err := os.Stat("/proc/self/exe"); {
	case !boot.Filters():
		s.missing = append(s.missing, "system call filter: functions may make user namespaces of their own")
	case s.root && s.isolated && (err != nil || fi.Mode()&1 == 0): // see boot's start
		s.missing = append(s.missing, "a part of the system call filter (headgate's own file is not executable by others, mode 0755): functions may make user namespaces of their own")
	}
	if !s.root {
		s.missing = append(s.missing, "separate user ids (needs root): functions run under this user's id")
	}
	return nil
}

// try prepares an environment; a good one is kept as the first spare.
func (s *Sandbox) try() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	p, err := s.create(nil)
	if err != nil {
		return err
	}
	if err := p.send(ctx, boot.Encode(nil, boot.Ready), []chan error{p.expect("")}); err != nil {
		p.Kill()
		<-p.gone
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spares.kept = append(s.spares.kept, p)
	return nil
}

func advice(root bool) string {
	if root {
		return "root needs CAP_SYS_ADMIN and CAP_SETUID, and Linux 5.12 or newer; in a container, run it privileged or permit mount, pivot_root and unshare"
	}
	return "enable unprivileged user namespaces: sysctl kernel.unprivileged_userns_clone=1 (Debian), kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu 24.04), user.max_user_namespaces above 0; Linux 5.12 or newer"
}

// userNamespaces reports whether the kernel lets them be made at all.
func userNamespaces() bool {
	b, err := os.ReadFile("/proc/sys/user/max_user_namespaces")
	return err == nil && len(b) > 0 && string(b) != "0\n"
}

func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("sandbox: %s is in use by another server: %w", dir, err)
	}
	return f, nil
}
