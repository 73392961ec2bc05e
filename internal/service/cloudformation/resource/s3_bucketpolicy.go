package resource

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// bucketPolicy is AWS::S3::BucketPolicy.
type bucketPolicy struct{ s3 S3Policies }

func (*bucketPolicy) Schema() *Schema {
	return schema("AWS::S3::BucketPolicy", `
		Bucket!*
		PolicyDocument! json
	`).with(func(s *Schema) { s.Name = NameRule{Property: "Bucket", Max: 63, Lower: true} })
}

func (h *bucketPolicy) put(ctx context.Context, r Request) (Result, error) {
	document, err := r.Properties.document("PolicyDocument")
	if err != nil {
		return Result{}, err
	}
	name := r.Properties.text("Bucket")
	_, err = h.s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &name, Policy: document})
	return Result{PhysicalID: name}, err
}

func (h *bucketPolicy) Create(ctx context.Context, r Request) (Result, error) { return h.put(ctx, r) }

func (h *bucketPolicy) Update(ctx context.Context, r Request) (Result, error) { return h.put(ctx, r) }

func (h *bucketPolicy) Delete(ctx context.Context, r Request) (Result, error) {
	_, err := h.s3.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: aws.String(r.Properties.text("Bucket"))})
	return Result{}, unless(err, "NoSuchBucket", "NoSuchBucketPolicy")
}
