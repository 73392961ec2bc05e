package rollout

import "slices"

func (d *decision) rollsBackOn(e RollbackEvent) bool {
	return slices.Contains(d.s.Spec.RollbackOn, e)
}

func (d *decision) stopOnAlarm(names []string, f Failure) {
	d.s.ActiveAlarms = names
	d.end(Stopped, f, d.rollsBackOn(OnStopOnAlarm))
}

func (d *decision) hookFailed(l LifecycleName, why string) {
	d.end(Failed, hookFailed(l, d.s.Spec.hook(l), why), d.rollsBackOn(OnFailure))
}

// end settles the outcome: the lifecycle event in progress failed and the later ones are skipped.
// What an unanswered SetAlias did to the alias is not known yet, so the rest waits for it.
func (d *decision) end(status Status, f Failure, rollback bool) {
	s, now := &d.s, d.now
	for i := range s.Lifecycle {
		ev := &s.Lifecycle[i]
		switch ev.Status {
		case EventInProgress:
			ev.Status, ev.EndTime, ev.Message = EventFailed, &now, f.Message
		case EventPending:
			ev.Status = EventSkipped
		}
	}
	// A rollback that fails is not rolled back: that would go on for ever.
	rollback = rollback && s.Spec.RollbackOf == "" && s.Spec.RollbackDeploymentID != ""
	s.Inspecting = false
	s.Ending = &Ending{Status: status, Failure: f, Rollback: rollback}
	if s.Shift == nil {
		d.finish()
	}
}

// finish carries the ending out. Without a rollback the alias stays as it is, weighted perhaps
// (FACTS §3: the next deployments fail until somebody cleans it).
func (d *decision) finish() {
	s := &d.s
	end := *s.Ending
	s.Ending = nil
	s.Status, s.Failure, s.CompletedAt = end.Status, &end.Failure, d.now
	if end.Rollback {
		id, by := s.Spec.DeploymentID, s.Spec.RollbackDeploymentID
		s.Rollback = &RollbackInfo{
			RollbackDeploymentID: by,
			RollbackMessage:      "Deployment " + id + " terminated. Automatic rollback is triggered with a DeploymentId " + by + ".",
		}
		d.do(Action{ID: rollbackID(s), Kind: StartRollback, Rollback: s.Rollback})
	}
	d.do(Action{ID: finishID(s), Kind: Finish, Final: &Final{end.Status, end.Failure.Code, end.Failure.Message}})
}
