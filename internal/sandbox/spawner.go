package sandbox

import (
	"os/exec"
	"runtime"
	"sync"
)

// spawner starts every pid 1 from one thread that lives as long as the process. Pdeathsig, the
// second guard against orphans, fires when the *thread* that forked ends, and Go ends threads. For
// each start it enters the environment's control groups.
type spawner struct {
	groups *cgroups
	work   chan func()
	once   sync.Once
	over   chan struct{} // closed when the thread is in no group of ours any more
}

func newSpawner(groups *cgroups) *spawner {
	s := &spawner{groups: groups, work: make(chan func()), over: make(chan struct{})}
	go func() {
		defer close(s.over)
		runtime.LockOSThread()
		for f := range s.work {
			f()
		}
		groups.home()
		// The thread stays locked and ends with this goroutine, when no environment is left.
	}()
	return s
}

// start starts c as a member of g.
func (s *spawner) start(c *exec.Cmd, g *group) error {
	done := make(chan error, 1)
	s.work <- func() {
		defer s.groups.leave()
		err := g.enter()
		if err == nil {
			err = c.Start()
		}
		done <- err
	}
	return <-done
}

func (s *spawner) close() {
	s.once.Do(func() { close(s.work) })
	<-s.over
}
