package asl

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// Outcome is what follows from an event.
type Outcome struct {
	History  []HistoryEvent // to append, in order
	Commands []Command      // to do, after the execution's state is safe
	// Changed are frames that were made or changed, for stores that keep them apart. How far a group is, is no change of
	// the frame around it (see Frame.Apart): so a Map state's items are stored once.
	Changed []int64
	Removed []int64 // frames that went
}

// New makes an execution that waits for Start. The input must be JSON.
func New(info Info, input Text) *Execution {
	return &Execution{Info: info, Input: input, Status: Running, Frames: map[int64]*Frame{}}
}

// Step lets an event happen to an execution: x is changed in place, and what else must be done is returned. The
// same execution, event and time give the same outcome; nothing else is read. Events for tasks that are no longer
// awaited, and any event after the end, change nothing.
func (m *StateMachine) Step(x *Execution, ev Event, now time.Time) Outcome {
	s := &stepper{m: m, x: x, now: now.UTC().Truncate(time.Millisecond)}
	if _, redrive := ev.(Redrive); x.Status == Running || redrive {
		s.handle(ev)
		s.run()
	}
	return s.finish()
}

type stepper struct {
	m   *StateMachine
	x   *Execution
	now time.Time
	out Outcome

	queue   []*Frame // frames that are ready to go on, in order
	touched map[int64]bool
	removed map[int64]bool

	inspect   *Inspection // of TestState
	overrides *jsonvalue.Object
}

func (s *stepper) finish() Outcome {
	for id := range s.removed {
		s.out.Removed = append(s.out.Removed, id)
	}
	for id := range s.touched {
		if !s.removed[id] {
			s.out.Changed = append(s.out.Changed, id)
		}
	}
	slices.Sort(s.out.Removed)
	slices.Sort(s.out.Changed)
	return s.out
}

func (s *stepper) touch(f *Frame) {
	if s.touched == nil {
		s.touched = map[int64]bool{}
	}
	s.touched[f.ID] = true
}

func (s *stepper) remove(f *Frame) {
	if s.removed == nil {
		s.removed = map[int64]bool{}
	}
	s.removed[f.ID] = true
	delete(s.x.Frames, f.ID)
}

func (s *stepper) handle(ev Event) {
	switch ev := ev.(type) {
	case Start:
		s.start()
	case Wake:
		s.wake()
	case TaskStarted:
		s.taskStarted(ev)
	case TaskSubmitted:
		s.taskSubmitted(ev)
	case TaskSucceeded:
		s.taskSucceeded(ev)
	case TaskFailed:
		s.taskFailed(ev)
	case TaskHeartbeat:
		if f := s.x.frameOfTask(ev.TaskID); f != nil && f.Task.HeartbeatSeconds > 0 {
			f.Task.HeartbeatAt = s.now.Add(time.Duration(f.Task.HeartbeatSeconds) * time.Second)
			s.touch(f)
		}
	case MapRunEnded:
		s.mapRunEnded(ev)
	case Stop:
		s.end(Aborted, ev.Error, ev.Cause, s.stopPrevious())
	case Redrive:
		s.redrive()
	}
}

// stopPrevious is the event that an end from outside follows: 0, as on AWS.
func (s *stepper) stopPrevious() int64 { return 0 }

func (s *stepper) start() {
	x := s.x
	if x.LastEvent > 0 {
		return
	}
	x.StartedAt = s.now
	if s.m.TimeoutSeconds > 0 {
		x.TimeoutAt = s.now.Add(time.Duration(s.m.TimeoutSeconds) * time.Second)
	}
	s.history(0, HistoryEvent{Type: "ExecutionStarted", Input: ptr(x.Input.String()), RoleARN: x.RoleARN,
		StateMachineVersionARN: x.VersionARN, StateMachineAliasARN: x.AliasARN})
	s.spawn(&Frame{State: s.m.StartAt, Input: x.Input})
}

// spawn adds a frame and lets it run.
func (s *stepper) spawn(f *Frame) *Frame {
	s.x.LastFrame++
	f.ID = s.x.LastFrame
	f.Phase = PhaseReady
	s.x.Frames[f.ID] = f
	s.touch(f)
	s.queue = append(s.queue, f)
	return f
}

// run lets ready frames go on until all wait.
func (s *stepper) run() {
	for len(s.queue) > 0 && s.x.Status == Running {
		f := s.queue[0]
		s.queue = s.queue[1:]
		for s.x.Status == Running && s.x.Frames[f.ID] == f && f.Phase == PhaseReady {
			s.enter(f)
		}
	}
	s.queue = nil
}

// wake does what is due.
func (s *stepper) wake() {
	due := func(t time.Time) bool { return !t.IsZero() && !t.After(s.now) }
	if due(s.x.TimeoutAt) {
		s.end(TimedOut, "", "", s.stopPrevious())
		return
	}
	for _, f := range s.x.sortedFrames() {
		if s.x.Status != Running || s.x.Frames[f.ID] != f {
			continue
		}
		switch {
		case f.Phase == PhaseWaiting && due(f.WakeAt):
			f.WakeAt = time.Time{}
			s.waited(f)
		case f.Phase == PhaseRetrying && due(f.WakeAt):
			f.WakeAt = time.Time{}
			s.execute(f)
		case f.Phase == PhaseTask && due(f.Task.TimeoutAt):
			s.taskTimedOut(f, ErrTimeout)
		case f.Phase == PhaseTask && due(f.Task.HeartbeatAt):
			s.taskTimedOut(f, ErrHeartbeat)
		}
		s.run()
	}
}

// scope finds the states among which a frame's state is named.
func (s *stepper) scope(f *Frame) *Scope {
	if f.Parent == 0 {
		return &s.m.Scope
	}
	parent := s.x.Frames[f.Parent]
	st := s.scope(parent).States[parent.State]
	if st.Map != nil {
		return &st.Map.Processor
	}
	return &st.Parallel.Branches[f.Index]
}

func (s *stepper) state(f *Frame) *State { return s.scope(f).States[f.State] }

// history appends an event that follows another, and returns its id.
func (s *stepper) history(previous int64, e HistoryEvent) int64 {
	s.x.LastEvent++
	e.ID, e.PreviousEventID, e.Timestamp = s.x.LastEvent, previous, s.now
	s.out.History = append(s.out.History, e)
	return e.ID
}

// note appends an event that follows the frame's last and becomes it.
func (s *stepper) note(f *Frame, e HistoryEvent) int64 {
	f.Previous = s.history(f.Previous, e)
	s.touch(f)
	return f.Previous
}

// random draws a number that depends on the execution and on how many were drawn before, so that a step
// repeated after a crash draws the same.
func (s *stepper) random() uint64 {
	s.x.Randomness++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", s.x.ARN, s.x.StartedAt.UnixMilli(), s.x.Randomness))
	return binary.BigEndian.Uint64(sum[:])
}

func (s *stepper) command(c Command) { s.out.Commands = append(s.out.Commands, c) }

func ptr[T any](v T) *T { return &v }

// frameKey is a task's id: its frame, and the event that scheduled it.
func frameKey(f *Frame, event int64) string {
	return strconv.FormatInt(f.ID, 10) + "-" + strconv.FormatInt(event, 10)
}
