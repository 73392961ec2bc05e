package s3

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// PutObject stores an object; with versioning, a new version of it.
func (s *Service) PutObject(ctx context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	if _, err := s.bucket(ctx, in.Bucket); err != nil {
		return nil, err // before the content is read
	}
	tags, err := parseTags(in.Tagging)
	if err != nil {
		return nil, err
	}
	body := in.Body
	if body == nil {
		body = strings.NewReader("")
	}
	sum := md5.New() //nolint:gosec // S3's ETag is one
	name, size, err := s.blobs.Put(ctx, io.TeeReader(body, sum))
	if err != nil {
		return nil, err
	}
	digest := sum.Sum(nil)
	if m := aws.ToString(in.ContentMD5); m != "" && m != base64.StdEncoding.EncodeToString(digest) {
		return nil, errDigest
	}
	o := object{Bucket: aws.ToString(in.Bucket), Key: aws.ToString(in.Key), Blob: name, Size: size, ETag: quoted(digest), Headers: headers{
		ContentType: aws.ToString(in.ContentType), ContentEncoding: aws.ToString(in.ContentEncoding), ContentDisposition: aws.ToString(in.ContentDisposition),
		ContentLanguage: aws.ToString(in.ContentLanguage), CacheControl: aws.ToString(in.CacheControl), Metadata: in.Metadata, Tags: tags}}
	version, err := s.add(ctx, &o, aws.ToString(in.IfNoneMatch) == "*")
	if err != nil {
		return nil, err
	}
	return &s3.PutObjectOutput{ETag: &o.ETag, VersionId: version}, nil
}

func quoted(md5sum []byte) string { return `"` + hex.EncodeToString(md5sum) + `"` }

// add makes o the current version of its key. It answers the version's name, if the bucket has versions.
func (s *Service) add(ctx context.Context, o *object, mustBeNew bool) (version *string, err error) {
	o.Modified = s.clock.Now().Truncate(time.Second)
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		b, err := readBucket(tx, o.Bucket)
		if err != nil {
			return err
		}
		if mustBeNew {
			if was, err := current(tx, o.Bucket, o.Key, ""); err == nil && !was.Deleted {
				return fail("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
			}
		}
		o.Seq, o.Version, version = id.Ordered(), "null", nil
		if b.Versioning == "Enabled" {
			o.Version = id.Hex(32)
			version = &o.Version
		} else if err := removeVersion(tx, o.Bucket, o.Key, "null"); err != nil {
			return err
		}
		return insertObject(tx, *o)
	})
	return version, err
}

// HeadObject answers what is known of an object.
func (s *Service) HeadObject(ctx context.Context, in *s3.HeadObjectInput, _ ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	o, err := s.object(ctx, aws.ToString(in.Bucket), aws.ToString(in.Key), aws.ToString(in.VersionId))
	if err != nil {
		return nil, err
	}
	return &s3.HeadObjectOutput{ContentLength: &o.Size, ETag: &o.ETag, LastModified: &o.Modified, VersionId: versionName(o),
		ContentType: optional(o.Headers.ContentType), Metadata: o.Headers.Metadata, AcceptRanges: aws.String("bytes")}, nil
}

// GetObject answers an object with its whole content; ranges are cut by the HTTP handler.
func (s *Service) GetObject(ctx context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	o, err := s.object(ctx, aws.ToString(in.Bucket), aws.ToString(in.Key), aws.ToString(in.VersionId))
	if err != nil {
		return nil, err
	}
	body, err := s.blobs.Open(ctx, o.Blob)
	if err != nil {
		return nil, err
	}
	return &s3.GetObjectOutput{Body: body, ContentLength: &o.Size, ETag: &o.ETag, LastModified: &o.Modified, VersionId: versionName(o),
		ContentType: optional(o.Headers.ContentType), Metadata: o.Headers.Metadata, AcceptRanges: aws.String("bytes")}, nil
}

func (s *Service) object(ctx context.Context, bucket, key, version string) (o object, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := readBucket(tx, bucket); err != nil {
			return err
		}
		if o, err = current(tx, bucket, key, version); err != nil {
			return err
		}
		if o.Deleted && version != "" {
			return fail("MethodNotAllowed", "The specified method is not allowed against this resource.")
		}
		if o.Deleted {
			return errNoKey
		}
		return nil
	})
	return o, err
}

