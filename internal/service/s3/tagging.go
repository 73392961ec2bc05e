package s3

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/headgate/headgate/internal/db"
)

// maxTags is how many tags an object may have.
const maxTags = 10

// parseTags reads the header's form, a=1&b=2, in its order.
func parseTags(header *string) (tags []types.Tag, err error) {
	for pair := range strings.SplitSeq(aws.ToString(header), "&") {
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(k)
		value, err2 := url.QueryUnescape(v)
		if err != nil || err2 != nil {
			return nil, fail("InvalidArgument", "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
		}
		tags = append(tags, types.Tag{Key: &key, Value: &value})
	}
	return tags, checkTags(tags)
}

func checkTags(tags []types.Tag) error {
	if len(tags) > maxTags {
		return fail("BadRequest", "Object tags cannot be greater than 10")
	}
	seen := map[string]bool{}
	for _, t := range tags {
		k := aws.ToString(t.Key)
		switch {
		case k == "" || len([]rune(k)) > 128:
			return fail("InvalidTag", "The TagKey you have provided is invalid")
		case len([]rune(aws.ToString(t.Value))) > 256:
			return fail("InvalidTag", "The TagValue you have provided is invalid")
		case seen[k]:
			return fail("InvalidTag", "Cannot provide multiple Tags with the same key")
		}
		seen[k] = true
	}
	return nil
}

// GetObjectTagging answers an object's tags.
func (s *Service) GetObjectTagging(ctx context.Context, in *s3.GetObjectTaggingInput, _ ...func(*s3.Options)) (*s3.GetObjectTaggingOutput, error) {
	o, err := s.object(ctx, aws.ToString(in.Bucket), aws.ToString(in.Key), aws.ToString(in.VersionId))
	if err != nil {
		return nil, err
	}
	return &s3.GetObjectTaggingOutput{TagSet: o.Headers.Tags, VersionId: versionName(o)}, nil
}

// PutObjectTagging replaces the tags of one version of an object.
func (s *Service) PutObjectTagging(ctx context.Context, in *s3.PutObjectTaggingInput, _ ...func(*s3.Options)) (*s3.PutObjectTaggingOutput, error) {
	if in.Tagging == nil {
		return nil, fail("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	version, err := s.tag(ctx, in.Bucket, in.Key, in.VersionId, in.Tagging.TagSet)
	return &s3.PutObjectTaggingOutput{VersionId: version}, err
}

// DeleteObjectTagging removes the tags of one version of an object.
func (s *Service) DeleteObjectTagging(ctx context.Context, in *s3.DeleteObjectTaggingInput, _ ...func(*s3.Options)) (*s3.DeleteObjectTaggingOutput, error) {
	version, err := s.tag(ctx, in.Bucket, in.Key, in.VersionId, nil)
	return &s3.DeleteObjectTaggingOutput{VersionId: version}, err
}

func (s *Service) tag(ctx context.Context, bucket, key, version *string, tags []types.Tag) (*string, error) {
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	o, err := s.object(ctx, aws.ToString(bucket), aws.ToString(key), aws.ToString(version))
	if err != nil {
		return nil, err
	}
	o.Headers.Tags = tags
	h, err := json.Marshal(o.Headers)
	if err != nil {
		return nil, err
	}
	return versionName(o), s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE s3_object SET headers = $1 WHERE bucket = $2 AND key = $3 AND seq = $4`, string(h), o.Bucket, o.Key, o.Seq)
		if err == nil && n == 0 {
			return errNoKey // it went away in between
		}
		return err
	})
}

// tagging is S3's document of tags, in requests and answers.
type tagging struct {
	XMLName xml.Name    `xml:"Tagging"`
	Xmlns   string      `xml:"xmlns,attr,omitempty"`
	Tags    []types.Tag `xml:"TagSet>Tag"`
}

func (s *Service) serveTagging(x *exchange) error {
	version := optional(x.query.Get("versionId"))
	switch x.Method {
	case http.MethodGet:
		out, err := s.GetObjectTagging(x.Context(), &s3.GetObjectTaggingInput{Bucket: &x.bucket, Key: &x.key, VersionId: version})
		if err != nil {
			return err
		}
		x.version(out.VersionId)
		return x.answer(http.StatusOK, tagging{Xmlns: namespace, Tags: out.TagSet})
	case http.MethodPut:
		var doc tagging
		if err := x.decode(&doc); err != nil {
			return err
		}
		out, err := s.PutObjectTagging(x.Context(), &s3.PutObjectTaggingInput{Bucket: &x.bucket, Key: &x.key, VersionId: version, Tagging: &types.Tagging{TagSet: doc.Tags}})
		if err != nil {
			return err
		}
		x.version(out.VersionId)
		return x.answer(http.StatusOK, nil)
	case http.MethodDelete:
		out, err := s.DeleteObjectTagging(x.Context(), &s3.DeleteObjectTaggingInput{Bucket: &x.bucket, Key: &x.key, VersionId: version})
		if err != nil {
			return err
		}
		x.version(out.VersionId)
		return x.answer(http.StatusNoContent, nil)
	}
	return x.unsupported()
}
