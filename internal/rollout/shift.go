package rollout

import "time"

// shift asks for the alias that the schedule wants now, unless it already is so or an update is
// unanswered. After a long pause (a stopped server) it goes straight to where it should be.
func (d *decision) shift() {
	s := &d.s
	if s.Shift != nil {
		return
	}
	weight, _ := s.Spec.Traffic.At(s.TrafficStart, d.now)
	if weight <= s.Weight {
		return
	}
	s.Shifts++
	u := AliasUpdate{ID: shiftID(s), Primary: s.Spec.CurrentVersion, Percent: weight}
	if weight == 100 {
		u.Primary = s.Spec.TargetVersion
	} else {
		// Division last: 7 / 100 is the float that 0.07 is written as, 7 × 0.01 is not.
		u.AdditionalVersion, u.AdditionalWeight = s.Spec.TargetVersion, float64(weight)/100
	}
	s.Shift = &u
	d.do(Action{ID: u.ID, Kind: SetAlias, Alias: &u})
}

func (d *decision) aliasAnswered(e Event) {
	s := &d.s
	if s.Shift == nil || s.Shift.ID != e.Action {
		return
	}
	done := *s.Shift
	s.Shift = nil
	if e.Kind == KindAliasUpdated {
		s.Weight = done.Percent
	}
	switch {
	case s.Ending != nil:
		d.finish()
	case e.Kind == KindAliasUpdateFailed:
		d.end(Failed, *e.Failure, d.rollsBackOn(OnFailure))
	case s.Weight == 100:
		d.complete(1)
	}
}

// passTime applies what the clock alone decides.
func (d *decision) passTime() {
	s := &d.s
	if s.Status != InProgress || s.Ending != nil {
		return
	}
	if !d.now.Before(s.StartedAt.Add(DeploymentTimeout)) {
		d.end(Failed, Failure{Timeout, deploymentTooOld}, d.rollsBackOn(OnFailure))
		return
	}
	i := d.running()
	if i < 0 {
		return
	}
	ev := s.Lifecycle[i]
	if ev.Name == AllowTraffic {
		d.shift()
	} else if !d.now.Before(ev.StartTime.Add(HookTimeout)) {
		d.hookFailed(ev.Name, "it did not report a status within one hour.")
	}
}

// wake is the next time at which passTime would do something.
func (d *decision) wake() time.Time {
	s := &d.s
	if s.Status != InProgress || s.Ending != nil {
		return time.Time{}
	}
	wake := s.StartedAt.Add(DeploymentTimeout)
	earlier := func(t time.Time) {
		if !t.IsZero() && t.Before(wake) {
			wake = t
		}
	}
	if i := d.running(); i >= 0 {
		ev := s.Lifecycle[i]
		if ev.Name != AllowTraffic {
			earlier(ev.StartTime.Add(HookTimeout))
		} else if s.Shift == nil {
			_, next := s.Spec.Traffic.At(s.TrafficStart, d.now)
			earlier(next)
		}
	}
	return wake
}
