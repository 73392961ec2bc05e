package cloudformation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/internal/durable"
)

// next enters the phase that follows one whose tasks have all ended.
func (d *decider) next() {
	op := d.op
	failed := d.failed()
	switch op.Phase {
	case phaseForward:
		if op.Deleting {
			d.enter(phaseDelete, d.removeAll())
		} else if len(failed) > 0 || op.Cancelled != "" {
			d.turnBack(d.forwardReason(failed))
		} else {
			op.Phase = phasePublish
			d.effect(effectPublish, "", effectArgs{Caller: op.Caller, StackID: op.StackID, StackName: op.StackName})
		}
	case phaseCleanup:
		d.finish("UPDATE_COMPLETE", leftBehind("Update successful.", failed))
	case phaseUndo:
		if len(failed) > 0 {
			d.finish("ROLLBACK_FAILED", failedReason("delete", failed))
		} else {
			d.finish("ROLLBACK_COMPLETE", "")
		}
	case phaseRestore:
		if len(failed) > 0 {
			d.finish("UPDATE_ROLLBACK_FAILED", failedReason("update", failed))
			return
		}
		d.status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "")
		d.enter(phaseRestoreCleanup, d.removeMade())
	case phaseRestoreCleanup:
		d.finish("UPDATE_ROLLBACK_COMPLETE", leftBehind("", failed))
	case phaseDelete, phaseDeleteRest:
		rest := d.removeRest()
		switch {
		case len(failed) > 0:
			d.finish("DELETE_FAILED", failedReason("delete", failed))
		case op.Phase == phaseDelete && len(rest) > 0:
			d.enter(phaseDeleteRest, rest)
		default:
			d.finish("DELETE_COMPLETE", "")
		}
	}
}

func failedReason(what string, ids []string) string {
	return fmt.Sprintf("The following resource(s) failed to %s: [%s]. ", what, strings.Join(ids, ", "))
}

func leftBehind(prefix string, ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return strings.TrimSpace(prefix + " One or more resources could not be deleted.")
}

// forwardReason says why the way forward ended: created ones first, as AWS does.
func (d *decider) forwardReason(failed []string) string {
	if d.op.Cancelled != "" {
		return d.op.Cancelled
	}
	var creates, updates []string
	for _, id := range failed {
		if d.op.Steps[id].Old {
			updates = append(updates, id)
		} else {
			creates = append(creates, id)
		}
	}
	reason := ""
	if len(creates) > 0 {
		reason += failedReason("create", creates)
	}
	if len(updates) > 0 {
		reason += failedReason("update", updates)
	}
	return reason
}

// published follows the outputs and exports: the way forward has been gone.
func (d *decider) published(ev durable.Event) {
	if d.op.Phase != phasePublish {
		return
	}
	if ev.Failure != nil {
		d.op.Phase, d.op.Tasks = phaseForward, map[string]*task{}
		d.turnBack(ev.Failure.Message)
		return
	}
	d.putOutputs(ev.Data)
	if d.op.Deleting {
		d.enter(phaseDelete, d.removeAll())
		return
	}
	if d.op.Goal == goalCreate {
		d.finish("CREATE_COMPLETE", "")
		return
	}
	d.status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "")
	d.enter(phaseCleanup, d.removeOld())
}

// turnBack begins the rollback, or stops where rollback is disabled.
func (d *decider) turnBack(reason string) {
	op := d.op
	if op.Goal == goalUpdate {
		if op.DisableRollback && op.Cancelled == "" {
			d.finish("UPDATE_FAILED", reason)
			return
		}
		d.status("UPDATE_ROLLBACK_IN_PROGRESS", reason)
		d.restoreDefinition()
		d.enter(phaseRestore, d.restoreTasks())
		return
	}
	switch op.OnFailure {
	case "DO_NOTHING":
		d.finish("CREATE_FAILED", reason)
	case "DELETE":
		d.status("DELETE_IN_PROGRESS", strings.TrimSpace(reason)+" Delete requested by user.")
		op.Deleting = true
		d.enter(phaseDelete, d.removeAll())
	default:
		d.status("ROLLBACK_IN_PROGRESS", strings.TrimSpace(reason)+" Rollback requested by user.")
		d.enter(phaseUndo, d.removeAll())
	}
}

// restoreTasks sets back what this operation changed, dependents before what they depend on.
func (d *decider) restoreTasks() map[string]*task {
	tasks := map[string]*task{}
	for id, s := range d.op.Steps {
		if s.Done == updated || s.Done == replaced && !s.Restored {
			tasks[id] = &task{Kind: taskRestore}
		}
	}
	d.reverse(tasks, func(s *step) []string { return s.Deps })
	return tasks
}

// removeAll deletes everything that exists: a stack's deletion, a creation's undoing.
func (d *decider) removeAll() map[string]*task {
	return d.removal(func(s *step) (string, bool) { return slotCurrent, s.Old || s.Done != unchanged })
}

// removeMade deletes what an update that is rolled back has made.
func (d *decider) removeMade() map[string]*task {
	return d.removal(func(s *step) (string, bool) {
		if s.Done == replaced {
			return slotDiscarded, true
		}
		return slotCurrent, s.Done == created
	})
}

// removeRest deletes what an update that failed half-way has left beside the current resources.
func (d *decider) removeRest() map[string]*task {
	return d.removal(func(s *step) (string, bool) {
		if s.Restored {
			return slotDiscarded, true
		}
		return slotPrevious, s.Done == replaced
	})
}

// removeOld deletes what an update has replaced, and what the new template does not have any more.
func (d *decider) removeOld() map[string]*task {
	return d.removal(func(s *step) (string, bool) {
		if s.Done == replaced {
			return slotPrevious, true
		}
		return slotCurrent, s.Old && !s.New
	})
}

func (d *decider) removal(which func(*step) (slot string, ok bool)) map[string]*task {
	tasks := map[string]*task{}
	for id, s := range d.op.Steps {
		if slot, ok := which(s); ok {
			tasks[id] = &task{Kind: taskRemove, Slot: slot}
		}
	}
	d.reverse(tasks, func(s *step) []string { return append(slices.Clone(s.Deps), s.OldDeps...) })
	return tasks
}

// reverse has each task wait for those of its dependents. Dependencies of the old and the new
// template together could form a circle; then one of them waits for nobody.
func (d *decider) reverse(tasks map[string]*task, deps func(*step) []string) {
	for _, id := range slices.Sorted(maps.Keys(tasks)) {
		for _, dep := range deps(d.op.Steps[id]) {
			if t := tasks[dep]; t != nil && !slices.Contains(t.After, id) && !waitsFor(tasks, id, dep, map[string]bool{}) {
				t.After = append(t.After, id)
			}
		}
	}
}

// waitsFor tells whether one task waits, directly or not, for the other.
func waitsFor(tasks map[string]*task, one, other string, seen map[string]bool) bool {
	if one == other {
		return true
	}
	seen[one] = true
	for _, id := range tasks[one].After {
		if !seen[id] && waitsFor(tasks, id, other, seen) {
			return true
		}
	}
	return false
}
