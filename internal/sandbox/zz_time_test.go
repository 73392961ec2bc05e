package sandbox

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/headgate/headgate/internal/sandbox/boot"
)

func TestZZ(t *testing.T) {
	if os.Getenv("ZZ") == "" {
		t.Skip()
	}
	dir := t.TempDir()
	s, err := New(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n := 1
	fmt.Sscan(os.Getenv("ZZ"), &n)
	for range 8 {
		var wg sync.WaitGroup
		began := time.Now()
		ps := make([]*Process, n)
		for i := range n {
			wg.Go(func() {
				t0 := time.Now()
				p, err := s.create(nil)
				t1 := time.Now()
				if err != nil {
					t.Error(err)
					return
				}
				ch := p.expect("")
				p.socket.Write(boot.Encode(nil, boot.Ready))
				<-ch
				t.Log(i, "create", t1.Sub(t0), "ready", time.Since(t1))
				ps[i] = p
			})
		}
		wg.Wait()
		t.Log(n, "total", time.Since(began))
		if os.Getenv("ZZWAIT") != "" {
			time.Sleep(time.Hour)
		}
		k := time.Now()
		for _, p := range ps {
			p.Kill()
			<-p.Gone()
		}
		t.Log("killed", time.Since(k))
		time.Sleep(50 * time.Millisecond)
		began = time.Now()
		for range n {
			wg.Go(func() {
				c := exec.Command("/proc/self/exe")
				c.Args = []string{boot.Argv0}
				c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS}
				if err := c.Start(); err != nil {
					t.Error(err)
				}
				c.Wait()
			})
		}
		wg.Wait()
		t.Log("bare boot that exits", time.Since(began))
		time.Sleep(50 * time.Millisecond)
	}
	_ = context.Background
}
