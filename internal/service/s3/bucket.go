package s3

import (
	"context"
	"errors"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// CreateBucket makes a bucket; names are global. Making one's own again is fine in us-east-1, as on AWS.
func (s *Service) CreateBucket(ctx context.Context, in *s3.CreateBucketInput, _ ...func(*s3.Options)) (*s3.CreateBucketOutput, error) {
	c, name := caller.From(ctx), aws.ToString(in.Bucket)
	if !bucketName.MatchString(name) {
		return nil, fail("InvalidBucketName", "The specified bucket is not valid.")
	}
	region := c.Region
	if in.CreateBucketConfiguration != nil && in.CreateBucketConfiguration.LocationConstraint != "" {
		region = string(in.CreateBucketConfiguration.LocationConstraint)
	}
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		b, err := readBucket(tx, name)
		switch {
		case err == nil && b.Account != c.Account:
			return fail("BucketAlreadyExists", "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.")
		case err == nil && b.Region == caller.DefaultRegion && region == b.Region:
			return nil
		case err == nil:
			return fail("BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.")
		case !errors.Is(err, errNoBucket):
			return err
		}
		_, err = tx.Exec(`INSERT INTO s3_bucket (`+bucketColumns+`) VALUES ($1, $2, $3, $4, '')`, name, c.Account, region, s.clock.Now().UnixMilli())
		return err
	})
	if err != nil {
		return nil, err
	}
	return &s3.CreateBucketOutput{Location: aws.String("/" + name)}, nil
}

// HeadBucket tells whether a bucket exists.
func (s *Service) HeadBucket(ctx context.Context, in *s3.HeadBucketInput, _ ...func(*s3.Options)) (*s3.HeadBucketOutput, error) {
	b, err := s.bucket(ctx, in.Bucket)
	if err != nil {
		return nil, err
	}
	return &s3.HeadBucketOutput{BucketRegion: &b.Region}, nil
}

// GetBucketLocation answers the region; us-east-1 has no name here.
func (s *Service) GetBucketLocation(ctx context.Context, in *s3.GetBucketLocationInput, _ ...func(*s3.Options)) (*s3.GetBucketLocationOutput, error) {
	b, err := s.bucket(ctx, in.Bucket)
	if err != nil {
		return nil, err
	}
	out := &s3.GetBucketLocationOutput{}
	if b.Region != "us-east-1" {
		out.LocationConstraint = types.BucketLocationConstraint(b.Region)
	}
	return out, nil
}

// ListBuckets answers the account's buckets by name.
func (s *Service) ListBuckets(ctx context.Context, _ *s3.ListBucketsInput, _ ...func(*s3.Options)) (*s3.ListBucketsOutput, error) {
	c := caller.From(ctx)
	out := &s3.ListBucketsOutput{Owner: &types.Owner{ID: &c.Account, DisplayName: &c.Account}}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		all, err := db.All(tx, scanBucket, `SELECT `+bucketColumns+` FROM s3_bucket WHERE account = $1 ORDER BY name`, c.Account)
		for _, b := range all {
			out.Buckets = append(out.Buckets, types.Bucket{Name: &b.Name, CreationDate: &b.Created, BucketRegion: &b.Region})
		}
		return err
	})
	return out, err
}

// DeleteBucket removes an empty bucket.
func (s *Service) DeleteBucket(ctx context.Context, in *s3.DeleteBucketInput, _ ...func(*s3.Options)) (*s3.DeleteBucketOutput, error) {
	name := aws.ToString(in.Bucket)
	return &s3.DeleteBucketOutput{}, s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := readBucket(tx, name); err != nil {
			return err
		}
		n, err := db.One(tx, db.Value[int64], `SELECT COUNT(*) FROM s3_object WHERE bucket = $1`, name)
		if err != nil {
			return err
		}
		if n > 0 {
			return fail("BucketNotEmpty", "The bucket you tried to delete is not empty")
		}
		return tx.Run(
			db.Stmt{SQL: `DELETE FROM s3_part WHERE upload IN (SELECT id FROM s3_upload WHERE bucket = $1)`, Args: []any{name}},
			db.Stmt{SQL: `DELETE FROM s3_upload WHERE bucket = $1`, Args: []any{name}},
			db.Stmt{SQL: `DELETE FROM s3_bucket_document WHERE bucket = $1`, Args: []any{name}},
			db.Stmt{SQL: `DELETE FROM s3_bucket WHERE name = $1`, Args: []any{name}})
	})
}

