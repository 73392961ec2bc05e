package resource

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of a deployment preference, in percent and minutes.
const (
	maxShiftPercentage = 99
	maxShiftInterval   = 2100
	maxShiftDuration   = 2100 // of a LINEAR one, from its first increment
	maxShiftAlarms     = 100
)

// alarmTopic tells of every change of an alarm's state.
const alarmTopic = "cloudwatch.alarm"

// preference is a DeploymentPreference as far as it is known. The zero value is none.
type preference struct {
	kind                 string
	version              string
	percentage, interval int // 0: not given
	alarms               []string
	raw                  Properties
}

func preferenceOf(p Properties) preference {
	raw := p.object("DeploymentPreference")
	number := func(name string) int {
		n, _ := strconv.Atoi(raw.text(name))
		return n
	}
	return preference{kind: raw.text("Type"), version: raw.text("StateMachineVersionArn"),
		percentage: number("Percentage"), interval: number("Interval"), alarms: raw.texts("Alarms"), raw: raw}
}

func (p preference) gradual() bool { return p.kind == "CANARY" || p.kind == "LINEAR" }

// check tells what is wrong with the preference; what is not known yet counts as right.
func (p preference) check() error {
	known := func(name string) bool { _, ok := asText(p.raw[name]); return ok }
	if known("Type") && !p.gradual() && p.kind != "ALL_AT_ONCE" {
		return fmt.Errorf("#/DeploymentPreference/Type: %s is not a valid enum value", p.kind)
	}
	for _, x := range []struct {
		name       string
		value, max int
	}{{"Percentage", p.percentage, maxShiftPercentage}, {"Interval", p.interval, maxShiftInterval}} {
		if known(x.name) && (x.value < 1 || x.value > x.max) {
			return fmt.Errorf("#/DeploymentPreference/%s: %d is not between 1 and %d", x.name, x.value, x.max)
		}
		if p.gradual() && p.raw[x.name] == nil {
			return fmt.Errorf("Deployments of type '%s' require [%s] in the deployment preference.", p.kind, x.name)
		}
	}
	if len(p.alarms) > maxShiftAlarms {
		return fmt.Errorf("#/DeploymentPreference/Alarms: expected maximum item count: %d, found: %d", maxShiftAlarms, len(p.alarms))
	}
	if p.kind == "LINEAR" && p.percentage > 0 {
		if minutes := (100 + p.percentage - 1) / p.percentage * p.interval; minutes > maxShiftDuration {
			return fmt.Errorf("The linear deployment is estimated to take %d minutes, which exceeds the maximum of %d minutes. Use a higher percentage or a lower interval.",
				minutes, maxShiftDuration)
		}
	}
	return nil
}

// next is the new version's percentage after the one that it has.
func (p preference) next(weight int32) int32 {
	if weight > 0 && p.kind == "CANARY" {
		return 100
	}
	return min(100, weight+int32(p.percentage)) // #nosec G115 -- at most 99
}

// shift is the progress of a gradual deployment. It is committed before each increment, so that a
// repeat of an increment finds the weight that it was decided from:
//
//	begin ─▶ Percentage % ── Interval ─▶ … ── Interval ─▶ 100 %, done
//	              └───────────────┴── alarm, drift ─▶ Origin 100 %, failed
type shift struct {
	Origin, Target string // version ARNs
	Weight         int32  // Target's percentage, by the last increment that is committed; 0 before the first
	Began          int64  // platform milliseconds
	Shifted        int64  // when that increment was due
}

func (s shift) at(weight int32) routing { return routing{s.Target: weight, s.Origin: 100 - weight} }

// begin starts the shift away from the version that the stack last set.
func (h *machineAlias) begin(ctx context.Context, r Request, p preference) (Result, error) {
	from, err := wanted(r.Previous)
	if err != nil {
		return Result{}, err
	}
	if from[p.version] == 100 {
		return h.set(ctx, r, r.PhysicalID)
	}
	if len(from) != 1 {
		return Result{}, failf("Failed to start deployment of type '%s', invalid initial state detected. Expected the alias to be routing 100%% of traffic towards one version, but it is currently routing traffic towards two. Update the alias to route 100%% of traffic towards one version and try the deployment again.", p.kind)
	}
	s := shift{Target: p.version, Began: r.Now().UnixMilli()}
	for v := range from {
		s.Origin = v
	}
	return h.goOn(r, s, 0)
}

