package appspec

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const (
	maxSpec   = 1 << 20  // an AppSpec
	maxBundle = 64 << 20 // a bundle that holds one
)

// ObjectStore is what reading an S3 revision needs.
type ObjectStore interface {
	GetObject(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

var _ ObjectStore = (*s3.Client)(nil)

// FromRevision reads the AppSpec of a deployment's revision: inline (AppSpecContent, or the
// deprecated String that CloudFormation still uses) or from S3, as a file or within a bundle.
func FromRevision(ctx context.Context, r *types.RevisionLocation, store ObjectStore) (*Spec, error) {
	text, err := content(ctx, r, store)
	if err != nil {
		return nil, err
	}
	return Parse(text)
}

func content(ctx context.Context, r *types.RevisionLocation, store ObjectStore) ([]byte, error) {
	switch {
	case r == nil:
		return nil, &Error{"RevisionMissing", "the deployment has no revision"}
	case r.AppSpecContent != nil && r.AppSpecContent.Content != nil:
		return []byte(*r.AppSpecContent.Content), nil
	case r.String_ != nil && r.String_.Content != nil:
		return []byte(*r.String_.Content), nil
	case r.S3Location != nil:
		return fromS3(ctx, r.S3Location, store)
	}
	return nil, &Error{"UnsupportedRevision", fmt.Sprintf("a revision of type %q cannot be read", r.RevisionType)}
}

func fromS3(ctx context.Context, at *types.S3Location, store ObjectStore) ([]byte, error) {
	where := "s3://" + aws.ToString(at.Bucket) + "/" + aws.ToString(at.Key)
	out, err := store.GetObject(ctx, &s3.GetObjectInput{Bucket: at.Bucket, Key: at.Key, VersionId: at.Version, IfMatch: at.ETag})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", where, err)
	}
	defer out.Body.Close()
	body, err := readAtMost(out.Body, maxBundle)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", where, err)
	}
	switch strings.ToLower(string(at.BundleType)) {
	case "zip":
		body, err = fromZip(body)
	case "tar":
		body, err = fromTar(bytes.NewReader(body))
	case "tgz":
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(body)); err == nil {
			body, err = fromTar(io.LimitReader(z, maxBundle))
		}
	case "yaml", "json", "":
	default:
		return nil, &Error{"UnsupportedRevision", fmt.Sprintf("%s has bundle type %q", where, at.BundleType)}
	}
	if err != nil {
		return nil, invalid("%s: %v", where, err)
	}
	return body, nil
}

var errNoSpec = errors.New("the bundle holds no appspec.yml, appspec.yaml or appspec.json")

// isSpec tells an AppSpec at the bundle's root.
func isSpec(name string) bool {
	switch strings.ToLower(path.Clean(name)) {
	case "appspec.yml", "appspec.yaml", "appspec.json":
		return true
	}
	return false
}

func fromZip(body []byte) ([]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, err
	}
	for _, f := range z.File {
		if !isSpec(f.Name) {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return readAtMost(r, maxSpec)
	}
	return nil, errNoSpec
}

func fromTar(r io.Reader) ([]byte, error) {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil, errNoSpec
		}
		if err != nil {
			return nil, err
		}
		if h.Typeflag == tar.TypeReg && isSpec(h.Name) {
			return readAtMost(t, maxSpec)
		}
	}
}

func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("more than %d bytes", limit)
	}
	return b, err
}
