package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headgate/headgate/internal/template/tree"
)

// maxBody is the limit of a TemplateBody in bytes; a template in S3 may have tree.MaxBytes.
const maxBody = 51200

// readTemplate gives the text of a template that a request carries or names.
func (s *Service) readTemplate(ctx context.Context, body, location *string) (string, error) {
	switch {
	case body != nil && location != nil:
		return "", invalid("Either Template URL or Template Body must be specified, not both.")
	case body != nil:
		if len(*body) > maxBody {
			return "", invalid("1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to %d", maxBody)
		}
		if *body == "" {
			return "", invalid("1 validation error detected: Value '' at 'templateBody' failed to satisfy constraint: Member must have length greater than or equal to 1")
		}
		return *body, nil
	case location != nil:
		return s.fetch(ctx, *location)
	}
	return "", invalid("Either Template URL or Template Body must be specified.")
}

// fetch reads a template from a bucket: s3://bucket/key, or an address of S3 in path style or with
// the bucket in the host name.
func (s *Service) fetch(ctx context.Context, location string) (string, error) {
	u, err := url.Parse(location)
	if err != nil || s.templates == nil {
		return "", invalid("TemplateURL must be a supported URL.")
	}
	bucket, key := "", strings.TrimPrefix(u.Path, "/")
	switch {
	case u.Scheme == "s3":
		bucket = u.Host
	case u.Scheme != "http" && u.Scheme != "https":
		return "", invalid("TemplateURL must be a supported URL.")
	case bucketInHost(u.Hostname()) != "":
		bucket = bucketInHost(u.Hostname())
	default:
		bucket, key, _ = strings.Cut(key, "/")
	}
	if bucket == "" || key == "" {
		return "", invalid("TemplateURL must reference a valid S3 object to which you have access.")
	}
	in := &s3.GetObjectInput{Bucket: &bucket, Key: &key}
	if v := u.Query().Get("versionId"); v != "" {
		in.VersionId = &v
	}
	out, err := s.templates.GetObject(ctx, in)
	if err != nil {
		var api interface{ ErrorMessage() string }
		if errors.As(err, &api) {
			return "", invalid("S3 error: %s", api.ErrorMessage())
		}
		return "", fmt.Errorf("read template %s: %w", location, err)
	}
	defer out.Body.Close()
	text, err := io.ReadAll(io.LimitReader(out.Body, tree.MaxBytes+1))
	if err != nil {
		return "", fmt.Errorf("read template %s: %w", location, err)
	}
	return string(text), nil
}

// bucketInHost finds the bucket of a virtual-hosted address: bucket.s3.amazonaws.com,
// bucket.s3.us-east-1.amazonaws.com, bucket.s3.localhost.
func bucketInHost(host string) string {
	for _, mark := range []string{".s3.", ".s3-"} {
		if i := strings.Index(host, mark); i > 0 {
			return host[:i]
		}
	}
	return ""
}
