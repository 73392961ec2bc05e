package resource

import (
	"context"
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
)

// lambdaFunction is AWS::Lambda::Function. Its steps end when Lambda says Active and Successful.
type lambdaFunction struct{ lambda Lambda }

func (*lambdaFunction) Schema() *Schema {
	return schema("AWS::Lambda::Function", `
		FunctionName*
		Role!
		Code!
		Code.ZipFile
		Code.S3Bucket
		Code.S3Key
		Code.S3ObjectVersion
		Code.ImageUri
		Code.SourceKMSKeyArn
		Handler
		Runtime
		Description
		MemorySize int
		Timeout int
		PackageType*
		Architectures[]
		DeadLetterConfig.TargetArn
		Environment.Variables json
		EphemeralStorage.Size! int
		FileSystemConfigs[].Arn!
		FileSystemConfigs[].LocalMountPath!
		ImageConfig.Command[]
		ImageConfig.EntryPoint[]
		ImageConfig.WorkingDirectory
		KmsKeyArn
		Layers[]
		LoggingConfig.LogFormat
		LoggingConfig.LogGroup
		LoggingConfig.ApplicationLogLevel
		LoggingConfig.SystemLogLevel
		ReservedConcurrentExecutions int
		SnapStart.ApplyOn!
		Tags[].Key!
		Tags[].Value
		TracingConfig.Mode
		VpcConfig.SecurityGroupIds[]
		VpcConfig.SubnetIds[]
		VpcConfig.Ipv6AllowedForDualStack bool
	`).with(func(s *Schema) {
		s.Attributes = []string{"Arn"}
		s.Name = NameRule{Property: "FunctionName", Max: 64}
	})
}

// functionSteps is the progress of a function's step: what has still to be called once Lambda is
// done with the call before.
type functionSteps struct{ Todo []string }

func (h *lambdaFunction) Exists(ctx context.Context, r Request) (bool, error) {
	_, err := h.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &r.Name})
	return exists(err, "ResourceNotFoundException")
}

func (h *lambdaFunction) Create(ctx context.Context, r Request) (Result, error) {
	in := &lambda.CreateFunctionInput{}
	if err := Decode(r.Properties.without("Code", "Tags"), in); err != nil {
		return Result{}, err
	}
	in.FunctionName, in.Tags = &r.Name, tags(r)
	code, err := functionCode(r.Properties)
	if err != nil {
		return Result{}, err
	}
	in.Code = code
	_, err = h.lambda.CreateFunction(ctx, in)
	if err != nil && !is(err, "ResourceConflictException") { // a conflict: an earlier call has made it
		return Result{}, err
	}
	return h.wait(ctx, r, r.Name, "concurrency")
}

func (h *lambdaFunction) Update(ctx context.Context, r Request) (Result, error) {
	var todo []string
	changed := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return !reflect.DeepEqual(r.Properties[n], r.Previous[n]) })
	}
	if changed("Code", "Architectures") {
		todo = append(todo, "code")
	}
	if changed(configNames()...) {
		todo = append(todo, "configuration")
	}
	if changed("ReservedConcurrentExecutions") {
		todo = append(todo, "concurrency")
	}
	if err := h.retag(ctx, r); err != nil {
		return Result{}, err
	}
	// Lambda may be busy with an update that an earlier attempt has begun: wait before the first call too.
	return h.wait(ctx, r, r.PhysicalID, todo...)
}

func (h *lambdaFunction) wait(ctx context.Context, r Request, name string, todo ...string) (Result, error) {
	c := caller.From(ctx)
	return pending(name, map[string]any{"Arn": arn.Function(c, name, "")}, functionSteps{todo},
		Pending{Topic: "lambda", Key: name})
}

// Check waits until Lambda is done, then makes the next call.
func (h *lambdaFunction) Check(ctx context.Context, r Request) (Result, error) {
	var steps functionSteps
	if err := progress(r, &steps); err != nil {
		return Result{}, err
	}
	name := r.PhysicalID
	out, err := h.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if err != nil {
		return Result{}, err
	}
	switch {
	case out.State == types.StatePending || out.LastUpdateStatus == types.LastUpdateStatusInProgress:
		return h.wait(ctx, r, name, steps.Todo...)
	case out.State == types.StateFailed:
		return Result{}, failf("Lambda function %s did not become active: %s", name, aws.ToString(out.StateReason))
	case out.LastUpdateStatus == types.LastUpdateStatusFailed && len(steps.Todo) == 0:
		return Result{}, failf("Lambda function %s was not updated: %s", name, aws.ToString(out.LastUpdateStatusReason))
	case len(steps.Todo) == 0:
		return Result{PhysicalID: name, Attributes: map[string]any{"Arn": aws.ToString(out.FunctionArn)}}, nil
	}
	switch steps.Todo[0] {
	case "code":
		err = h.updateCode(ctx, r)
	case "configuration":
		err = h.updateConfiguration(ctx, r)
	case "concurrency":
		err = h.updateConcurrency(ctx, r)
	}
	if err != nil {
		return Result{}, err
	}
	return h.wait(ctx, r, name, steps.Todo[1:]...)
}

func (h *lambdaFunction) Delete(ctx context.Context, r Request) (Result, error) {
	_, err := h.lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &r.PhysicalID})
	return Result{}, unless(err, "ResourceNotFoundException")
}
