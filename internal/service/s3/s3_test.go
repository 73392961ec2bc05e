package s3_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/blob"
	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
	service "github.com/headgate/headgate/internal/service/s3"
)

// client returns a real client of a service on d, with bucket "box" made.
func client(t *testing.T, d *db.DB) *s3.Client {
	t.Helper()
	blobs, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(service.New(d, clock.New(clock.Anchor{}), blobs))
	t.Cleanup(server.Close)
	c := s3.New(s3.Options{BaseEndpoint: &server.URL, UsePathStyle: true, Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
	if _, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("box")}); err != nil {
		t.Fatal(err)
	}
	return c
}

func put(t *testing.T, c *s3.Client, key, text string) *s3.PutObjectOutput {
	t.Helper()
	out, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("box"), Key: &key, Body: strings.NewReader(text), ContentType: aws.String("text/plain"), Metadata: map[string]string{"by": "me"}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func get(t *testing.T, c *s3.Client, in *s3.GetObjectInput) string {
	t.Helper()
	in.Bucket = aws.String("box")
	out, err := c.GetObject(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return fmt.Sprint(err)
}

func TestObjectsComeBackAsTheyWerePut(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := client(t, d)
		key := "a b/ü+%2F&?.txt"
		put(t, c, key, "hello world")
		if got := get(t, c, &s3.GetObjectInput{Key: &key}); got != "hello world" {
			t.Errorf("got %q", got)
		}
		if got := get(t, c, &s3.GetObjectInput{Key: &key, Range: aws.String("bytes=6-8")}); got != "wor" {
			t.Errorf("range: got %q", got)
		}
		h, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("box"), Key: &key})
		if err != nil || *h.ContentType != "text/plain" || h.Metadata["by"] != "me" || *h.ContentLength != 11 || *h.ETag != `"5eb63bbbe01eeed093cb22bb8f5acdc3"` {
			t.Errorf("head %+v, %v", h, err)
		}
		_, err = c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("box"), Key: &key, Range: aws.String("bytes=99-")})
		if code(err) != "InvalidRange" {
			t.Errorf("range past the end: %v", err)
		}
		_, err = c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("box"), Key: &key, IfMatch: aws.String(`"other"`)})
		if code(err) != "PreconditionFailed" {
			t.Errorf("another ETag: %v", err)
		}
		_, err = c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("box"), Key: aws.String("none")})
		var missing *types.NoSuchKey
		if !errors.As(err, &missing) {
			t.Errorf("missing key: %v", err)
		}
		_, err = c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("other"), Key: &key})
		if code(err) != "NoSuchBucket" {
			t.Errorf("missing bucket: %v", err)
		}
	})
}

func TestAnUploadWithAWrongChecksumStoresNothing(t *testing.T) {
	c := client(t, dbtest.Open(t, dbtest.SQLite(t)))
	_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("box"), Key: aws.String("k"), Body: strings.NewReader("x"), ChecksumSHA256: aws.String("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")})
	if code(err) != "BadDigest" {
		t.Errorf("got %v", err)
	}
	if _, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("box"), Key: aws.String("k")}); err == nil {
		t.Error("the object is there")
	}
}

func TestVersionsStayUntilTheyAreDeletedByName(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := client(t, d)
		if _, err := c.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: aws.String("box"),
			VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}); err != nil {
			t.Fatal(err)
		}
		key := "k"
		v1, v2 := put(t, c, key, "one"), put(t, c, key, "two")
		if got := get(t, c, &s3.GetObjectInput{Key: &key, VersionId: v1.VersionId}); got != "one" {
			t.Errorf("first version: %q", got)
		}
		del, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("box"), Key: &key})
		if err != nil || !aws.ToBool(del.DeleteMarker) {
			t.Fatalf("delete: %+v, %v", del, err)
		}
		if _, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("box"), Key: &key}); code(err) != "NoSuchKey" {
			t.Errorf("after deletion: %v", err)
		}
		list, err := c.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: aws.String("box")})
		if err != nil || len(list.Versions) != 2 || len(list.DeleteMarkers) != 1 || *list.Versions[0].VersionId != *v2.VersionId {
			t.Errorf("versions %+v, %v", list, err)
		}
		if _, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("box"), Key: &key, VersionId: del.VersionId}); err != nil {
			t.Fatal(err)
		}
		if got := get(t, c, &s3.GetObjectInput{Key: &key}); got != "two" {
			t.Errorf("marker removed: %q", got)
		}
	})
}

