package resource

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// lambdaInvokeConfig is AWS::Lambda::EventInvokeConfig.
type lambdaInvokeConfig struct{ lambda LambdaInvokeConfig }

func (*lambdaInvokeConfig) Schema() *Schema {
	return schema("AWS::Lambda::EventInvokeConfig", `
		FunctionName!*
		Qualifier!*
		MaximumEventAgeInSeconds int
		MaximumRetryAttempts int
		DestinationConfig.OnSuccess.Destination!
		DestinationConfig.OnFailure.Destination!
	`)
}

func (h *lambdaInvokeConfig) Exists(ctx context.Context, r Request) (bool, error) {
	_, err := h.lambda.GetFunctionEventInvokeConfig(ctx, &lambda.GetFunctionEventInvokeConfigInput{
		FunctionName: aws.String(r.Properties.text("FunctionName")), Qualifier: aws.String(r.Properties.text("Qualifier"))})
	return exists(err, "ResourceNotFoundException")
}

func (h *lambdaInvokeConfig) put(ctx context.Context, r Request, id string) (Result, error) {
	in := &lambda.PutFunctionEventInvokeConfigInput{}
	if err := Decode(r.Properties, in); err != nil {
		return Result{}, err
	}
	_, err := h.lambda.PutFunctionEventInvokeConfig(ctx, in)
	return Result{PhysicalID: id}, err
}

func (h *lambdaInvokeConfig) Create(ctx context.Context, r Request) (Result, error) {
	return h.put(ctx, r, r.Name)
}

func (h *lambdaInvokeConfig) Update(ctx context.Context, r Request) (Result, error) {
	return h.put(ctx, r, r.PhysicalID)
}

func (h *lambdaInvokeConfig) Delete(ctx context.Context, r Request) (Result, error) {
	_, err := h.lambda.DeleteFunctionEventInvokeConfig(ctx, &lambda.DeleteFunctionEventInvokeConfigInput{
		FunctionName: aws.String(r.Properties.text("FunctionName")), Qualifier: aws.String(r.Properties.text("Qualifier"))})
	return Result{}, unless(err, "ResourceNotFoundException")
}
