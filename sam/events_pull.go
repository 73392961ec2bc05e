package sam

import (
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// mappingProperties are those that an event source mapping takes over as they are.
const mappingProperties = `BatchSize StartingPosition StartingPositionTimestamp Enabled MaximumBatchingWindowInSeconds MaximumRetryAttempts
	BisectBatchOnFunctionError MaximumRecordAgeInSeconds ParallelizationFactor TumblingWindowInSeconds FunctionResponseTypes FilterCriteria
	KmsKeyArn ScalingConfig MetricsConfig LoggingConfig ProvisionedPollerConfig`

// mapping makes the AWS::Lambda::EventSourceMapping of a queue or stream.
func (e *event) mapping() error {
	source, policy := "Stream", "service-role/AWSLambda"+e.typ+"ExecutionRole"
	required := []string{source, "StartingPosition"}
	if e.typ == "SQS" {
		source, policy = "Queue", "service-role/AWSLambdaSQSQueueExecutionRole"
		required = []string{source}
	}
	if e.get("ConsumerGroupId") != nil {
		return resourceError(e.f.id, "Event with id [%s] is invalid. Property ConsumerGroupId not defined for resource of type %s.", e.id, e.typ)
	}
	if err := e.known(mappingProperties+" DestinationConfig "+source, required...); err != nil {
		return err
	}
	props := tree.NewMap("EventSourceArn", e.get(source).Clone(), "FunctionName", e.functionRef())
	if filters := e.get("FilterCriteria"); filters != nil && !isIntrinsic(filters) {
		for _, p := range pairsOf(filters) {
			if p.Key != "Filters" {
				return e.fail("FilterCriteria field has a wrong format")
			}
		}
	}
	for _, name := range strings.Fields(mappingProperties) {
		copyAll(props, e.props, name)
	}
	inline, err := e.onFailure(props)
	if err != nil {
		return err
	}
	e.make("", "AWS::Lambda::EventSourceMapping", props)
	e.f.grant(policy)
	if inline != nil {
		e.f.inline(inline)
	}
	return nil
}

// onFailure sets where records go that could not be processed, and returns the policy that this takes.
func (e *event) onFailure(props *tree.Node) (policy *tree.Node, err error) {
	d := e.get("DestinationConfig").Get("OnFailure")
	if present(d) == nil {
		return nil, nil
	}
	target, typ := present(d.Get("Destination")), present(d.Get("Type"))
	switch {
	case typ == nil:
	case typ.IsString("SQS") || typ.IsString("SNS"):
		policy = destinationPolicy(e.id, typ.Text, target)
	case typ.IsString("S3"):
		policy = destinationPolicy(e.id, "S3Bucket", target)
	case typ.IsString("Kafka"):
		return nil, e.fail("Destinations of type Kafka are not supported yet.")
	default:
		return nil, e.failByID("The only valid values for 'Type' are 'SQS', 'SNS', 'S3', and 'Kafka'")
	}
	if target == nil {
		return nil, e.failByID("'Destination' is required.")
	}
	props.Set("DestinationConfig", tree.NewMap("OnFailure", tree.NewMap("Destination", target.Clone())))
	return policy, nil
}

// grant adds one of AWS's managed policies to the function's own role, if it has one.
func (f *function) grant(path string) {
	if f.role == nil {
		return
	}
	list := f.role.props.Get("ManagedPolicyArns")
	arn := tree.NewString(f.t.awsPolicy(path))
	for _, have := range list.Items {
		if have.Equal(arn) {
			return
		}
	}
	list.Append(arn)
}
