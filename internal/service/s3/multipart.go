package s3

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// minPart is the least length, in bytes, of every part but the last.
const minPart = 5 << 20

type part struct {
	Number   int32
	Blob     string
	Size     int64
	ETag     string
	Modified time.Time
}

func scanPart(r db.Row) (p part, err error) {
	var ms int64
	err = r.Scan(&p.Number, &p.Blob, &p.Size, &p.ETag, &ms)
	p.Modified = time.UnixMilli(ms).UTC()
	return p, err
}

// CreateMultipartUpload begins an upload in parts.
func (s *Service) CreateMultipartUpload(ctx context.Context, in *s3.CreateMultipartUploadInput, _ ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error) {
	tags, err := parseTags(in.Tagging)
	if err != nil {
		return nil, err
	}
	h, err := json.Marshal(headers{Tags: tags, ContentType: aws.ToString(in.ContentType), ContentEncoding: aws.ToString(in.ContentEncoding), CacheControl: aws.ToString(in.CacheControl), Metadata: in.Metadata})
	if err != nil {
		return nil, err
	}
	upload := id.Hex(40)
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := readBucket(tx, aws.ToString(in.Bucket)); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO s3_upload (id, bucket, key, started, headers) VALUES ($1, $2, $3, $4, $5)`,
			upload, aws.ToString(in.Bucket), aws.ToString(in.Key), s.clock.Now().UnixMilli(), string(h))
		return err
	})
	if err != nil {
		return nil, err
	}
	return &s3.CreateMultipartUploadOutput{Bucket: in.Bucket, Key: in.Key, UploadId: &upload}, nil
}

// readUpload checks that an upload of this key is under way and returns its headers.
func readUpload(tx *db.Tx, upload, bucket, key *string) (h headers, err error) {
	doc, err := db.One(tx, db.Value[string], `SELECT headers FROM s3_upload WHERE id = $1 AND bucket = $2 AND key = $3`,
		aws.ToString(upload), aws.ToString(bucket), aws.ToString(key))
	if err != nil {
		return h, instead(err, errNoUpload)
	}
	return h, json.Unmarshal([]byte(doc), &h)
}

// UploadPart stores one part; the same number again replaces it.
func (s *Service) UploadPart(ctx context.Context, in *s3.UploadPartInput, _ ...func(*s3.Options)) (*s3.UploadPartOutput, error) {
	n := aws.ToInt32(in.PartNumber)
	if n < 1 || n > 10_000 {
		return nil, fail("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
	}
	sum := md5.New() //nolint:gosec // S3's ETag is one
	body := in.Body
	if body == nil {
		body = strings.NewReader("")
	}
	name, size, err := s.blobs.Put(ctx, io.TeeReader(body, sum))
	if err != nil {
		return nil, err
	}
	etag := quoted(sum.Sum(nil))
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := readUpload(tx, in.UploadId, in.Bucket, in.Key); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO s3_part (upload, number, blob, size, etag, modified) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (upload, number) DO UPDATE SET blob = $3, size = $4, etag = $5, modified = $6`,
			*in.UploadId, n, name, size, etag, s.clock.Now().UnixMilli())
		return err
	})
	if err != nil {
		return nil, err
	}
	return &s3.UploadPartOutput{ETag: &etag}, nil
}

// UploadPartCopy stores a part, or a range of bytes, of an object that is here already.
func (s *Service) UploadPartCopy(ctx context.Context, in *s3.UploadPartCopyInput, _ ...func(*s3.Options)) (*s3.UploadPartCopyOutput, error) {
	o, err := s.source(ctx, in.CopySource)
	if err != nil {
		return nil, err
	}
	first, last := int64(0), o.Size-1
	if in.CopySourceRange != nil {
		if _, err := fmt.Sscanf(*in.CopySourceRange, "bytes=%d-%d", &first, &last); err != nil || first > last {
			return nil, fail("InvalidArgument", "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy")
		}
		if last >= o.Size {
			return nil, fail("InvalidArgument", fmt.Sprintf("Range specified is not valid for source object of size: %d", o.Size))
		}
	}
	body, err := s.blobs.Open(ctx, o.Blob)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	if _, err := io.CopyN(io.Discard, body, first); err != nil {
		return nil, fmt.Errorf("s3 copy: %w", err)
	}
	p, err := s.UploadPart(ctx, &s3.UploadPartInput{Bucket: in.Bucket, Key: in.Key, UploadId: in.UploadId, PartNumber: in.PartNumber, Body: io.LimitReader(body, last-first+1)})
	if err != nil {
		return nil, err
	}
	return &s3.UploadPartCopyOutput{CopySourceVersionId: versionName(o), CopyPartResult: &types.CopyPartResult{ETag: p.ETag, LastModified: aws.Time(s.clock.Now().Truncate(time.Second))}}, nil
}

