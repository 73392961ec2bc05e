package sandbox

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"time"
)

// Meter measures an environment's peak memory: the sum of its processes' peak resident sets, as
// Lambda's "Max Memory Used" counts them. The control group's own peak would count the page cache
// of every file read.
type Meter struct {
	p *Process

	mu      sync.Mutex
	pids    []int
	listed  time.Time
	sampled time.Time
	samples int
	peakKB  int
}

// The first samples are taken at every call, later ones are spaced: reading /proc costs as much as
// a short invocation.
const (
	firstSamples = 3
	samplePause  = time.Second
	listPause    = 5 * time.Second
)

// NewMeter returns the environment's meter.
func (p *Process) NewMeter() *Meter { return &Meter{p: p} }

// Add counts a peak that is known otherwise, in KiB.
func (m *Meter) Add(kb int) {
	m.mu.Lock()
	m.peakKB = max(m.peakKB, kb)
	m.mu.Unlock()
}

// PeakMB returns the peak so far in MiB, rounded up and never above the limit.
func (m *Meter) PeakMB(now time.Time) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.samples < firstSamples || now.Sub(m.sampled) > samplePause {
		m.sample(now)
	}
	mb := (m.peakKB + 1023) >> 10
	if limit := m.p.spec.MemoryMB; limit > 0 && mb > limit {
		mb = limit
	}
	return mb
}

func (m *Meter) sample(now time.Time) {
	if now.Sub(m.listed) > listPause {
		if m.pids = m.p.pids(); len(m.pids) > 0 {
			m.listed = now
		}
	}
	sum := 0
	for _, pid := range m.pids {
		sum += residentPeak(pid)
	}
	m.peakKB = max(m.peakKB, sum)
	m.sampled = now
	m.samples++
}

// residentPeak is VmHWM in KiB, 0 if the process has ended.
func residentPeak(pid int) int {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	_, b, _ = bytes.Cut(b, []byte("\nVmHWM:"))
	line, _, _ := bytes.Cut(b, []byte("\n"))
	n, _ := strconv.Atoi(string(bytes.TrimSpace(bytes.TrimSuffix(line, []byte("kB")))))
	return n
}
