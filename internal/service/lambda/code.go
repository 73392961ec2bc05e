package lambda

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// Limits of a package, in bytes.
const (
	maxUpload   = 50 << 20  // in the request itself
	maxUnzipped = 262144000 // unpacked, with the layers; also of a package in a bucket
)

const cannotUnzip = "Could not unzip uploaded file. Please check your file, then try to upload again."

// source is where the package of a request is: in the request, or in a bucket.
type source struct {
	zip                  []byte
	bucket, key, version *string
}

func (src source) check() error {
	inBucket := src.bucket != nil || src.key != nil || src.version != nil
	switch {
	case src.zip != nil && inBucket: // FACTS §0 7
		return invalid("Please do not provide other FunctionCode parameters when providing a ZipFile.")
	case src.zip == nil && (src.bucket == nil || src.key == nil):
		return invalid("Please provide a source for function code.")
	case src.zip != nil && len(src.zip) == 0:
		return invalid("Uploaded file must be a non-empty zip")
	case len(src.zip) > maxUpload:
		return invalid("Zipped size must be smaller than %d bytes", maxUpload)
	}
	return nil
}

// stored is a package in the blob store.
type stored struct {
	sha            string // hexadecimal
	size, unzipped int64  // bytes
}

// codeSha256 is the sha as the API has it.
func codeSha256(sha string) *string {
	b, err := hex.DecodeString(sha)
	if err != nil {
		return nil
	}
	return aws.String(base64.StdEncoding.EncodeToString(b))
}

// upload checks a package and stores it. Nothing else is changed: an error leaves no trace but,
// for a while, an unused blob. With dryRun it is only checked.
func (s *Service) upload(ctx context.Context, src source, dryRun bool) (stored, error) {
	if err := src.check(); err != nil {
		return stored{}, err
	}
	if src.zip != nil {
		r := bytes.NewReader(src.zip)
		return s.keep(ctx, r, r.Size(), dryRun)
	}
	f, size, err := s.download(ctx, src)
	if err != nil {
		return stored{}, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	return s.keep(ctx, f, size, dryRun)
}

func (s *Service) keep(ctx context.Context, r io.ReaderAt, size int64, dryRun bool) (out stored, err error) {
	out.size = size
	if out.unzipped, err = checkZip(r, size); err != nil {
		return out, err
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(r, 0, size)); err != nil {
		return out, wrap(err, "read package")
	}
	out.sha = hex.EncodeToString(h.Sum(nil))
	if dryRun {
		return out, nil
	}
	if err := s.claimPackage(ctx, out.sha); err != nil {
		return out, err
	}
	_, _, err = s.Blobs.Put(ctx, io.NewSectionReader(r, 0, size))
	return out, wrap(err, "store package")
}

// download fetches a package from its bucket into a file, which the caller removes.
func (s *Service) download(ctx context.Context, src source) (_ *os.File, size int64, err error) {
	if s.S3 == nil {
		return nil, 0, invalid("This platform runs without S3: provide the package as ZipFile.")
	}
	out, err := s.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: src.bucket, Key: src.key, VersionId: src.version})
	if err != nil {
		var api smithy.APIError
		if errors.As(err, &api) {
			return nil, 0, invalid("Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %s", api.ErrorCode(), api.ErrorMessage())
		}
		return nil, 0, wrap(err, "read package from S3")
	}
	defer out.Body.Close()
	f, err := s.packages.temporary()
	if err != nil {
		return nil, 0, err
	}
	size, err = io.Copy(f, io.LimitReader(out.Body, maxUnzipped+1))
	if err == nil && size > maxUnzipped {
		err = invalid("Unzipped size must be smaller than %d bytes", maxUnzipped)
	}
	if err == nil && size == 0 {
		err = invalid("Uploaded file must be a non-empty zip")
	}
	if err != nil {
		f.Close()
		os.Remove(f.Name())
		return nil, 0, err
	}
	return f, size, nil
}

// checkZip answers AWS's errors for a package that cannot be unpacked, and its unpacked size.
func checkZip(r io.ReaderAt, size int64) (unzipped int64, err error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return 0, invalid(cannotUnzip)
	}
	if len(z.File) == 0 {
		return 0, invalid("Uploaded file must be a non-empty zip")
	}
	for _, f := range z.File {
		if _, err := entryName(f); err != nil {
			return 0, invalid(cannotUnzip)
		}
		// Declared sizes are checked against the content when it is unpacked.
		if f.UncompressedSize64 > maxUnzipped || unzipped+int64(f.UncompressedSize64) > maxUnzipped {
			return 0, invalid("Unzipped size must be smaller than %d bytes", maxUnzipped)
		}
		unzipped += int64(f.UncompressedSize64)
	}
	return unzipped, nil
}

// checkStorage refuses what the account's packages have no room for.
func checkStorage(used, more, limit int64) error {
	if used+more <= limit {
		return nil
	}
	return &types.CodeStorageExceededException{Type: aws.String("User"), Message: aws.String("Code storage limit exceeded.")}
}
