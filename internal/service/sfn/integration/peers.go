package integration

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Lambda is what pins need of the service "lambda".
type Lambda interface {
	GetAlias(ctx context.Context, in *lambda.GetAliasInput, optFns ...func(*lambda.Options)) (*lambda.GetAliasOutput, error)
	PublishVersion(ctx context.Context, in *lambda.PublishVersionInput, optFns ...func(*lambda.Options)) (*lambda.PublishVersionOutput, error)
}

// S3 is what readers and writers of distributed Map states need of the service "s3".
type S3 interface {
	GetObject(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, optFns ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
	PutObject(ctx context.Context, in *s3.PutObjectInput, optFns ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

var (
	_ Lambda = (*lambda.Client)(nil)
	_ S3     = (*s3.Client)(nil)
)

// peer is a service by its name, as what it must be.
func peer[T any](s *Set, name string) (api T, err error) {
	if svc := s.service(name); svc != nil {
		if api, ok := svc.value.(T); ok {
			return api, nil
		}
	}
	return api, fmt.Errorf("the platform has no service %s", name)
}
