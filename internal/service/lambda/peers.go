package lambda

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/sandbox/environment"
)

// S3 is where packages named by bucket and key are read.
type S3 interface {
	GetObject(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Logs receives the functions' log lines.
type Logs interface {
	CreateLogGroup(ctx context.Context, in *cloudwatchlogs.CreateLogGroupInput, optFns ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogGroupOutput, error)
	CreateLogStream(ctx context.Context, in *cloudwatchlogs.CreateLogStreamInput, optFns ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogStreamOutput, error)
	PutLogEvents(ctx context.Context, in *cloudwatchlogs.PutLogEventsInput, optFns ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error)
}

// Metrics receives the AWS/Lambda metrics. It must take the namespace, which AWS keeps from its customers.
type Metrics interface {
	PutMetricData(ctx context.Context, in *cloudwatch.PutMetricDataInput, optFns ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error)
}

// SQS is where event source mappings fetch messages, and where dead letters and records of asynchronous invocations go.
type SQS interface {
	GetQueueUrl(ctx context.Context, in *sqs.GetQueueUrlInput, optFns ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error)
	GetQueueAttributes(ctx context.Context, in *sqs.GetQueueAttributesInput, optFns ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
	ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, optFns ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	SendMessage(ctx context.Context, in *sqs.SendMessageInput, optFns ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	DeleteMessageBatch(ctx context.Context, in *sqs.DeleteMessageBatchInput, optFns ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
}

var (
	_ SQS     = (*sqs.Client)(nil)
	_ S3      = (*s3.Client)(nil)
	_ Logs    = (*cloudwatchlogs.Client)(nil)
	_ Metrics = (*cloudwatch.Client)(nil)
)

// Environment is one running environment of a function version: one invocation at a time.
type Environment interface {
	Invoke(ctx context.Context, in *environment.Invocation) (environment.Outcome, error)
	Alive() bool
	Close(reason environment.Reason)
}

// StartEnvironment starts an environment; output gets the function's lines one at a time, and must not keep them.
type StartEnvironment func(ctx context.Context, f environment.Function, output func(line []byte)) (Environment, error)

// FindRuntime tells whether this host can run a runtime; substitute names what stands in where
// another version of the interpreter does.
type FindRuntime func(runtime string) (substitute string, err error)

// IssueCredentials makes the credentials that a function runs with: those of its role.
type IssueCredentials func(ctx context.Context, c caller.Caller, roleARN, sessionName string) (environment.Credentials, error)

// InUse names whatever needs the version (its qualified ARN), so that it cannot be deleted: "execution arn:…". It is called in
// the transaction that deletes, and must only read.
type InUse func(ctx context.Context, tx *db.Tx, versionARN string) ([]string, error)
