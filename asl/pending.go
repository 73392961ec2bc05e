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
