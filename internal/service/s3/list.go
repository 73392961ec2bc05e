package s3

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/headgate/headgate/internal/db"
)

// maxKeys is S3's largest, and default, page.
const maxKeys = 1000

// page is one page of a listing: objects, and the prefixes that a delimiter rolled up.
type page struct {
	objects  []object
	prefixes []string
	next     string // the last key or prefix of the page, if there is more
}

// list reads the current objects of a bucket after the key given.
func (s *Service) list(ctx context.Context, bucket, prefix, delimiter, after string, limit int32) (p page, err error) {
	if limit <= 0 || limit > maxKeys {
		limit = maxKeys
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := readBucket(tx, bucket); err != nil {
			return err
		}
		for {
			some, err := db.All(tx, scanObject, `SELECT `+objectColumns+` FROM s3_object o WHERE bucket = $1 AND key > $2 AND key >= $3
				AND NOT deleted AND seq = (SELECT MAX(seq) FROM s3_object n WHERE n.bucket = o.bucket AND n.key = o.key)
				ORDER BY key LIMIT $4`, bucket, after, prefix, maxKeys+1)
			if err != nil || len(some) == 0 {
				return err
			}
			for _, o := range some {
				if !strings.HasPrefix(o.Key, prefix) {
					return nil // keys are in order: nothing follows
				}
				rolled := rollUp(o.Key, prefix, delimiter)
				if rolled != "" && (len(p.prefixes) > 0 && p.prefixes[len(p.prefixes)-1] == rolled || strings.HasPrefix(after, rolled)) {
					continue
				}
				if len(p.objects)+len(p.prefixes) == int(limit) {
					p.next = p.last()
					return nil
				}
				if rolled != "" {
					p.prefixes = append(p.prefixes, rolled)
				} else {
					p.objects = append(p.objects, o)
				}
			}
			after = some[len(some)-1].Key
		}
	})
	return p, err
}

// last is the greatest key or prefix of the page.
func (p page) last() (last string) {
	if n := len(p.objects); n > 0 {
		last = p.objects[n-1].Key
	}
	if n := len(p.prefixes); n > 0 {
		last = max(last, p.prefixes[n-1])
	}
	return last
}

// rollUp is the common prefix that a key falls under, or "".
func rollUp(key, prefix, delimiter string) string {
	if delimiter == "" {
		return ""
	}
	if i := strings.Index(key[len(prefix):], delimiter); i >= 0 {
		return key[:len(prefix)+i+len(delimiter)]
	}
	return ""
}

func (p page) contents() (list []types.Object, common []types.CommonPrefix) {
	for _, o := range p.objects {
		list = append(list, types.Object{Key: &o.Key, Size: &o.Size, ETag: &o.ETag, LastModified: &o.Modified, StorageClass: types.ObjectStorageClassStandard})
	}
	for _, x := range p.prefixes {
		common = append(common, types.CommonPrefix{Prefix: &x})
	}
	return list, common
}

// ListObjectsV2 lists keys in byte order, a page at a time.
func (s *Service) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	after := aws.ToString(in.StartAfter)
	if t := aws.ToString(in.ContinuationToken); t != "" {
		b, err := base64.URLEncoding.DecodeString(t)
		if err != nil {
			return nil, fail("InvalidArgument", "The continuation token provided is incorrect")
		}
		after = string(b)
	}
	limit := in.MaxKeys
	if limit == nil {
		limit = aws.Int32(maxKeys)
	}
	p, err := s.list(ctx, aws.ToString(in.Bucket), aws.ToString(in.Prefix), aws.ToString(in.Delimiter), after, *limit)
	if err != nil {
		return nil, err
	}
	out := &s3.ListObjectsV2Output{Name: in.Bucket, Prefix: in.Prefix, Delimiter: in.Delimiter, MaxKeys: limit, StartAfter: in.StartAfter,
		ContinuationToken: in.ContinuationToken, IsTruncated: aws.Bool(p.next != ""), KeyCount: aws.Int32(int32(len(p.objects) + len(p.prefixes)))}
	out.Contents, out.CommonPrefixes = p.contents()
	if p.next != "" {
		out.NextContinuationToken = aws.String(base64.URLEncoding.EncodeToString([]byte(p.next)))
	}
	return out, nil
}

// ListObjects is the older listing, paged by marker.
func (s *Service) ListObjects(ctx context.Context, in *s3.ListObjectsInput, _ ...func(*s3.Options)) (*s3.ListObjectsOutput, error) {
	limit := in.MaxKeys
	if limit == nil {
		limit = aws.Int32(maxKeys)
	}
	p, err := s.list(ctx, aws.ToString(in.Bucket), aws.ToString(in.Prefix), aws.ToString(in.Delimiter), aws.ToString(in.Marker), *limit)
	if err != nil {
		return nil, err
	}
	out := &s3.ListObjectsOutput{Name: in.Bucket, Prefix: in.Prefix, Delimiter: in.Delimiter, MaxKeys: limit, Marker: in.Marker, IsTruncated: aws.Bool(p.next != "")}
	out.Contents, out.CommonPrefixes = p.contents()
	if p.next != "" {
		out.NextMarker = &p.next
	}
	return out, nil
}

// ListObjectVersions lists every version and delete marker, newest first within a key. It answers all at once.
func (s *Service) ListObjectVersions(ctx context.Context, in *s3.ListObjectVersionsInput, _ ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error) {
	out := &s3.ListObjectVersionsOutput{Name: in.Bucket, Prefix: in.Prefix, MaxKeys: aws.Int32(maxKeys), IsTruncated: aws.Bool(false)}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := readBucket(tx, aws.ToString(in.Bucket)); err != nil {
			return err
		}
		all, err := db.All(tx, scanObject, `SELECT `+objectColumns+` FROM s3_object WHERE bucket = $1 AND key >= $2 ORDER BY key, seq DESC`,
			aws.ToString(in.Bucket), aws.ToString(in.Prefix))
		key := ""
		for i, o := range all {
			if !strings.HasPrefix(o.Key, aws.ToString(in.Prefix)) {
				break
			}
			latest := aws.Bool(i == 0 || o.Key != key)
			key = o.Key
			if o.Deleted {
				out.DeleteMarkers = append(out.DeleteMarkers, types.DeleteMarkerEntry{Key: &o.Key, VersionId: &o.Version, IsLatest: latest, LastModified: &o.Modified})
			} else {
				out.Versions = append(out.Versions, types.ObjectVersion{Key: &o.Key, VersionId: &o.Version, IsLatest: latest, LastModified: &o.Modified,
					ETag: &o.ETag, Size: &o.Size, StorageClass: types.ObjectVersionStorageClassStandard})
			}
		}
		return err
	})
	return out, err
}
