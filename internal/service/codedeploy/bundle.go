package codedeploy

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

// Limits in bytes on what is read of a revision in S3.
const (
	maxBundle = 64 << 20
	maxSpec   = 1 << 20
)

// fetchAppSpec reads the AppSpec of a revision in S3: a file, or a bundle with appspec.yml at its
// root. A *specError says that what is there cannot be deployed; other errors are the peer's.
func fetchAppSpec(ctx context.Context, store S3, at *types.S3Location) (*appSpec, error) {
	out, err := store.GetObject(ctx, &s3.GetObjectInput{Bucket: at.Bucket, Key: at.Key, VersionId: at.Version, IfMatch: at.ETag})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	body, err := readAtMost(out.Body, maxBundle)
	if err != nil {
		return nil, err
	}
	if body, err = unpack(body, at.BundleType); err != nil {
		return nil, &specError{message: fmt.Sprintf("s3://%s/%s: %v", aws.ToString(at.Bucket), aws.ToString(at.Key), err)}
	}
	return parseAppSpec(body)
}

// unpack finds the AppSpec's text in what S3 holds.
func unpack(body []byte, bundle types.BundleType) ([]byte, error) {
	switch bundle {
	case types.BundleTypeZip:
		return fromZip(body)
	case types.BundleTypeTar:
		return fromTar(bytes.NewReader(body))
	case types.BundleTypeTarGZip:
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		return fromTar(io.LimitReader(z, maxBundle))
	}
	return body, nil
}

var errNoAppSpec = errors.New("the bundle has no appspec.yml at its root")

// isAppSpec tells an AppSpec at the bundle's root. The Lambda platform's is appspec.yml; the other
// endings are taken because people write them.
func isAppSpec(name string) bool {
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
		if isAppSpec(f.Name) {
			r, err := f.Open()
			if err != nil {
				return nil, err
			}
			defer r.Close()
			return readAtMost(r, maxSpec)
		}
	}
	return nil, errNoAppSpec
}

func fromTar(r io.Reader) ([]byte, error) {
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil, errNoAppSpec
		}
		if err != nil {
			return nil, err
		}
		if h.Typeflag == tar.TypeReg && isAppSpec(h.Name) {
			return readAtMost(t, maxSpec)
		}
	}
}

// readAtMost reads r to its end, or fails beyond limit bytes.
func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		return nil, &specError{message: fmt.Sprintf("it is larger than %d bytes", limit)}
	}
	return b, err
}
