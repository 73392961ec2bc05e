package cloudformation

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Templates is where templates named by TemplateURL are read.
type Templates interface {
	GetObject(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

var _ Templates = (*s3.Client)(nil)
