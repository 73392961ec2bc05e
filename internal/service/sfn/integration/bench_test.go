package integration_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

// instant is a Lambda whose functions take no time: what is left is the integration's own.
type instant struct{}

func (instant) Invoke(_ context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	return &lambda.InvokeOutput{StatusCode: 200, ExecutedVersion: aws.String("1"), Payload: in.Payload}, nil
}

func BenchmarkTask(b *testing.B) {
	set := newSet()
	set.Provide("lambda", instant{})
	pins := integration.Pins{function + "hello": function + "hello:1"}
	for name, resource := range map[string]string{"function": function + "hello", "lambda:invoke": lambdaInvoke, "aws-sdk:lambda:invoke": sdk + "lambda:invoke"} {
		r, _ := asl.ParseResource(resource)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				text, _ := jsonvalue.FromText(`{"FunctionName": "hello", "Payload": {"order": 1, "items": ["a", "b"]}}`)
				a, err := set.Run(b.Context(), integration.Call{Resource: r, Parameters: text, Key: "k", Pins: pins, Execution: "arn:x"})
				if err != nil || a.Failed {
					b.Fatal(a, err)
				}
			}
		})
	}
}
