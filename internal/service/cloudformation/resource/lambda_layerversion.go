package resource

import (
	"context"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// lambdaLayerVersion is AWS::Lambda::LayerVersion. As with function versions, the newest one is
// noted before another is published, so that a repeat recognises its own.
type lambdaLayerVersion struct{ lambda LambdaLayers }

func (*lambdaLayerVersion) Schema() *Schema {
	return schema("AWS::Lambda::LayerVersion", `
		LayerName*
		Content!*.S3Bucket!
		Content!*.S3Key!
		Content!*.S3ObjectVersion
		Description*
		LicenseInfo*
		CompatibleRuntimes*[]
		CompatibleArchitectures*[]
	`).with(func(s *Schema) {
		s.Attributes = []string{"LayerVersionArn"}
		s.Name = NameRule{Property: "LayerName", Max: 64}
	})
}

type layerProgress struct{ Before int64 }

func (h *lambdaLayerVersion) newest(ctx context.Context, layer string) (number int64, id string, err error) {
	out, err := h.lambda.ListLayerVersions(ctx, &lambda.ListLayerVersionsInput{LayerName: &layer})
	if is(err, "ResourceNotFoundException") {
		return 0, "", nil
	}
	if err != nil {
		return 0, "", err
	}
	for _, v := range out.LayerVersions {
		if v.Version > number {
			number, id = v.Version, aws.ToString(v.LayerVersionArn)
		}
	}
	return number, id, nil
}

func (h *lambdaLayerVersion) Create(ctx context.Context, r Request) (Result, error) {
	before, _, err := h.newest(ctx, r.Name)
	if err != nil {
		return Result{}, err
	}
	return pending("", nil, layerProgress{before}, Pending{})
}

func (h *lambdaLayerVersion) Check(ctx context.Context, r Request) (Result, error) {
	var p layerProgress
	if err := progress(r, &p); err != nil {
		return Result{}, err
	}
	number, id, err := h.newest(ctx, r.Name)
	if err != nil {
		return Result{}, err
	}
	if number <= p.Before {
		in := &lambda.PublishLayerVersionInput{}
		if err := Decode(r.Properties, in); err != nil {
			return Result{}, err
		}
		in.LayerName = &r.Name
		out, err := h.lambda.PublishLayerVersion(ctx, in)
		if err != nil {
			return Result{}, err
		}
		id = aws.ToString(out.LayerVersionArn)
	}
	return Result{PhysicalID: id, Attributes: map[string]any{"LayerVersionArn": id}}, nil
}

func (h *lambdaLayerVersion) Update(_ context.Context, r Request) (Result, error) {
	return Result{PhysicalID: r.PhysicalID}, nil // every property requires replacement
}

func (h *lambdaLayerVersion) Delete(ctx context.Context, r Request) (Result, error) {
	i := strings.LastIndexByte(r.PhysicalID, ':')
	if i < 0 {
		return Result{}, nil
	}
	number, err := strconv.ParseInt(r.PhysicalID[i+1:], 10, 64)
	if err != nil {
		return Result{}, nil //nolint:nilerr // no name of ours: nothing was made
	}
	_, err = h.lambda.DeleteLayerVersion(ctx, &lambda.DeleteLayerVersionInput{LayerName: aws.String(r.PhysicalID[:i]), VersionNumber: &number})
	return Result{}, unless(err, "ResourceNotFoundException")
}
