package sam

import (
	"github.com/headgate/headgate/internal/template/tree"
)

func (e *event) alexaSkill() error {
	if err := e.known("SkillId"); err != nil {
		return err
	}
	e.permission("alexa-appkit.amazon.com", "EventSourceToken", e.get("SkillId").Clone())
	return nil
}

func (e *event) schedule() error {
	if err := e.known("Schedule RuleName Input Enabled State Name Description DeadLetterConfig RetryPolicy RoleArn"); err != nil {
		return err
	}
	props := tree.NewMap()
	if s := e.get("Schedule"); s != nil {
		props.Set("ScheduleExpression", s.Clone())
	}
	if err := e.state(props); err != nil {
		return err
	}
	copyAll(props, e.props, "Name", "Description")
	return e.eventsRule(props, "Input")
}

func (e *event) rule() error {
	names := "EventBusName RuleName Pattern DeadLetterConfig RetryPolicy Input InputPath Target Enabled State InputTransformer"
	if err := e.known(names); err != nil {
		return err
	}
	props := tree.NewMap()
	if p := e.get("Pattern"); p != nil {
		props.Set("EventPattern", p.Clone())
	}
	copyAll(props, e.props, "EventBusName")
	if n := e.get("RuleName"); n != nil {
		props.Set("Name", n.Clone())
	}
	if err := e.state(props); err != nil {
		return err
	}
	return e.eventsRule(props, "Input", "InputPath", "InputTransformer")
}

// state sets State out of State or the older Enabled.
func (e *source) state(props *tree.Node) error {
	state, enabled := e.get("State"), e.get("Enabled")
	switch {
	case state != nil && enabled != nil:
		return e.fail("State and Enabled Properties cannot both be specified.")
	case state != nil:
		props.Set("State", state.Clone())
	case enabled != nil:
		word := "DISABLED"
		if enabled.Truthy() {
			word = "ENABLED"
		}
		props.Set("State", tree.NewString(word))
	}
	return nil
}

// eventsRule makes the AWS::Events::Rule, the queue for what could not be delivered, and the
// permission.
func (e *event) eventsRule(props *tree.Node, inputs ...string) error {
	target := tree.NewMap("Arn", e.functionARN(), "Id", e.targetID("LambdaTarget"))
	copyAll(target, e.props, inputs...)
	rule := e.make("", "AWS::Events::Rule", props)
	if d := e.get("DeadLetterConfig"); d != nil {
		arn, err := e.deadLetters(d, rule)
		if err != nil {
			return err
		}
		target.Set("DeadLetterConfig", tree.NewMap("Arn", arn))
	}
	copyAll(target, e.props, "RetryPolicy")
	if v := e.get("RoleArn"); v != nil {
		target.Set("RoleArn", v.Clone())
	}
	props.Set("Targets", tree.NewList(target))
	e.permission("events.amazonaws.com", "SourceArn", getAtt(rule.id, "Arn"))
	return nil
}

// deadLetters settles a DeadLetterConfig of a rule: the ARN given, or a queue of its own that takes what
// the rule sends.
func (e *source) deadLetters(d *tree.Node, rule *resource) (*tree.Node, error) {
	arn, queue, err := e.deadLetterQueue(d)
	if queue != nil {
		e.queuePolicy(ref(queue.id), arn.Clone(), getAtt(rule.id, "Arn"), tree.NewMap("Service", "events.amazonaws.com"))
	}
	return arn, err
}

// deadLetterQueue gives the ARN of a DeadLetterConfig, and the queue where it has to be made.
func (e *source) deadLetterQueue(d *tree.Node) (arn *tree.Node, queue *resource, err error) {
	arn, typ := present(d.Get("Arn")), present(d.Get("Type"))
	switch {
	case arn != nil && typ != nil:
		return nil, nil, e.failByID("You can either define 'Arn' or 'Type' property of DeadLetterConfig.")
	case arn != nil:
		return arn.Clone(), nil, nil
	case typ == nil:
		return nil, nil, e.failByID("No 'Arn' or 'Type' property provided for DeadLetterConfig.")
	case !typ.IsString("SQS"):
		return nil, nil, e.failByID("The only valid value for 'Type' property of DeadLetterConfig is 'SQS'.")
	}
	id := e.id + "Queue"
	if l := present(d.Get("QueueLogicalId")); l != nil {
		if !l.Is(tree.String) {
			return nil, nil, e.failByID("QueueLogicalId must be a string")
		}
		id = l.Text
	}
	queue = e.b.make(id, "AWS::SQS::Queue", tree.NewMap())
	e.add(queue)
	return getAtt(id, "Arn"), queue, nil
}

