package logs

import (
	"container/heap"
	"slices"
	"strings"
)

// maxHeld bounds what a scan holds of chunks whose times overlap, in bytes.
const maxHeld = 8 << 20

// run is a part of what a scan comes to, in its order; size is the memory that it keeps alive.
type run struct {
	events []found
	size   int
}

// merge brings runs into one order. Where they are more than it may hold it forgets what the scan would come to last.
type merge struct {
	ahead func(a, b place) bool
	runs  []run // a heap by the first event; none is empty
	held  int
	end   *place // what was forgotten begins here; nil: nothing was
	limit int    // of held
}

func (m *merge) Len() int { return len(m.runs) }
func (m *merge) Less(i, j int) bool {
	return m.ahead(m.runs[i].events[0].place(), m.runs[j].events[0].place())
}
func (m *merge) Swap(i, j int) { m.runs[i], m.runs[j] = m.runs[j], m.runs[i] }
func (m *merge) Push(r any)    { m.runs = append(m.runs, r.(run)) }
func (m *merge) Pop() any {
	last := len(m.runs) - 1
	r := m.runs[last]
	m.runs[last] = run{}
	m.runs = m.runs[:last]
	return r
}

// add takes a run in.
func (m *merge) add(r run) {
	if m.end != nil {
		r.events = slices.DeleteFunc(r.events, func(f found) bool { return !m.ahead(f.place(), *m.end) })
	}
	if len(r.events) == 0 {
		return
	}
	heap.Push(m, r)
	if m.held += r.size; m.held > m.limit {
		m.shrink()
	}
}

// next removes the first event and returns it.
func (m *merge) next() found {
	r := &m.runs[0]
	f := r.events[0]
	if r.events = r.events[1:]; len(r.events) > 0 {
		heap.Fix(m, 0)
		return f
	}
	m.held -= r.size
	heap.Pop(m)
	return f
}

// shrink keeps the first events, in half the memory, in one run.
func (m *merge) shrink() {
	kept := run{}
	for len(m.runs) > 0 {
		f := m.next()
		size := len(f.message) + len(f.id) + eventMemory
		if len(kept.events) > 0 && kept.size+size > m.limit/2 {
			p := place{f.at, strings.Clone(f.id)}
			m.end = &p
			break
		}
		f.message, f.id = strings.Clone(f.message), strings.Clone(f.id) // lets go of the chunk
		kept.events, kept.size = append(kept.events, f), kept.size+size
	}
	m.runs, m.held = []run{kept}, kept.size
}

// eventMemory is about what an event in memory takes besides its texts, in bytes.
const eventMemory = 120
