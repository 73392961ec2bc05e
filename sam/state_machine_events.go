package sam

import (
	"github.com/headgate/headgate/internal/template/tree"
)

// machineEvent expands one event source of a state machine. What calls needs a role: states, other than
// functions, have no permissions of their own.
type machineEvent struct {
	source
	m *stateMachine
}

func (m *stateMachine) events() error {
	sources, err := m.sources(func(r *resource) { m.out = append(m.out, r) }, eventError)
	if err != nil {
		return err
	}
	for _, s := range sources {
		if err := (&machineEvent{s, m}).expand(); err != nil {
			return err
		}
	}
	return nil
}

func (e *machineEvent) expand() error {
	switch e.typ {
	case "Schedule":
		return e.schedule()
	case "CloudWatchEvent", "EventBridgeRule":
		return e.rule()
	case "ScheduleV2":
		return e.scheduler(e.m.target(), "states:StartExecution", "StartExecutionPolicy")
	case "Api":
		return e.api()
	}
	return e.fail("Resource dict has missing or invalid value for key Type. Event Type is: %s.", e.typ)
}

// target is what is started: the state machine, or its alias if UseAliasAsEventTarget says so.
func (m *stateMachine) target() *tree.Node {
	if m.alias != nil && m.get("UseAliasAsEventTarget").Bool() {
		return ref(m.alias.id)
	}
	return ref(m.id)
}

func (e *machineEvent) schedule() error {
	if err := e.known("Schedule Input Enabled State Name Description DeadLetterConfig RetryPolicy Target RoleArn", "Schedule"); err != nil {
		return err
	}
	props := tree.NewMap("ScheduleExpression", e.get("Schedule").Clone())
	if err := e.state(props); err != nil {
		return err
	}
	copyAll(props, e.props, "Name", "Description")
	return e.eventsRule(props, "Input")
}

func (e *machineEvent) rule() error {
	if err := e.known("EventBusName RuleName Pattern Input InputPath DeadLetterConfig RetryPolicy State Target InputTransformer RoleArn"); err != nil {
		return err
	}
	props := tree.NewMap()
	copyAll(props, e.props, "EventBusName", "State")
	for _, n := range [][2]string{{"Pattern", "EventPattern"}, {"RuleName", "Name"}} {
		if v := e.get(n[0]); v != nil {
			props.Set(n[1], v.Clone())
		}
	}
	return e.eventsRule(props, "Input", "InputPath", "InputTransformer")
}

// eventsRule makes the AWS::Events::Rule and what belongs to it.
func (e *machineEvent) eventsRule(props *tree.Node, inputs ...string) error {
	target := tree.NewMap("Arn", e.m.target(), "Id", e.targetID("StepFunctionsTarget"))
	rule := e.make("", "AWS::Events::Rule", props)
	if given := e.get("RoleArn"); given.Truthy() {
		target.Set("RoleArn", given.Clone())
	} else {
		target.Set("RoleArn", getAtt(e.startRole("events.amazonaws.com").id, "Arn"))
	}
	copyAll(target, e.props, inputs...)
	if d := e.get("DeadLetterConfig"); d != nil {
		arn, err := e.deadLetters(d, rule)
		if err != nil {
			return err
		}
		target.Set("DeadLetterConfig", tree.NewMap("Arn", arn))
	}
	copyAll(target, e.props, "RetryPolicy")
	props.Set("Targets", tree.NewList(target))
	return nil
}

// startRole is the role in which a service starts executions.
func (e *machineEvent) startRole(service string) *resource {
	return e.callerRole(service, e.m.get("PermissionsBoundary"), allowing(e.id+"RoleStartExecutionPolicy", "states:StartExecution", e.m.target()))
}
