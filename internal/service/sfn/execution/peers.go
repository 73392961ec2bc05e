package execution

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

// Calls are what Task states, item readers and result writers do.
type Calls interface {
	Run(ctx context.Context, c integration.Call) (integration.Answer, error)
	ReadItems(ctx context.Context, c integration.Call, r asl.ReadItems) (asl.ItemsRead, error)
	WriteResults(ctx context.Context, c integration.Call, w asl.ResultWriter, run integration.MapRun) (asl.ResultsWritten, error)
	Resolve(ctx context.Context, c integration.Call, definition []byte) (integration.Pins, error)
	Versions(ctx context.Context, c integration.Call, definition []byte) ([]string, error)
}

// Logs take what a logging configuration wants written.
type Logs interface {
	CreateLogStream(ctx context.Context, in *cloudwatchlogs.CreateLogStreamInput, optFns ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogStreamOutput, error)
	PutLogEvents(ctx context.Context, in *cloudwatchlogs.PutLogEventsInput, optFns ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error)
}

// Metrics take the counts of AWS/States.
type Metrics interface {
	PutMetricData(ctx context.Context, in *cloudwatch.PutMetricDataInput, optFns ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error)
}

// Functions tell whether a pinned version is still there.
type Functions interface {
	GetFunctionConfiguration(ctx context.Context, in *lambda.GetFunctionConfigurationInput, optFns ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error)
}

var (
	_ Logs      = (*cloudwatchlogs.Client)(nil)
	_ Metrics   = (*cloudwatch.Client)(nil)
	_ Functions = (*lambda.Client)(nil)
)
