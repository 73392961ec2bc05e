package cloudformation

import (
	"bytes"

	"github.com/headgate/headgate/internal/durable"
)

// result takes in the end of an effect of a task.
func (d *decider) result(ev durable.Event) {
	for id, t := range d.op.Tasks {
		if t.Effect != ev.EffectID || !t.active() {
			continue
		}
		t.Effect = ""
		if t.State == taskEvaluate {
			d.evaluated(id, t, ev)
		} else {
			d.applied(id, t, ev)
		}
		return
	}
}

// evaluated commits what is going to happen to a resource, and begins it.
func (d *decider) evaluated(id string, t *task, ev durable.Event) {
	s := d.op.Steps[id]
	if d.op.Cancelled != "" || d.failing() {
		t.State = taskSkipped
		return
	}
	var e evaluation
	if ev.Failure == nil {
		if err := ev.Decode(&e); err != nil {
			ev.Failure = &durable.Failure{Message: err.Error()}
		}
	}
	if ev.Failure != nil {
		if !s.Old {
			d.putResource(id, s.Type, "", document{})
		}
		d.fail(id, t, ev.Failure.Message)
		return
	}
	s.Deletion, s.Replacement = e.Doc.DeletionPolicy, e.Doc.UpdateReplacePolicy
	switch e.Action {
	case "none":
		d.putDocument(id, e.Doc)
		t.State = taskDone
		return
	case "create":
		s.Done = created
		if e.Named {
			s.Physical = e.Doc.Name
		}
		d.putResource(id, s.Type, s.Physical, e.Doc)
		d.resource(id, s.Type, "", "CREATE_IN_PROGRESS", "", e.Doc.Properties)
	case "update":
		if s.Done == unchanged {
			s.Done = updated
		}
		d.putDocument(id, e.Doc)
		d.resource(id, s.Type, s.Physical, "UPDATE_IN_PROGRESS", "", e.Doc.Properties)
	case "replace":
		s.Done, s.OldPhysical, s.Physical = replaced, s.Physical, ""
		if e.Named {
			s.Physical = e.Doc.Name
		}
		d.putResource(id, s.Type, s.Physical, e.Doc)
		d.resource(id, s.Type, s.OldPhysical, "UPDATE_IN_PROGRESS",
			"Requested update requires the creation of a new physical resource; hence creating one.", e.Doc.Properties)
	}
	d.apply(id, t, e.Action)
}

// applied takes in what a handler said.
func (d *decider) applied(id string, t *task, ev durable.Event) {
	s := d.op.Steps[id]
	var a application
	if ev.Failure == nil {
		if err := ev.Decode(&a); err != nil {
			ev.Failure = &durable.Failure{Message: err.Error()}
		}
	}
	if ev.Failure != nil {
		d.fail(id, t, ev.Failure.Message)
		return
	}
	if t.Kind != taskRemove {
		d.learn(id, s, t, a)
	}
	if a.Pending {
		again := bytes.Equal(a.Progress, t.Progress)
		t.State, t.Progress = taskCheck, a.Progress
		if !again {
			t.Hurried = false
		}
		t.Effect = d.effect(effectCheck, id, d.args(id, t))
		return
	}
	d.complete(id, s, t)
}

// learn keeps the id and attributes that a handler reported.
func (d *decider) learn(id string, s *step, t *task, a application) {
	if a.Physical != "" {
		s.Physical = a.Physical
	}
	if a.Physical != "" || a.Attributes != nil {
		d.putAttributes(id, s.Physical, a.Attributes)
	}
	if !t.Initiated && s.Physical != "" && (t.Action == "create" || t.Action == "replace") {
		t.Initiated = true
		status, reason := "CREATE_IN_PROGRESS", "Resource creation Initiated"
		if t.Action == "replace" {
			status = "UPDATE_IN_PROGRESS"
		}
		d.resource(id, s.Type, s.Physical, status, reason, nil)
	}
}

// complete ends a task well; in an operation that is failing, what had begun counts as cancelled.
func (d *decider) complete(id string, s *step, t *task) {
	if t.Kind == taskConverge && (d.op.Cancelled != "" || d.failing()) {
		d.fail(id, t, "")
		return
	}
	t.State, t.Progress = taskDone, nil
	switch t.Action {
	case "create":
		d.resource(id, s.Type, s.Physical, "CREATE_COMPLETE", "", nil)
	case "update", "replace":
		d.resource(id, s.Type, s.Physical, "UPDATE_COMPLETE", "", nil)
	case "restore":
		d.takeBack(id)
		d.resource(id, s.Type, s.Physical, "UPDATE_COMPLETE", "", nil)
	case "delete":
		physical := s.Physical
		if t.Slot != slotCurrent {
			physical = s.OldPhysical
		}
		d.event(id, s.Type, physical, "DELETE_COMPLETE", "", nil)
		if t.Slot == slotCurrent {
			d.resourceStatus(id, "DELETE_COMPLETE", "")
		}
		d.removed(id, t)
	}
}

// fail ends a task badly.
func (d *decider) fail(id string, t *task, reason string) {
	s := d.op.Steps[id]
	status, physical := "UPDATE_FAILED", s.Physical
	switch {
	case t.Kind == taskRemove:
		status = "DELETE_FAILED"
		if t.Slot != slotCurrent {
			physical = s.OldPhysical
		}
	case t.Kind == taskConverge && (t.Action == "create" || !s.Old):
		status = "CREATE_FAILED"
	}
	if t.Kind == taskConverge && (d.op.Cancelled != "" || d.failing()) {
		if reason = "Resource update cancelled"; status == "CREATE_FAILED" {
			reason = "Resource creation cancelled"
		}
	}
	t.State, t.Progress = taskFailed, nil
	d.event(id, s.Type, physical, status, reason, nil)
	if t.Kind != taskRemove || t.Slot == slotCurrent {
		d.resourceStatus(id, status, reason)
	}
}
