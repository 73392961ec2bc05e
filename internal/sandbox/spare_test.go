package sandbox

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestSparesFollowTheDemand(t *testing.T) {
	start := time.Unix(1000, 0)
	type ask struct {
		after time.Duration
		point string
	}
	for name, c := range map[string]struct {
		asks  []ask
		after time.Duration // since the last start
		want  map[string]int
	}{
		"nothing yet":            {nil, 0, map[string]int{}},
		"one start":              {[]ask{{0, "/a"}}, 0, map[string]int{"/a": quietSpares}},
		"a burst of six":         {slices.Repeat([]ask{{time.Millisecond, "/a"}}, 6), 0, map[string]int{"/a": 6}},
		"six one after another":  {slices.Repeat([]ask{{burstGap * 2, "/a"}}, 6), 0, map[string]int{"/a": quietSpares}},
		"a crowd":                {slices.Repeat([]ask{{time.Millisecond, "/a"}}, 60), 0, map[string]int{"/a": maxSpares}},
		"a burst long ago":       {slices.Repeat([]ask{{time.Millisecond, "/a"}}, 6), spareTime, map[string]int{"/a": quietSpares}},
		"other mount points":     {[]ask{{0, "/a"}, {time.Second, "/b"}}, 0, map[string]int{"/a": 1, "/b": quietSpares}},
		"others long ago":        {[]ask{{0, "/a"}, {spareTime, "/b"}}, 0, map[string]int{"/b": quietSpares}},
		"a crowd besides others": {append([]ask{{0, "/a"}}, slices.Repeat([]ask{{time.Millisecond, "/b"}}, 60)...), 0, map[string]int{"/a": 0, "/b": maxSpares}},
	} {
		t.Run(name, func(t *testing.T) {
			var s spares
			now := start
			for _, a := range c.asks {
				now = now.Add(a.after)
				s.ask([]string{a.point}, now)
			}
			got := map[string]int{}
			for _, d := range s.wanted(now.Add(c.after)) {
				got[d.points[0]] = d.want
			}
			if len(got) != len(c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
			for k, n := range c.want {
				if got[k] != n {
					t.Errorf("%v, want %v", got, c.want)
				}
			}
		})
	}
}

func TestSparesThatAreDeadOrNotWantedGo(t *testing.T) {
	dead := make(chan struct{})
	close(dead)
	a1, a2, b := &Process{points: []string{"/a"}}, &Process{points: []string{"/a"}}, &Process{points: []string{"/b"}}
	over := &Process{points: []string{"/a"}, gone: dead}
	s := spares{kept: []*Process{over, a1, a2, b}}
	want := []demand{{points: []string{"/a"}, want: 1}}
	if got := s.surplus(want); !slices.Equal(got, []*Process{over, a2, b}) || !slices.Equal(s.kept, []*Process{a1}) {
		t.Errorf("taken out %v, kept %v", got, s.kept)
	}
	if _, ok := s.missing(want); ok {
		t.Error("one more is to be made")
	}
	s.kept = []*Process{over}
	if s.pick([]string{"/a"}) != nil {
		t.Error("a dead one was handed out")
	}
}

// TestABurstFindsSpares starts more at once than are kept, and then finds as many prepared.
func TestABurstFindsSpares(t *testing.T) {
	s := newSandbox(t, Config{})
	const n = quietSpares + 2
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			p, err := s.Start(t.Context(), Spec{ID: "b", MemoryMB: 64}, Command{Name: "sleep", Argv: []string{"/bin/sleep", "1000"}, Dir: "/"})
			if err != nil {
				t.Error(err)
				return
			}
			if p.group == nil || p.UID() == 0 && s.root {
				t.Error("without groups or an id of its own")
			}
			p.Kill()
		})
	}
	wg.Wait()
	// On a slow machine the burst may have fallen apart: then fewer are kept.
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		got, preparing := len(s.spares.kept), s.spares.preparing || s.spares.due != nil
		s.mu.Unlock()
		if got >= quietSpares && got <= n && !preparing {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d are kept", got)
		}
	}
	s.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.processes) != 0 {
		t.Errorf("%d are left", len(s.processes))
	}
}

// TestAnEnvironmentIsBornInItsGroups looks at pid 1 as soon as it is there: it has never been outside
// of its limits, and the thread that started it has left them.
func TestAnEnvironmentIsBornInItsGroups(t *testing.T) {
	s := newSandbox(t, Config{})
	v1 := 0
	for range 3 {
		p, err := s.create(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range p.group.parts {
			if part.h.v2 {
				continue
			}
			v1++
			b, _ := os.ReadFile(filepath.Join(part.dir, "cgroup.procs"))
			if !slices.Contains(strings.Fields(string(b)), strconv.Itoa(p.Pid())) {
				t.Errorf("%s has %q, not %d", part.dir, b, p.Pid())
			}
			s.spawner.idle()
			b, _ = os.ReadFile(filepath.Join(part.dir, "cgroup.procs"))
			if slices.Contains(strings.Fields(string(b)), strconv.Itoa(os.Getpid())) {
				t.Errorf("this process is still in %s", part.dir)
			}
		}
		p.Kill()
		<-p.Gone()
	}
	if v1 == 0 {
		t.Skip("no version 1 hierarchy")
	}
}

// idle waits until the thread has done what it was given.
func (s *spawner) idle() {
	done := make(chan struct{})
	s.work <- func() { close(done) }
	<-done
}