// queuePolicy lets a source send to a queue.
func (e *source) queuePolicy(url, arn, source, principal *tree.Node) {
	e.make("QueuePolicy", "AWS::SQS::QueuePolicy", tree.NewMap(
		"PolicyDocument", tree.NewMap("Version", "2012-10-17", "Statement", tree.NewList(tree.NewMap(
			"Action", "sqs:SendMessage", "Effect", "Allow", "Principal", principal, "Resource", arn,
			"Condition", tree.NewMap("ArnEquals", tree.NewMap("aws:SourceArn", source))))),
		"Queues", tree.NewList(url)))
}

func (e *event) logs() error {
	if err := e.known("LogGroupName FilterPattern", "LogGroupName", "FilterPattern"); err != nil {
		return err
	}
	group := e.get("LogGroupName")
	arn := "arn:" + e.f.t.options.Partition + ":logs:${AWS::Region}:${AWS::AccountId}:log-group:${__LogGroupName__}:*"
	p := e.permission("logs.amazonaws.com", "SourceArn",
		tree.NewMap("Fn::Sub", tree.NewList(tree.NewString(arn), tree.NewMap("__LogGroupName__", group.Clone()))))
	filter := e.make("", "AWS::Logs::SubscriptionFilter", tree.NewMap("LogGroupName", group.Clone(),
		"FilterPattern", e.get("FilterPattern").Clone(), "DestinationArn", e.functionARN()))
	filter.dependsOn = tree.NewStrings(p.id)
	return nil
}

func (e *event) iotRule() error {
	if err := e.known("Sql AwsIotSqlVersion", "Sql"); err != nil {
		return err
	}
	arn := "arn:" + e.f.t.options.Partition + ":iot:${AWS::Region}:${AWS::AccountId}:rule/${RuleName}"
	e.permission("iot.amazonaws.com", "SourceArn", tree.NewMap("Fn::Sub", tree.NewList(tree.NewString(arn), tree.NewMap("RuleName", ref(e.id)))),
		"SourceAccount", sub("${AWS::AccountId}"))
	payload := tree.NewMap("RuleDisabled", false, "Sql", e.get("Sql").Clone(),
		"Actions", tree.NewList(tree.NewMap("Lambda", tree.NewMap("FunctionArn", e.functionARN()))))
	copyAll(payload, e.props, "AwsIotSqlVersion")
	e.make("", "AWS::IoT::TopicRule", tree.NewMap("TopicRulePayload", payload))
	return nil
}

func (e *event) sns() error {
	names := "Topic Region FilterPolicy FilterPolicyScope SqsSubscription RedrivePolicy"
	if err := e.known(names, "Topic"); err != nil {
		return err
	}
	subscription := tree.NewMap("TopicArn", e.get("Topic").Clone())
	copyAll(subscription, e.props, "Region", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy")
	queue := e.get("SqsSubscription")
	if !queue.Truthy() {
		subscription.Set("Protocol", tree.NewString("lambda"))
		subscription.Set("Endpoint", e.functionARN())
		e.make("", "AWS::SNS::Subscription", subscription)
		e.permission("sns.amazonaws.com", "SourceArn", e.get("Topic").Clone())
		return nil
	}
	return e.snsThroughQueue(subscription, queue)
}

// snsThroughQueue subscribes a queue, the given one or its own, from which the function reads.
func (e *event) snsThroughQueue(subscription, queue *tree.Node) error {
	mapping := tree.NewMap("BatchSize", 10, "Enabled", true, "FunctionName", e.functionRef())
	url, arn, policy := ref(e.id+"Queue"), getAtt(e.id+"Queue", "Arn"), e.id+"QueuePolicy"
	if queue.Is(tree.Map) {
		if queue.Get("QueueArn") == nil || queue.Get("QueueUrl") == nil {
			return e.fail("No QueueARN or QueueURL provided.")
		}
		url, arn = queue.Get("QueueUrl").Clone(), queue.Get("QueueArn").Clone()
		if id := queue.Get("QueuePolicyLogicalId").Str(); id != "" {
			policy = id
		}
		copyAll(mapping, queue, "BatchSize", "Enabled")
	} else {
		props := tree.NewMap()
		topic := e.f.t.source.Get(e.get("Topic").Get("Ref").Str())
		if topic.Path("Properties", "FifoTopic").Bool() {
			props.Set("FifoQueue", tree.NewBool(true))
		}
		e.make("Queue", "AWS::SQS::Queue", props)
	}
	e.queuePolicy(url, arn.Clone(), e.get("Topic").Clone(), tree.NewString("*"))
	e.f.out[len(e.f.out)-1].id = policy
	subscription.Set("Protocol", tree.NewString("sqs"))
	subscription.Set("Endpoint", arn.Clone())
	e.make("", "AWS::SNS::Subscription", subscription)
	mapping.Set("EventSourceArn", arn)
	e.make("EventSourceMapping", "AWS::Lambda::EventSourceMapping", mapping)
	e.f.grant("service-role/AWSLambdaSQSQueueExecutionRole")
	return nil
}
