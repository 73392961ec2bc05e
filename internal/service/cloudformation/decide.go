package cloudformation

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
)

// maxParallel bounds how many resources of a stack are worked on at the same time.
const maxParallel = 40

// decide is the stack operation's decision. It is pure.
func decide(op operation, ev durable.Event, now time.Time) durable.Decision[operation] {
	d := &decider{op: &op, now: now.UnixMilli()}
	switch ev.Name {
	case durable.Started:
		d.begin()
	case signalCancel:
		if op.Phase == phaseForward && op.Goal == goalUpdate && op.Cancelled == "" {
			op.Cancelled = "User Initiated"
		}
	case signalDelete:
		if op.Goal == goalCreate && !op.Deleting {
			op.Deleting = true
			op.Cancelled = "User Initiated"
			d.status("DELETE_IN_PROGRESS", "User Initiated")
		}
	case effectEvaluate, effectApply, effectCheck:
		d.result(ev)
	case effectPublish:
		d.published(ev)
	}
	limited := op.Deadline > 0 && op.Phase == phaseForward && op.Cancelled == ""
	if limited && d.now >= op.Deadline {
		op.Cancelled, limited = "Stack creation time exceeded the specified timeout.", false
	}
	for !d.done && d.advance() {
	}
	decision := durable.Decision[operation]{State: op, Rows: d.rows, Notices: d.notices, Effects: d.effects, Done: d.done}
	if limited {
		decision.WakeAt = time.UnixMilli(op.Deadline)
	}
	return decision
}

// decider gathers what a decision comes to.
type decider struct {
	op      *operation
	now     int64
	rows    []db.Stmt
	notices []db.Notice
	effects []durable.Effect
	done    bool
}

func (d *decider) begin() {
	switch d.op.Goal {
	case goalDelete:
		d.enter(phaseDelete, d.removeAll())
	case goalRollback:
		d.enter(phaseRestore, d.restoreTasks())
	default:
		tasks := map[string]*task{}
		for id, s := range d.op.Steps {
			if s.New {
				tasks[id] = &task{Kind: taskConverge, After: s.Deps}
			}
		}
		d.enter(phaseForward, tasks)
	}
}

func (d *decider) enter(p phase, tasks map[string]*task) { d.op.Phase, d.op.Tasks = p, tasks }

// advance starts what can start and, when nothing is under way any more, enters the next phase. It
// reports whether to look again.
func (d *decider) advance() bool {
	op := d.op
	if op.Phase == phasePublish {
		return false
	}
	hold := op.Phase == phaseForward && (op.Cancelled != "" || d.failing())
	active := 0
	for _, t := range op.Tasks {
		if t.active() {
			active++
		}
	}
	for _, id := range slices.Sorted(maps.Keys(op.Tasks)) {
		t := op.Tasks[id]
		switch {
		case hold && t.State == taskCheck && !t.Hurried:
			t.Hurried = true
			d.effect(effectCancel, "", d.args(id, t))
		case hold || t.State != taskWaiting || active >= maxParallel || !d.ready(t):
		default:
			d.start(id, t)
			if t.active() {
				active++
			} else {
				return true // done at once: others may be ready now
			}
		}
	}
	if active > 0 {
		return false
	}
	d.next()
	return true
}

func (d *decider) ready(t *task) bool {
	for _, id := range t.After {
		if other := d.op.Tasks[id]; other != nil && other.State != taskDone {
			return false
		}
	}
	return true
}

func (d *decider) failing() bool { return len(d.failed()) > 0 }

// failed lists the tasks of this phase that failed.
func (d *decider) failed() []string {
	var out []string
	for id, t := range d.op.Tasks {
		if t.State == taskFailed {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// start begins a task.
func (d *decider) start(id string, t *task) {
	s := d.op.Steps[id]
	t.Token = fmt.Sprintf("%s-%s-%s", d.op.ID, d.op.Phase, id)
	switch t.Kind {
	case taskConverge:
		t.State = taskEvaluate
		t.Effect = d.effect(effectEvaluate, id, d.args(id, t))
	case taskRestore:
		d.restore(id, s, t)
	case taskRemove:
		d.remove(id, s, t)
	}
}

func (d *decider) args(id string, t *task) effectArgs {
	s := d.op.Steps[id]
	a := effectArgs{Caller: d.op.Caller, StackID: d.op.StackID, StackName: d.op.StackName, Logical: id, Type: s.Type,
		Slot: slotCurrent, Action: t.Action, Physical: s.Physical, Token: t.Token, Old: s.Old, Force: s.Force, Progress: t.Progress}
	if t.Slot != "" {
		a.Slot = t.Slot
	}
	if a.Slot == slotPrevious || a.Slot == slotDiscarded {
		a.Physical = s.OldPhysical
	}
	return a
}

// effect decides on an effect and returns its id.
func (d *decider) effect(name, logical string, args effectArgs) string {
	d.op.Effects++
	id := fmt.Sprintf("%04d/%s/%s", d.op.Effects, logical, name)
	d.effects = append(d.effects, durable.Effect{ID: id, Name: name, Args: args})
	return id
}

// apply has the handler act.
func (d *decider) apply(id string, t *task, action string) {
	t.State, t.Action = taskApply, action
	t.Effect = d.effect(effectApply, id, d.args(id, t))
}

// restore sets a resource back to what it was.
func (d *decider) restore(id string, s *step, t *task) {
	if s.Done == replaced { // the one before still exists: it is only taken up again
		d.resource(id, s.Type, s.OldPhysical, "UPDATE_IN_PROGRESS", "", nil)
		d.discard(id)
		s.Physical, s.OldPhysical = s.OldPhysical, s.Physical
		t.State = taskDone
		d.resource(id, s.Type, s.Physical, "UPDATE_COMPLETE", "", nil)
		return
	}
	d.resource(id, s.Type, s.Physical, "UPDATE_IN_PROGRESS", "", nil)
	d.apply(id, t, "restore")
}

// remove deletes a resource, or leaves it alone if its policy says so.
func (d *decider) remove(id string, s *step, t *task) {
	physical := s.Physical
	if t.Slot != slotCurrent {
		physical = s.OldPhysical
	}
	if physical == "" { // never made
		t.State = taskDone
		d.removed(id, t)
		return
	}
	if d.retained(id, s, t) {
		t.State = taskDone
		d.event(id, s.Type, physical, "DELETE_SKIPPED", "", nil)
		if t.Slot == slotCurrent {
			d.resourceStatus(id, "DELETE_SKIPPED", "")
		}
		d.removed(id, t)
		return
	}
	d.event(id, s.Type, physical, "DELETE_IN_PROGRESS", "", nil)
	if t.Slot == slotCurrent {
		d.resourceStatus(id, "DELETE_IN_PROGRESS", "")
	}
	d.apply(id, t, "delete")
}

func (d *decider) retained(id string, s *step, t *task) bool {
	op := d.op
	switch {
	case op.Phase == phaseDelete:
		if op.Deleting {
			return s.Deletion == "Retain" && !op.RetainExceptOnCreate
		}
		return slices.Contains(op.Retain, id) || s.Deletion == "Retain" || s.Deletion == "RetainExceptOnCreate"
	case t.Slot == slotPrevious: // replaced
		return s.Replacement == "Retain"
	case op.Phase == phaseUndo || op.Phase == phaseRestoreCleanup: // made by this very operation
		return s.Deletion == "Retain" && !op.RetainExceptOnCreate
	}
	return s.Deletion == "Retain" || s.Deletion == "RetainExceptOnCreate"
}