// CompleteMultipartUpload puts the parts listed together as one object.
func (s *Service) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput, _ ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error) {
	parts, h, err := s.chosen(ctx, in)
	if err != nil {
		return nil, err
	}
	readers, etags := make([]io.Reader, len(parts)), md5.New() //nolint:gosec // S3's ETag is one
	for i, p := range parts {
		readers[i] = &lazy{open: func() (io.ReadCloser, error) { return s.blobs.Open(ctx, p.Blob) }}
		raw, err := hex.DecodeString(strings.Trim(p.ETag, `"`))
		if err != nil {
			return nil, err
		}
		etags.Write(raw)
	}
	name, size, err := s.blobs.Put(ctx, io.MultiReader(readers...))
	if err != nil {
		return nil, err
	}
	o := object{Bucket: *in.Bucket, Key: *in.Key, Blob: name, Size: size, Headers: h, ETag: fmt.Sprintf(`"%x-%d"`, etags.Sum(nil), len(parts))}
	version, err := s.add(ctx, &o, false)
	if err != nil {
		return nil, err
	}
	if _, err := s.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: in.Bucket, Key: in.Key, UploadId: in.UploadId}); err != nil {
		return nil, err
	}
	return &s3.CompleteMultipartUploadOutput{Bucket: in.Bucket, Key: in.Key, ETag: &o.ETag, VersionId: version, Location: aws.String("/" + o.Bucket + "/" + o.Key)}, nil
}

// chosen returns the stored parts that the request lists, checked as S3 checks them.
func (s *Service) chosen(ctx context.Context, in *s3.CompleteMultipartUploadInput) (parts []part, h headers, err error) {
	if in.MultipartUpload == nil || len(in.MultipartUpload.Parts) == 0 {
		return nil, h, fail("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	var stored map[int32]part
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if h, err = readUpload(tx, in.UploadId, in.Bucket, in.Key); err != nil {
			return err
		}
		stored, err = readParts(tx, *in.UploadId)
		return err
	})
	if err != nil {
		return nil, h, err
	}
	for i, c := range in.MultipartUpload.Parts {
		p, ok := stored[aws.ToInt32(c.PartNumber)]
		switch {
		case !ok || strings.Trim(p.ETag, `"`) != strings.Trim(aws.ToString(c.ETag), `"`):
			return nil, h, fail("InvalidPart", "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.")
		case len(parts) > 0 && parts[len(parts)-1].Number >= p.Number:
			return nil, h, fail("InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.")
		case i < len(in.MultipartUpload.Parts)-1 && p.Size < minPart:
			return nil, h, fail("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
		}
		parts = append(parts, p)
	}
	return parts, h, nil
}

func readParts(tx *db.Tx, upload string) (map[int32]part, error) {
	all, err := db.All(tx, scanPart, `SELECT number, blob, size, etag, modified FROM s3_part WHERE upload = $1 ORDER BY number`, upload)
	byNumber := make(map[int32]part, len(all))
	for _, p := range all {
		byNumber[p.Number] = p
	}
	return byNumber, err
}

// AbortMultipartUpload forgets an upload and its parts.
func (s *Service) AbortMultipartUpload(ctx context.Context, in *s3.AbortMultipartUploadInput, _ ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error) {
	return &s3.AbortMultipartUploadOutput{}, s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := readUpload(tx, in.UploadId, in.Bucket, in.Key); err != nil {
			return err
		}
		return tx.Run(db.Stmt{SQL: `DELETE FROM s3_part WHERE upload = $1`, Args: []any{*in.UploadId}},
			db.Stmt{SQL: `DELETE FROM s3_upload WHERE id = $1`, Args: []any{*in.UploadId}})
	})
}

// ListParts answers the parts that an upload has so far.
func (s *Service) ListParts(ctx context.Context, in *s3.ListPartsInput, _ ...func(*s3.Options)) (*s3.ListPartsOutput, error) {
	out := &s3.ListPartsOutput{Bucket: in.Bucket, Key: in.Key, UploadId: in.UploadId, IsTruncated: aws.Bool(false)}
	return out, s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := readUpload(tx, in.UploadId, in.Bucket, in.Key); err != nil {
			return err
		}
		all, err := db.All(tx, scanPart, `SELECT number, blob, size, etag, modified FROM s3_part WHERE upload = $1 ORDER BY number`, *in.UploadId)
		for _, p := range all {
			out.Parts = append(out.Parts, types.Part{PartNumber: &p.Number, Size: &p.Size, ETag: &p.ETag, LastModified: &p.Modified})
		}
		return err
	})
}

// ListMultipartUploads answers the uploads of a bucket that are under way.
func (s *Service) ListMultipartUploads(ctx context.Context, in *s3.ListMultipartUploadsInput, _ ...func(*s3.Options)) (*s3.ListMultipartUploadsOutput, error) {
	out := &s3.ListMultipartUploadsOutput{Bucket: in.Bucket, IsTruncated: aws.Bool(false)}
	return out, s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := readBucket(tx, aws.ToString(in.Bucket)); err != nil {
			return err
		}
		all, err := db.All(tx, func(r db.Row) (u types.MultipartUpload, err error) {
			var upload, key string
			var ms int64
			err = r.Scan(&upload, &key, &ms)
			return types.MultipartUpload{UploadId: &upload, Key: &key, Initiated: aws.Time(time.UnixMilli(ms).UTC())}, err
		}, `SELECT id, key, started FROM s3_upload WHERE bucket = $1 ORDER BY key, started`, aws.ToString(in.Bucket))
		out.Uploads = all
		return err
	})
}

// lazy opens its content when it is first read and closes it at its end: a thousand parts are not a
// thousand open files.
type lazy struct {
	open func() (io.ReadCloser, error)
	r    io.ReadCloser
}

func (l *lazy) Read(p []byte) (n int, err error) {
	if l.r == nil {
		if l.r, err = l.open(); err != nil {
			return 0, err
		}
	}
	n, err = l.r.Read(p)
	if err != nil {
		l.r.Close()
	}
	return n, err
}
