package resource

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/headgate/headgate/internal/caller"
)

// bucket is AWS::S3::Bucket. Of its properties the name and versioning have an effect; those that
// protect a bucket on AWS are taken, since what they guard against does not exist here.
type bucket struct{ s3 S3 }

func (*bucket) Schema() *Schema {
	return schema("AWS::S3::Bucket", `
		BucketName*
		VersioningConfiguration.Status!
		AccessControl
		BucketEncryption json
		LifecycleConfiguration json
		OwnershipControls json
		PublicAccessBlockConfiguration json
		Tags[].Key!
		Tags[].Value!
	`).with(func(s *Schema) {
		s.Attributes = []string{"Arn", "DomainName", "RegionalDomainName", "DualStackDomainName", "WebsiteURL"}
		s.Name = NameRule{Property: "BucketName", Max: 63, Lower: true}
	})
}

func (h *bucket) Exists(ctx context.Context, r Request) (bool, error) {
	_, err := h.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &r.Name})
	return exists(err, "NotFound", "NoSuchBucket", "404")
}

func (h *bucket) Create(ctx context.Context, r Request) (Result, error) {
	in := &s3.CreateBucketInput{Bucket: &r.Name}
	if region := caller.From(ctx).Region; region != "us-east-1" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(region)}
	}
	_, err := h.s3.CreateBucket(ctx, in)
	if unless(err, "BucketAlreadyOwnedByYou") != nil {
		return Result{}, err
	}
	return h.configure(ctx, r, r.Name)
}

func (h *bucket) Update(ctx context.Context, r Request) (Result, error) {
	return h.configure(ctx, r, r.PhysicalID)
}

func (h *bucket) configure(ctx context.Context, r Request, name string) (Result, error) {
	status := r.Properties.object("VersioningConfiguration").text("Status")
	if status == "" && r.Previous["VersioningConfiguration"] != nil {
		status = string(types.BucketVersioningStatusSuspended)
	}
	if status != "" {
		_, err := h.s3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &name,
			VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatus(status)}})
		if err != nil {
			return Result{}, err
		}
	}
	c := caller.From(ctx)
	return Result{PhysicalID: name, Attributes: map[string]any{
		"Arn":                 "arn:" + c.Partition + ":s3:::" + name,
		"DomainName":          name + ".s3.amazonaws.com",
		"RegionalDomainName":  name + ".s3." + c.Region + ".amazonaws.com",
		"DualStackDomainName": name + ".s3.dualstack." + c.Region + ".amazonaws.com",
		"WebsiteURL":          "http://" + name + ".s3-website-" + c.Region + ".amazonaws.com",
	}}, nil
}

func (h *bucket) Delete(ctx context.Context, r Request) (Result, error) {
	_, err := h.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &r.PhysicalID})
	return Result{}, unless(err, "NoSuchBucket")
}