func versionName(o object) *string {
	if o.Version == "null" {
		return nil
	}
	return &o.Version
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// DeleteObject removes the version named, or hides the key: by a delete marker where the bucket has versions.
func (s *Service) DeleteObject(ctx context.Context, in *s3.DeleteObjectInput, _ ...func(*s3.Options)) (*s3.DeleteObjectOutput, error) {
	out := &s3.DeleteObjectOutput{}
	return out, s.db.Update(ctx, func(tx *db.Tx) (err error) {
		*out, err = s.remove(tx, aws.ToString(in.Bucket), aws.ToString(in.Key), aws.ToString(in.VersionId))
		return err
	})
}

func (s *Service) remove(tx *db.Tx, bucket, key, version string) (out s3.DeleteObjectOutput, err error) {
	b, err := readBucket(tx, bucket)
	if err != nil {
		return out, err
	}
	if version != "" {
		out.VersionId = &version
		if was, err := current(tx, bucket, key, version); err == nil && was.Deleted {
			out.DeleteMarker = aws.Bool(true)
		}
		return out, removeVersion(tx, bucket, key, version)
	}
	if b.Versioning == "" {
		return out, removeVersion(tx, bucket, key, "null")
	}
	marker := object{Bucket: bucket, Key: key, Seq: id.Ordered(), Version: "null", Deleted: true, Modified: s.clock.Now()}
	if b.Versioning == "Enabled" {
		marker.Version = id.Hex(32)
	} else if err := removeVersion(tx, bucket, key, "null"); err != nil {
		return out, err
	}
	out.DeleteMarker, out.VersionId = aws.Bool(true), &marker.Version
	return out, insertObject(tx, marker)
}

// DeleteObjects removes up to 1,000 objects.
func (s *Service) DeleteObjects(ctx context.Context, in *s3.DeleteObjectsInput, _ ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error) {
	if in.Delete == nil || len(in.Delete.Objects) == 0 || len(in.Delete.Objects) > 1000 {
		return nil, fail("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	var out *s3.DeleteObjectsOutput
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		out = &s3.DeleteObjectsOutput{}
		for _, o := range in.Delete.Objects {
			d, err := s.remove(tx, aws.ToString(in.Bucket), aws.ToString(o.Key), aws.ToString(o.VersionId))
			if err != nil {
				return err
			}
			if !aws.ToBool(in.Delete.Quiet) {
				out.Deleted = append(out.Deleted, types.DeletedObject{Key: o.Key, VersionId: o.VersionId, DeleteMarker: d.DeleteMarker})
			}
		}
		return nil
	})
	return out, err
}

// CopyObject copies an object within the platform. Its content is shared, not copied.
func (s *Service) CopyObject(ctx context.Context, in *s3.CopyObjectInput, _ ...func(*s3.Options)) (*s3.CopyObjectOutput, error) {
	o, err := s.source(ctx, in.CopySource)
	if err != nil {
		return nil, err
	}
	from := versionName(o)
	o.Bucket, o.Key = aws.ToString(in.Bucket), aws.ToString(in.Key)
	if in.MetadataDirective == types.MetadataDirectiveReplace {
		o.Headers.Metadata, o.Headers.ContentType = in.Metadata, aws.ToString(in.ContentType)
	}
	if in.TaggingDirective == types.TaggingDirectiveReplace {
		if o.Headers.Tags, err = parseTags(in.Tagging); err != nil {
			return nil, err
		}
	}
	version, err := s.add(ctx, &o, false)
	if err != nil {
		return nil, err
	}
	return &s3.CopyObjectOutput{VersionId: version, CopySourceVersionId: from,
		CopyObjectResult: &types.CopyObjectResult{ETag: &o.ETag, LastModified: &o.Modified}}, nil
}

// source finds what a copy copies: bucket/key, escaped, perhaps with ?versionId=.
func (s *Service) source(ctx context.Context, from *string) (object, error) {
	source, query, _ := strings.Cut(strings.TrimPrefix(aws.ToString(from), "/"), "?")
	source, err := url.PathUnescape(source)
	bucket, key, ok := strings.Cut(source, "/")
	if err != nil || !ok {
		return object{}, fail("InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	return s.object(ctx, bucket, key, strings.TrimPrefix(query, "versionId="))
}
