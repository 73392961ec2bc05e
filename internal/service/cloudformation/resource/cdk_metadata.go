package resource

import "context"

// cdkMetadata is AWS::CDK::Metadata, which the CDK adds to every stack: a note that makes nothing.
type cdkMetadata struct{}

func (cdkMetadata) Schema() *Schema { return schema("AWS::CDK::Metadata", "Analytics") }

func (cdkMetadata) Create(_ context.Context, r Request) (Result, error) {
	return Result{PhysicalID: r.Name}, nil
}

func (cdkMetadata) Update(_ context.Context, r Request) (Result, error) {
	return Result{PhysicalID: r.PhysicalID}, nil
}

func (cdkMetadata) Delete(context.Context, Request) (Result, error) { return Result{}, nil }
