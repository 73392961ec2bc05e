package resource

import "context"

// waitConditionHandle is AWS::CloudFormation::WaitConditionHandle: a name and nothing else, which is
// why templates use it as a resource that does nothing.
type waitConditionHandle struct{}

func (waitConditionHandle) Schema() *Schema {
	return schema("AWS::CloudFormation::WaitConditionHandle", "")
}

func (waitConditionHandle) Create(_ context.Context, r Request) (Result, error) {
	return Result{PhysicalID: r.Name}, nil
}

func (waitConditionHandle) Update(_ context.Context, r Request) (Result, error) {
	return Result{PhysicalID: r.PhysicalID}, nil
}

func (waitConditionHandle) Delete(context.Context, Request) (Result, error) { return Result{}, nil }
