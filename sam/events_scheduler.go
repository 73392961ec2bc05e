package sam

import (
	"github.com/headgate/headgate/internal/template/tree"
)

// scheduler makes the AWS::Scheduler::Schedule of a ScheduleV2 event, for a function or a state machine,
// and the role that it acts in.
func (e *source) scheduler(target *tree.Node, action, policy string) error {
	const passed = "Description StartDate EndDate ScheduleExpressionTimezone GroupName KmsKeyArn"
	err := e.known(passed+" PermissionsBoundary ScheduleExpression FlexibleTimeWindow Name State Input RoleArn DeadLetterConfig RetryPolicy OmitName", "ScheduleExpression")
	if err != nil {
		return err
	}
	if v := e.get("OmitName"); v != nil && !v.Is(tree.Bool) {
		return resourceError(e.id, "Type of property 'OmitName' is invalid.")
	}
	props := tree.NewMap("ScheduleExpression", e.get("ScheduleExpression").Clone(), "FlexibleTimeWindow", tree.NewMap("Mode", "OFF"))
	if w := e.get("FlexibleTimeWindow"); w.Truthy() {
		props.Set("FlexibleTimeWindow", w.Clone())
	}
	copyAll(props, e.props, "State", "Description", "StartDate", "EndDate", "ScheduleExpressionTimezone", "GroupName", "KmsKeyArn")
	name := e.get("Name")
	switch {
	case e.get("OmitName").Truthy() && name != nil:
		return e.failByID("Name cannot be set when OmitName is True")
	case name != nil:
		props.Set("Name", name.Clone())
	case !e.get("OmitName").Truthy():
		props.Set("Name", tree.NewString(e.id))
	}
	e.make("", "AWS::Scheduler::Schedule", props)
	to := tree.NewMap("Arn", target)
	copyAll(to, e.props, "Input", "RetryPolicy")
	var dead *tree.Node
	if d := e.get("DeadLetterConfig"); d != nil {
		if dead, _, err = e.deadLetterQueue(d); err != nil {
			return err
		}
		to.Set("DeadLetterConfig", tree.NewMap("Arn", dead))
	}
	if role := e.get("RoleArn"); role.Truthy() {
		to.Set("RoleArn", role.Clone())
	} else {
		statements := []*tree.Node{allowing(e.id+policy, action, target.Clone())}
		if dead != nil {
			statements = append(statements, allowing(e.id+"SQSPolicy", "sqs:SendMessage", dead.Clone()))
		}
		r := e.callerRole("scheduler.amazonaws.com", e.get("PermissionsBoundary"), statements...)
		to.Set("RoleArn", getAtt(r.id, "Arn"))
	}
	props.Set("Target", to)
	return nil
}

// allowing is an inline policy of one statement.
func allowing(name, action string, on *tree.Node) *tree.Node {
	return tree.NewMap("PolicyName", name, "PolicyDocument", tree.NewMap("Statement",
		tree.NewList(tree.NewMap("Action", action, "Effect", "Allow", "Resource", on))))
}

// callerRole is the role in which a service calls the event's target.
func (e *source) callerRole(service string, boundary *tree.Node, policies ...*tree.Node) *resource {
	props := tree.NewMap("AssumeRolePolicyDocument", assumeRole(service), "Policies", tree.NewList(policies...))
	if boundary.Truthy() {
		props.Set("PermissionsBoundary", boundary.Clone())
	}
	return e.make("Role", "AWS::IAM::Role", props)
}