func TestListingPagesThroughKeysAndRollsUpPrefixes(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := client(t, d)
		for _, k := range []string{"a", "dir/1", "dir/2", "dir/sub/3", "dirt", "z"} {
			put(t, c, k, k)
		}
		var got []string
		pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: aws.String("box"), Delimiter: aws.String("/"), MaxKeys: aws.Int32(1)})
		for pages.HasMorePages() {
			p, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range p.Contents {
				got = append(got, *o.Key)
			}
			for _, x := range p.CommonPrefixes {
				got = append(got, *x.Prefix)
			}
		}
		if s := strings.Join(got, " "); s != "a dir/ dirt z" {
			t.Errorf("got %s", s)
		}
		sub, err := c.ListObjects(t.Context(), &s3.ListObjectsInput{Bucket: aws.String("box"), Prefix: aws.String("dir/")})
		if err != nil || len(sub.Contents) != 3 {
			t.Errorf("prefix: %+v, %v", sub, err)
		}
		if _, err := c.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String("box")}); code(err) != "BucketNotEmpty" {
			t.Errorf("delete of a full bucket: %v", err)
		}
		del := &types.Delete{}
		for _, o := range sub.Contents {
			del.Objects = append(del.Objects, types.ObjectIdentifier{Key: o.Key})
		}
		if out, err := c.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String("box"), Delete: del}); err != nil || len(out.Deleted) != 3 {
			t.Errorf("deleted %+v, %v", out, err)
		}
	})
}

func TestALargeUploadGoesInPartsAndComesBackWhole(t *testing.T) {
	c := client(t, dbtest.Open(t, dbtest.SQLite(t)))
	want := make([]byte, 12<<20)
	rand.Read(want)
	up := manager.NewUploader(c, func(u *manager.Uploader) { u.PartSize = 5 << 20 })
	if _, err := up.Upload(t.Context(), &s3.PutObjectInput{Bucket: aws.String("box"), Key: aws.String("big"), Body: bytes.NewReader(want)}); err != nil {
		t.Fatal(err)
	}
	if got := get(t, c, &s3.GetObjectInput{Key: aws.String("big")}); got != string(want) {
		t.Errorf("%d bytes came back, want %d", len(got), len(want))
	}
	_, err := c.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{Bucket: aws.String("box"), Key: aws.String("big"), UploadId: aws.String("none"),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: aws.String("x")}}}})
	if code(err) != "NoSuchUpload" {
		t.Errorf("unknown upload: %v", err)
	}
}

