package sam

import (
	"slices"

	"github.com/headgate/headgate/internal/template/tree"
)

// eventInvokeConfig makes the AWS::Lambda::EventInvokeConfig with the queues and topics that its
// destinations lack, and returns the policies that the role needs to reach them.
func (f *function) eventInvokeConfig() ([]*tree.Node, error) {
	c := f.values().resolve(f.get("EventInvokeConfig"))
	if !c.Truthy() {
		return nil, nil
	}
	if !c.Is(tree.Map) {
		return nil, resourceError(f.id, "Property 'EventInvokeConfig' should be a map.")
	}
	id := f.id + "EventInvokeConfig"
	props := tree.NewMap("FunctionName", ref(f.id), "Qualifier", "$LATEST")
	r := f.make(id, "AWS::Lambda::EventInvokeConfig", props)
	if f.alias != nil {
		props.Set("Qualifier", f.alias.props.Get("Name").Clone())
		r.dependsOn = tree.NewStrings(f.alias.id)
	}
	copyAll(props, c, "MaximumEventAgeInSeconds", "MaximumRetryAttempts")
	var inline []*tree.Node
	if d := present(c.Get("DestinationConfig")); d != nil {
		out := tree.NewMap()
		for _, when := range []string{"OnSuccess", "OnFailure"} {
			dest := present(d.Get(when))
			if dest == nil {
				continue
			}
			target, policy, err := f.destination(id+when, when, dest)
			if err != nil {
				return nil, err
			}
			out.Set(when, tree.NewMap("Destination", target))
			inline = append(inline, policy)
		}
		props.Set("DestinationConfig", out)
	}
	f.add(r)
	return inline, nil
}

// destination settles where results of one kind go; id is the prefix of what is made for it.
func (f *function) destination(id, when string, dest *tree.Node) (target, policy *tree.Node, err error) {
	typ := dest.Get("Type").Str()
	if types := []string{"SQS", "SNS", "EventBridge", "Lambda", "S3Bucket"}; !slices.Contains(types, typ) {
		return nil, nil, resourceError(f.id, "'Type: %s' must be one of %s", textOf(dest.Get("Type")), pythonList(types))
	}
	target = present(dest.Get("Destination")).Clone()
	creates := typ == "SQS" || typ == "SNS"
	if target == nil && !creates {
		return nil, nil, resourceError(f.id, "Destination is required if Type is not %s", pythonList([]string{"SQS", "SNS"}))
	}
	switch {
	case creates && target == nil:
		target = f.createTarget(id, typ, "")
	case creates && isIf(target):
		args := target.Get("Fn::If").Items
		condition := args[0].Str()
		switch {
		case isNoValue(args[1]):
			args[1] = f.createTarget(id, typ, condition)
		case isNoValue(args[2]):
			// Only where the condition does not hold: the branches change places.
			not := f.t.negate(condition, f.id+"EventInvokeConfig")
			target = tree.NewMap("Fn::If", tree.NewList(tree.NewString(not), f.createTarget(id, typ, not), args[1]))
		}
	}
	return target, destinationPolicy(id, typ, target), nil
}

// createTarget makes a queue or topic and returns what to write for its ARN.
func (f *function) createTarget(id, typ, condition string) *tree.Node {
	name, service, arn := "Queue", "AWS::SQS::Queue", getAtt(id+"Queue", "Arn")
	if typ == "SNS" {
		name, service, arn = "Topic", "AWS::SNS::Topic", ref(id+"Topic")
	}
	r := f.make(id+name, service, tree.NewMap())
	if condition != "" {
		if own := f.node.Get("Condition").Str(); own != "" {
			condition = f.t.both(own, condition, id)
		}
		r.attributes.Set("Condition", tree.NewString(condition))
	}
	f.add(r)
	f.t.rewriter.part(f.id, "Destination"+name, r.id)
	return arn
}

func destinationPolicy(id, typ string, target *tree.Node) *tree.Node {
	statement := func(action string, resource *tree.Node) *tree.Node {
		return tree.NewMap("Action", action, "Effect", "Allow", "Resource", resource)
	}
	name, list := typ, tree.NewList()
	switch typ {
	case "SQS":
		list.Append(statement("sqs:SendMessage", target.Clone()))
	case "SNS":
		list.Append(statement("sns:publish", target.Clone()))
	case "Lambda":
		list.Append(statement("lambda:InvokeFunction", target.Clone()))
	case "EventBridge":
		list.Append(statement("events:PutEvents", target.Clone()))
	case "S3Bucket":
		name = "S3"
		list.Append(statement("s3:PutObject", tree.NewMap("Fn::Join", tree.NewList(tree.NewString("/"), tree.NewList(target.Clone(), tree.NewString("*"))))),
			statement("s3:ListBucket", target.Clone()))
	}
	return tree.NewMap("PolicyName", id+name+"Policy", "PolicyDocument", tree.NewMap("Statement", list))
}