// goOn comes back when the next increment is due, at the latest in a minute, and whenever an alarm changes.
func (h *machineAlias) goOn(r Request, s shift, wait time.Duration) (Result, error) {
	res := aliasResult(r.PhysicalID)
	return pending(res.PhysicalID, res.Attributes, s, Pending{After: min(max(wait, time.Millisecond), time.Minute), Topic: alarmTopic})
}

// Check looks at the alarms, then makes the next increment if it is due.
func (h *machineAlias) Check(ctx context.Context, r Request) (Result, error) {
	var s shift
	if err := progress(r, &s); err != nil {
		return Result{}, err
	}
	p := preferenceOf(r.Properties)
	fired, err := h.fired(ctx, p.alarms, time.UnixMilli(s.Began))
	if err != nil {
		return Result{}, err
	}
	if len(fired) > 0 {
		if err := h.route(ctx, r, s.at(0)); err != nil {
			return Result{}, err
		}
		return Result{}, failf("Aborting deployment. The following CloudWatch alarms are in an 'ALARM' state: [%s].", strings.Join(fired, ", "))
	}
	next := p.next(s.Weight)
	if s.Weight > 0 {
		have, _, err := h.read(ctx, r.PhysicalID)
		if err != nil {
			return Result{}, err
		}
		if !have.equal(s.at(s.Weight)) && !have.equal(s.at(next)) { // the latter by a call before a kill
			return Result{}, failf("Failed to continue deployment of type '%s', drift detected. Expected routing configuration: '%s', actual routing configuration: '%s'. Ensure that UpdateStateMachineAlias is not being invoked elsewhere and try the deployment again.",
				p.kind, s.at(s.Weight), have)
		}
	}
	return h.increment(ctx, r, p, s, next)
}

func (h *machineAlias) increment(ctx context.Context, r Request, p preference, s shift, next int32) (Result, error) {
	now, interval := r.Now(), time.Duration(p.interval)*time.Minute
	due := time.UnixMilli(s.Shifted).Add(interval)
	if s.Weight == 0 {
		due = time.UnixMilli(s.Began)
	}
	if wait := due.Sub(now); wait > 0 {
		return h.goOn(r, s, wait)
	}
	if err := h.route(ctx, r, s.at(next)); err != nil {
		return Result{}, err
	}
	if next == 100 {
		return aliasResult(r.PhysicalID), nil
	}
	if now.Sub(due) > interval { // nothing ran for long: the increments that were missed are not made up for
		due = now
	}
	s.Weight, s.Shifted = next, due.UnixMilli()
	return h.goOn(r, s, due.Add(interval).Sub(now))
}

// Cancel puts the traffic back. Check then finds the alias elsewhere than it left it, and fails.
func (h *machineAlias) Cancel(ctx context.Context, r Request) error {
	var s shift
	if err := progress(r, &s); err != nil {
		return err
	}
	return h.route(ctx, r, s.at(0))
}

// fired lists the alarms that are in ALARM, or have been since the time given: one that calms down
// quickly, or while nothing runs here, counts as well. Alarms that do not exist count as quiet.
func (h *machineAlias) fired(ctx context.Context, names []string, since time.Time) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	if h.cloudwatch == nil {
		return nil, failf("DeploymentPreference: there is no CloudWatch to ask for alarms")
	}
	states, err := alarmStates(ctx, h.cloudwatch, names)
	if err != nil {
		return nil, err
	}
	history, _ := h.cloudwatch.(CloudWatchHistory)
	var out []string
	for _, a := range states {
		if !a.active && history != nil && !a.changed.Before(since) {
			if a.active, err = wentOff(ctx, history, a.name, since); err != nil {
				return nil, err
			}
		}
		if a.active {
			out = append(out, a.name)
		}
	}
	slices.Sort(out)
	return out, nil
}