// Not every client folds the case of header names: what boto3 calls the metadata's key is the name as it came.
func TestMetadataNamesTravelInLowerCase(t *testing.T) {
	c := client(t, dbtest.Open(t, dbtest.SQLite(t)))
	put(t, c, "k", "text")
	conn, err := net.Dial("tcp", strings.TrimPrefix(*c.Options().BaseEndpoint, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /box/k HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(answer), "\r\nx-amz-meta-by: me\r\n") {
		t.Errorf("%s, %v", answer, err)
	}
}

func TestTagsBelongToAVersionOfAnObject(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, ctx, box, key := client(t, d), t.Context(), aws.String("box"), aws.String("k")
		if _, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: box, Key: key, Tagging: aws.String("a=1&b%20c=d%26")}); err != nil {
			t.Fatal(err)
		}
		tags := func(key *string) string {
			out, err := c.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: box, Key: key})
			if err != nil {
				return err.Error()
			}
			var all []string
			for _, t := range out.TagSet {
				all = append(all, *t.Key+"="+*t.Value)
			}
			return strings.Join(all, "|")
		}
		if got := tags(key); got != "a=1|b c=d&" {
			t.Errorf("from the header: %s", got)
		}
		if h, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: box, Key: key}); err != nil || aws.ToInt32(h.TagCount) != 2 {
			t.Errorf("count: %+v, %v", h, err)
		}
		if _, err := c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: box, Key: aws.String("copy"), CopySource: aws.String("box/k")}); err != nil || tags(aws.String("copy")) != "a=1|b c=d&" {
			t.Errorf("copied: %s, %v", tags(aws.String("copy")), err)
		}
		set := []types.Tag{{Key: aws.String("x"), Value: aws.String("")}}
		if _, err := c.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: box, Key: key, Tagging: &types.Tagging{TagSet: set}}); err != nil || tags(key) != "x=" {
			t.Errorf("replaced: %s, %v", tags(key), err)
		}
		_, err := c.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: box, Key: key, Tagging: &types.Tagging{TagSet: append(set, set...)}})
		if code(err) != "InvalidTag" || tags(key) != "x=" {
			t.Errorf("the same key twice: %v, then %s", err, tags(key))
		}
		if _, err := c.DeleteObjectTagging(ctx, &s3.DeleteObjectTaggingInput{Bucket: box, Key: key}); err != nil || tags(key) != "" {
			t.Errorf("deleted: %s, %v", tags(key), err)
		}
		if _, err = c.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: box, Key: aws.String("none")}); code(err) != "NoSuchKey" {
			t.Errorf("no such key: %v", err)
		}
	})
}

func TestAPartCanBeARangeOfAnObject(t *testing.T) {
	c, ctx, box, key := client(t, dbtest.Open(t, dbtest.SQLite(t))), t.Context(), aws.String("box"), aws.String("whole")
	put(t, c, "from", "0123456789")
	up, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: box, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	in := &s3.UploadPartCopyInput{Bucket: box, Key: key, UploadId: up.UploadId, PartNumber: aws.Int32(1), CopySource: aws.String("box/from"), CopySourceRange: aws.String("bytes=8-10")}
	if _, err := c.UploadPartCopy(ctx, in); code(err) != "InvalidArgument" {
		t.Errorf("past the end: %v", err)
	}
	in.CopySourceRange = aws.String("bytes=2-4")
	p, err := c.UploadPartCopy(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: box, Key: key, UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: p.CopyPartResult.ETag}}}})
	if got := get(t, c, &s3.GetObjectInput{Key: key}); err != nil || got != "234" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestABucketSaysWhatItWasNeverGiven(t *testing.T) {
	c, ctx, box := client(t, dbtest.Open(t, dbtest.SQLite(t))), t.Context(), aws.String("box")
	if _, err := c.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: box}); code(err) != "NoSuchLifecycleConfiguration" {
		t.Errorf("lifecycle: %v", err)
	}
	if out, err := c.GetBucketRequestPayment(ctx, &s3.GetBucketRequestPaymentInput{Bucket: box}); err != nil || out.Payer != types.PayerBucketOwner {
		t.Errorf("payer: %+v, %v", out, err)
	}
	if _, err := c.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: aws.String("other")}); code(err) != "NoSuchBucket" {
		t.Errorf("of no bucket: %v", err)
	}
}

func TestACopySharesContentAndKeepsMetadata(t *testing.T) {
	c := client(t, dbtest.Open(t, dbtest.SQLite(t)))
	put(t, c, "from/ü", "text")
	if _, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: aws.String("box"), Key: aws.String("to"), CopySource: aws.String("box/from/%C3%BC")}); err != nil {
		t.Fatal(err)
	}
	h, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("box"), Key: aws.String("to")})
	if err != nil || h.Metadata["by"] != "me" {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestWhatIsNotImplementedSaysSo(t *testing.T) {
	c := client(t, dbtest.Open(t, dbtest.SQLite(t)))
	_, err := c.PutBucketCors(t.Context(), &s3.PutBucketCorsInput{Bucket: aws.String("box"), CORSConfiguration: &types.CORSConfiguration{CORSRules: []types.CORSRule{}}})
	if code(err) != "NotImplemented" || !strings.Contains(err.Error(), "?cors") {
		t.Errorf("got %v", err)
	}
}
