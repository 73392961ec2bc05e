package asl

// Pending tells about a task under way: what does it, and whether it was submitted (.sync, .waitForTaskToken).
func (m *StateMachine) Pending(x *Execution, taskID string) (r Resource, submitted, ok bool) {
	f := x.frameOfTask(taskID)
	if f == nil {
		return r, false, false
	}
	s := &stepper{m: m, x: x}
	return s.state(f).Task.Resource, f.Task.Submitted, true
}

// Apart is the frame as a store may keep it that has a row for each frame: without how far its group is, which the
// children's frames tell. Join is the way back.
func (f *Frame) Apart() *Frame {
	if f.Group == nil {
		return f
	}
	out, g := *f, *f.Group
	g.Children, g.Next, g.Done = nil, 0, 0
	out.Group = &g
	return &out
}

// Join tells the groups of frames that were kept apart about their children.
func (x *Execution) Join() {
	for _, f := range x.Frames {
		parent := x.Frames[f.Parent]
		if parent == nil || parent.Group == nil {
			continue
		}
		g := parent.Group
		for len(g.Children) <= f.Index {
			g.Children = append(g.Children, 0)
		}
		g.Children[f.Index] = f.ID
		g.Next = max(g.Next, f.Index+1)
		if f.Phase == PhaseDone {
			g.Done++
		}
	}
}