// PutBucketVersioning enables or suspends versioning.
func (s *Service) PutBucketVersioning(ctx context.Context, in *s3.PutBucketVersioningInput, _ ...func(*s3.Options)) (*s3.PutBucketVersioningOutput, error) {
	var to string
	if in.VersioningConfiguration != nil {
		to = string(in.VersioningConfiguration.Status)
	}
	if to != "Enabled" && to != "Suspended" {
		return nil, fail("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	return &s3.PutBucketVersioningOutput{}, s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE s3_bucket SET versioning = $1 WHERE name = $2`, to, aws.ToString(in.Bucket))
		if err == nil && n == 0 {
			return errNoBucket
		}
		return err
	})
}

// GetBucketVersioning answers the state of versioning.
func (s *Service) GetBucketVersioning(ctx context.Context, in *s3.GetBucketVersioningInput, _ ...func(*s3.Options)) (*s3.GetBucketVersioningOutput, error) {
	b, err := s.bucket(ctx, in.Bucket)
	if err != nil {
		return nil, err
	}
	return &s3.GetBucketVersioningOutput{Status: types.BucketVersioningStatus(b.Versioning)}, nil
}

func (s *Service) bucket(ctx context.Context, name *string) (b bucketRow, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error { b, err = readBucket(tx, aws.ToString(name)); return err })
	return b, err
}

// documents are what can be put on a bucket and got back as it was, with the error for one that was never put.
var documents = map[string]error{
	"policy":            fail("NoSuchBucketPolicy", "The bucket policy does not exist"),
	"tagging":           fail("NoSuchTagSet", "The TagSet does not exist"),
	"publicAccessBlock": fail("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"),
	"ownershipControls": fail("OwnershipControlsNotFoundError", "The bucket ownership controls were not found"),
}

// document reads (put nil), writes, or (put empty) removes a bucket's document.
func (s *Service) document(ctx context.Context, bucket, kind string, put *string) (doc string, err error) {
	work := func(tx *db.Tx) error {
		if _, err := readBucket(tx, bucket); err != nil {
			return err
		}
		if put == nil {
			doc, err = db.One(tx, db.Value[string], `SELECT document FROM s3_bucket_document WHERE bucket = $1 AND kind = $2`, bucket, kind)
			return instead(err, documents[kind])
		}
		if *put == "" {
			_, err = tx.Exec(`DELETE FROM s3_bucket_document WHERE bucket = $1 AND kind = $2`, bucket, kind)
			return err
		}
		_, err = tx.Exec(`INSERT INTO s3_bucket_document (bucket, kind, document) VALUES ($1, $2, $3)
			ON CONFLICT (bucket, kind) DO UPDATE SET document = $3`, bucket, kind, *put)
		return err
	}
	if put == nil {
		return doc, s.db.View(ctx, work)
	}
	return doc, s.db.Update(ctx, work)
}

// PutBucketPolicy stores the bucket's policy. It is not enforced.
func (s *Service) PutBucketPolicy(ctx context.Context, in *s3.PutBucketPolicyInput, _ ...func(*s3.Options)) (*s3.PutBucketPolicyOutput, error) {
	_, err := s.document(ctx, aws.ToString(in.Bucket), "policy", in.Policy)
	return &s3.PutBucketPolicyOutput{}, err
}

// DeleteBucketPolicy removes the bucket's policy.
func (s *Service) DeleteBucketPolicy(ctx context.Context, in *s3.DeleteBucketPolicyInput, _ ...func(*s3.Options)) (*s3.DeleteBucketPolicyOutput, error) {
	_, err := s.document(ctx, aws.ToString(in.Bucket), "policy", aws.String(""))
	return &s3.DeleteBucketPolicyOutput{}, err
}
