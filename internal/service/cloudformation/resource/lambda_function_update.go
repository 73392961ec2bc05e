package resource

import (
	"archive/zip"
	"bytes"
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
)

// configNames are the properties that UpdateFunctionConfiguration takes.
func configNames() []string {
	return []string{"Role", "Handler", "Runtime", "Description", "MemorySize", "Timeout", "DeadLetterConfig", "Environment",
		"EphemeralStorage", "FileSystemConfigs", "ImageConfig", "KmsKeyArn", "Layers", "LoggingConfig", "SnapStart",
		"TracingConfig", "VpcConfig"}
}

func (h *lambdaFunction) updateCode(ctx context.Context, r Request) error {
	code, err := functionCode(r.Properties)
	if err != nil {
		return err
	}
	in := &lambda.UpdateFunctionCodeInput{FunctionName: &r.PhysicalID, ZipFile: code.ZipFile, S3Bucket: code.S3Bucket,
		S3Key: code.S3Key, S3ObjectVersion: code.S3ObjectVersion, ImageUri: code.ImageUri, SourceKMSKeyArn: code.SourceKMSKeyArn}
	for _, a := range r.Properties.texts("Architectures") {
		in.Architectures = append(in.Architectures, types.Architecture(a))
	}
	_, err = h.lambda.UpdateFunctionCode(ctx, in)
	return err
}

// updateConfiguration sets what the template says and puts what it says no more back to Lambda's
// defaults.
func (h *lambdaFunction) updateConfiguration(ctx context.Context, r Request) error {
	in := &lambda.UpdateFunctionConfigurationInput{
		Description: aws.String(""), MemorySize: aws.Int32(128), Timeout: aws.Int32(3),
		Environment: &types.Environment{Variables: map[string]string{}}, Layers: []string{},
	}
	gone := func(name string) bool { return r.Properties[name] == nil && r.Previous[name] != nil }
	if gone("DeadLetterConfig") {
		in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: aws.String("")}
	}
	if gone("EphemeralStorage") {
		in.EphemeralStorage = &types.EphemeralStorage{Size: aws.Int32(512)}
	}
	if gone("KmsKeyArn") {
		in.KMSKeyArn = aws.String("")
	}
	if gone("SnapStart") {
		in.SnapStart = &types.SnapStart{ApplyOn: types.SnapStartApplyOnNone}
	}
	if gone("TracingConfig") {
		in.TracingConfig = &types.TracingConfig{Mode: types.TracingModePassThrough}
	}
	if gone("LoggingConfig") {
		in.LoggingConfig = &types.LoggingConfig{LogFormat: types.LogFormatText, LogGroup: aws.String("/aws/lambda/" + r.PhysicalID)}
	}
	only := Properties{}
	for _, n := range configNames() {
		if v, ok := r.Properties[n]; ok {
			only[n] = v
		}
	}
	if err := Decode(only, in); err != nil {
		return err
	}
	in.FunctionName = &r.PhysicalID
	_, err := h.lambda.UpdateFunctionConfiguration(ctx, in)
	return err
}

func (h *lambdaFunction) updateConcurrency(ctx context.Context, r Request) error {
	in := &lambda.PutFunctionConcurrencyInput{FunctionName: &r.PhysicalID}
	if err := Decode(Properties{"ReservedConcurrentExecutions": r.Properties["ReservedConcurrentExecutions"]}, in); err != nil {
		return err
	}
	if in.ReservedConcurrentExecutions != nil {
		_, err := h.lambda.PutFunctionConcurrency(ctx, in)
		return err
	}
	if r.Previous["ReservedConcurrentExecutions"] == nil {
		return nil
	}
	_, err := h.lambda.DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: &r.PhysicalID})
	return err
}

func (h *lambdaFunction) retag(ctx context.Context, r Request) error {
	name := arn.Function(caller.From(ctx), r.PhysicalID, "")
	return retag(r, func(all map[string]string) error {
		_, err := h.lambda.TagResource(ctx, &lambda.TagResourceInput{Resource: &name, Tags: all})
		return err
	}, func(keys []string) error {
		_, err := h.lambda.UntagResource(ctx, &lambda.UntagResourceInput{Resource: &name, TagKeys: keys})
		return err
	})
}

// functionCode reads Code; inline code becomes a package with one file, index.js or index.py.
func functionCode(p Properties) (*types.FunctionCode, error) {
	code := &types.FunctionCode{}
	source := p.object("Code")
	if err := Decode(source.without("ZipFile"), code); err != nil {
		return nil, err
	}
	inline, ok := asText(source["ZipFile"])
	if !ok {
		return code, nil
	}
	file := "index.js"
	switch runtime := p.text("Runtime"); {
	case strings.HasPrefix(runtime, "python"):
		file = "index.py"
	case !strings.HasPrefix(runtime, "nodejs"):
		return nil, failf("ZipFile can only be used when Runtime is set to either of python or nodejs.")
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	// No time of change: the same code must give the same package, and so the same CodeSha256.
	head := &zip.FileHeader{Name: file, Method: zip.Deflate}
	head.SetMode(0o644)
	w, err := z.CreateHeader(head)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write([]byte(inline)); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	code.ZipFile = b.Bytes()
	return code, nil
}
