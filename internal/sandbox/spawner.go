package sandbox

import (
	"os/exec"
	"runtime"
	"sync"
)

// spawner starts every pid 1 from one thread that lives as long as the process. Pdeathsig, the
// second guard against orphans, fires when the *thread* that forked ends, and Go ends threads.
type spawner struct {
	work chan func()
	once sync.Once
}

func newSpawner() *spawner {
	s := &spawner{work: make(chan func())}
	go func() {
		runtime.LockOSThread()
		for f := range s.work {
			f()
		}
		// The thread stays locked and ends with this goroutine, when no environment is left.
	}()
	return s
}

func (s *spawner) start(c *exec.Cmd) error {
	done := make(chan error, 1)
	s.work <- func() { done <- c.Start() }
	return <-done
}

func (s *spawner) close() { s.once.Do(func() { close(s.work) }) }
