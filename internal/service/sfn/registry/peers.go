package registry

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

// Logs is what checking a logging configuration needs of CloudWatch Logs.
type Logs interface {
	DescribeLogGroups(ctx context.Context, in *cloudwatchlogs.DescribeLogGroupsInput, optFns ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogGroupsOutput, error)
}

var _ Logs = (*cloudwatchlogs.Client)(nil)

// Integrations is what the registry needs of the calls that state machines make.
type Integrations interface {
	// CheckDefinition lists the calls of a definition that the platform cannot make.
	CheckDefinition(definition []byte) []asl.Diagnostic
	// Run makes a call.
	Run(ctx context.Context, c integration.Call) (integration.Answer, error)
}

var _ Integrations = (*integration.Set)(nil)
