package resource

import (
	"context"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// lambdaVersion is AWS::Lambda::Version: published once, never changed.
//
// PublishVersion has no token. So that a repeat can tell what it published from what was there, the
// newest version is noted, and committed, before the call.
type lambdaVersion struct{ lambda Lambda }

func (*lambdaVersion) Schema() *Schema {
	return schema("AWS::Lambda::Version", `
		FunctionName!*
		Description*
		CodeSha256*
		ProvisionedConcurrencyConfig*.ProvisionedConcurrentExecutions! int
	`).with(func(s *Schema) { s.Attributes = []string{"Version", "FunctionArn"} })
}

type versionProgress struct{ Before string }

func (h *lambdaVersion) Create(ctx context.Context, r Request) (Result, error) {
	newest, err := h.newest(ctx, r.Properties.text("FunctionName"))
	if err != nil {
		return Result{}, err
	}
	return pending("", nil, versionProgress{newest}, Pending{})
}

// newest is the highest version number, "" when none is published.
func (h *lambdaVersion) newest(ctx context.Context, function string) (string, error) {
	highest := 0
	in := &lambda.ListVersionsByFunctionInput{FunctionName: &function}
	for {
		out, err := h.lambda.ListVersionsByFunction(ctx, in)
		if err != nil {
			return "", err
		}
		for _, v := range out.Versions {
			if n, err := strconv.Atoi(aws.ToString(v.Version)); err == nil && n > highest {
				highest = n
			}
		}
		if aws.ToString(out.NextMarker) == "" {
			break
		}
		in = &lambda.ListVersionsByFunctionInput{FunctionName: &function, Marker: out.NextMarker}
	}
	if highest == 0 {
		return "", nil
	}
	return strconv.Itoa(highest), nil
}

// Check publishes. Lambda gives the newest version again when nothing has changed since: that one
// is taken over if no stack has it — a rolled-back update leaves such a one behind — and refused
// as on AWS if one has.
func (h *lambdaVersion) Check(ctx context.Context, r Request) (Result, error) {
	var p versionProgress
	if err := progress(r, &p); err != nil {
		return Result{}, err
	}
	in := &lambda.PublishVersionInput{}
	if err := Decode(r.Properties, in); err != nil {
		return Result{}, err
	}
	out, err := h.lambda.PublishVersion(ctx, in)
	if err != nil {
		return Result{}, err
	}
	id, number := aws.ToString(out.FunctionArn), aws.ToString(out.Version)
	if !strings.HasSuffix(id, ":"+number) {
		id += ":" + number
	}
	if number == p.Before {
		held, err := r.Held(ctx, id)
		if err != nil {
			return Result{}, err
		}
		if held {
			return Result{}, failf("A version for this Lambda function exists ( %s ). Modify the function to create a new version.", number)
		}
	}
	if err := provision(ctx, h.lambda, r.Properties, id[:strings.LastIndexByte(id, ':')], number); err != nil {
		return Result{}, err
	}
	return Result{PhysicalID: id, Attributes: map[string]any{"Version": number, "FunctionArn": id}}, nil
}

// Update has nothing to do: every property requires replacement.
func (h *lambdaVersion) Update(_ context.Context, r Request) (Result, error) {
	return Result{PhysicalID: r.PhysicalID}, nil
}

func (h *lambdaVersion) Delete(ctx context.Context, r Request) (Result, error) {
	i := strings.LastIndexByte(r.PhysicalID, ':')
	if i < 0 {
		return Result{}, nil
	}
	_, err := h.lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{
		FunctionName: aws.String(r.PhysicalID[:i]), Qualifier: aws.String(r.PhysicalID[i+1:])})
	return Result{}, unless(err, "ResourceNotFoundException")
}

// provision sets the provisioned concurrency that properties ask for.
func provision(ctx context.Context, peer Lambda, p Properties, function, qualifier string) error {
	config := p.object("ProvisionedConcurrencyConfig")
	if config == nil {
		return nil
	}
	api, ok := peer.(LambdaProvisioned)
	if !ok {
		return failf("ProvisionedConcurrencyConfig is not supported: warm environments are kept without it")
	}
	in := &lambda.PutProvisionedConcurrencyConfigInput{FunctionName: &function, Qualifier: &qualifier}
	if err := Decode(config, in); err != nil {
		return err
	}
	_, err := api.PutProvisionedConcurrencyConfig(ctx, in)
	return err
}
