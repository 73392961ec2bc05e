package s3

import (
	"encoding/xml"
	"net/http"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// The answers' shapes, with S3's element names; where the SDK's struct has the same names it is used as it is.
type (
	bucketsAnswer struct {
		XMLName xml.Name       `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListAllMyBucketsResult"`
		Owner   *types.Owner   `xml:"Owner"`
		Buckets []types.Bucket `xml:"Buckets>Bucket"`
	}
	locationAnswer struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ LocationConstraint"`
		Region  string   `xml:",chardata"`
	}
	versioning struct {
		XMLName xml.Name `xml:"VersioningConfiguration"`
		Xmlns   string   `xml:"xmlns,attr,omitempty"`
		Status  string   `xml:",omitempty"`
	}
	createBucket struct {
		LocationConstraint string
	}
	listAnswer struct {
		XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
		Name, Prefix          string
		Delimiter             string `xml:",omitempty"`
		Marker                *string
		NextMarker            *string
		StartAfter            *string
		ContinuationToken     *string
		NextContinuationToken *string
		KeyCount              *int32
		MaxKeys               int32
		IsTruncated           bool
		EncodingType          string               `xml:",omitempty"`
		Contents              []types.Object       `xml:"Contents"`
		CommonPrefixes        []types.CommonPrefix `xml:"CommonPrefixes"`
	}
	versionsAnswer struct {
		XMLName      xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListVersionsResult"`
		Name, Prefix string
		MaxKeys      int32
		IsTruncated  bool
		Versions     []types.ObjectVersion     `xml:"Version"`
		Markers      []types.DeleteMarkerEntry `xml:"DeleteMarker"`
	}
	uploadsAnswer struct {
		XMLName     xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListMultipartUploadsResult"`
		Bucket      string
		IsTruncated bool
		Uploads     []types.MultipartUpload `xml:"Upload"`
	}
	deleteRequest struct {
		Quiet   bool
		Objects []struct {
			Key       string
			VersionId *string
		} `xml:"Object"`
	}
	deleteAnswer struct {
		XMLName xml.Name              `xml:"http://s3.amazonaws.com/doc/2006-03-01/ DeleteResult"`
		Deleted []types.DeletedObject `xml:"Deleted"`
	}
)

func (s *Service) serveList(x *exchange) error {
	out, err := s.ListBuckets(x.Context(), &s3.ListBucketsInput{})
	if err != nil {
		return err
	}
	return x.answer(http.StatusOK, bucketsAnswer{Owner: out.Owner, Buckets: out.Buckets})
}

func (s *Service) serveBucket(x *exchange) error {
	for kind := range documents {
		if x.query.Has(kind) {
			return s.serveDocument(x, kind)
		}
	}
	for kind := range unset {
		if x.query.Has(kind) && x.Method == http.MethodGet {
			return s.serveUnset(x, kind)
		}
	}
	b := &x.bucket
	switch {
	case x.query.Has("versioning"):
		return s.serveVersioning(x)
	case x.query.Has("location") && x.Method == http.MethodGet:
		out, err := s.GetBucketLocation(x.Context(), &s3.GetBucketLocationInput{Bucket: b})
		if err != nil {
			return err
		}
		return x.answer(http.StatusOK, locationAnswer{Region: string(out.LocationConstraint)})
	case x.query.Has("versions") && x.Method == http.MethodGet:
		out, err := s.ListObjectVersions(x.Context(), &s3.ListObjectVersionsInput{Bucket: b, Prefix: aws.String(x.query.Get("prefix"))})
		if err != nil {
			return err
		}
		return x.answer(http.StatusOK, versionsAnswer{Name: *b, Prefix: aws.ToString(out.Prefix), MaxKeys: maxKeys, Versions: out.Versions, Markers: out.DeleteMarkers})
	case x.query.Has("uploads") && x.Method == http.MethodGet:
		out, err := s.ListMultipartUploads(x.Context(), &s3.ListMultipartUploadsInput{Bucket: b})
		if err != nil {
			return err
		}
		return x.answer(http.StatusOK, uploadsAnswer{Bucket: *b, Uploads: out.Uploads})
	case x.query.Has("delete") && x.Method == http.MethodPost:
		return s.serveDeletes(x)
	}
	return s.serveWholeBucket(x)
}

func (s *Service) serveWholeBucket(x *exchange) error {
	for k, v := range x.query {
		if len(v) == 1 && v[0] == "" && k != "prefix" && k != "delimiter" && k != "marker" && k != "start-after" {
			return x.unsupported() // ?lifecycle, ?cors …
		}
	}
	switch x.Method {
	case http.MethodPut:
		var c createBucket
		if x.ContentLength != 0 {
			if err := x.decode(&c); err != nil {
				return err
			}
		}
		in := &s3.CreateBucketInput{Bucket: &x.bucket}
		if c.LocationConstraint != "" {
			in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(c.LocationConstraint)}
		}
		out, err := s.CreateBucket(x.Context(), in)
		if err != nil {
			return err
		}
		x.w.Header().Set("Location", aws.ToString(out.Location))
		return x.answer(http.StatusOK, nil)
	case http.MethodHead:
		out, err := s.HeadBucket(x.Context(), &s3.HeadBucketInput{Bucket: &x.bucket})
		if err != nil {
			return err
		}
		x.w.Header().Set("X-Amz-Bucket-Region", aws.ToString(out.BucketRegion))
		return x.answer(http.StatusOK, nil)
	case http.MethodDelete:
		if _, err := s.DeleteBucket(x.Context(), &s3.DeleteBucketInput{Bucket: &x.bucket}); err != nil {
			return err
		}
		return x.answer(http.StatusNoContent, nil)
	case http.MethodGet:
		return s.serveKeys(x)
	}
	return x.unsupported()
}

// serveKeys lists objects; list-type=2 is the newer form.
func (s *Service) serveKeys(x *exchange) error {
	q := x.query
	limit := int32(maxKeys)
	if t := q.Get("max-keys"); t != "" {
		n, err := strconv.ParseInt(t, 10, 32)
		if err != nil || n < 0 {
			return fail("InvalidArgument", "Provided max-keys not an integer or within integer range")
		}
		limit = int32(min(n, maxKeys))
	}
	a := listAnswer{Name: x.bucket, Prefix: q.Get("prefix"), Delimiter: q.Get("delimiter"), MaxKeys: limit}
	if q.Get("list-type") == "2" {
		out, err := s.ListObjectsV2(x.Context(), &s3.ListObjectsV2Input{Bucket: &x.bucket, Prefix: &a.Prefix, Delimiter: &a.Delimiter, MaxKeys: &limit,
			StartAfter: optional(q.Get("start-after")), ContinuationToken: optional(q.Get("continuation-token"))})
		if err != nil {
			return err
		}
		a.Contents, a.CommonPrefixes, a.KeyCount, a.IsTruncated = out.Contents, out.CommonPrefixes, out.KeyCount, aws.ToBool(out.IsTruncated)
		a.StartAfter, a.ContinuationToken, a.NextContinuationToken = out.StartAfter, out.ContinuationToken, out.NextContinuationToken
	} else {
		out, err := s.ListObjects(x.Context(), &s3.ListObjectsInput{Bucket: &x.bucket, Prefix: &a.Prefix, Delimiter: &a.Delimiter, MaxKeys: &limit, Marker: aws.String(q.Get("marker"))})
		if err != nil {
			return err
		}
		a.Contents, a.CommonPrefixes, a.IsTruncated, a.Marker, a.NextMarker = out.Contents, out.CommonPrefixes, aws.ToBool(out.IsTruncated), out.Marker, out.NextMarker
	}
	if a.EncodingType = q.Get("encoding-type"); a.EncodingType == "url" {
		a.encode()
	}
	return x.answer(http.StatusOK, a)
}

func (s *Service) serveVersioning(x *exchange) error {
	switch x.Method {
	case http.MethodGet:
		out, err := s.GetBucketVersioning(x.Context(), &s3.GetBucketVersioningInput{Bucket: &x.bucket})
		if err != nil {
			return err
		}
		return x.answer(http.StatusOK, versioning{Xmlns: namespace, Status: string(out.Status)})
	case http.MethodPut:
		var v versioning
		if err := x.decode(&v); err != nil {
			return err
		}
		if _, err := s.PutBucketVersioning(x.Context(), &s3.PutBucketVersioningInput{Bucket: &x.bucket,
			VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatus(v.Status)}}); err != nil {
			return err
		}
		return x.answer(http.StatusOK, nil)
	}
	return x.unsupported()
}

// serveDocument puts, gets and deletes a bucket's document as it is.
func (s *Service) serveDocument(x *exchange, kind string) error {
	var put *string
	code := http.StatusNoContent
	switch x.Method {
	case http.MethodGet:
		code = http.StatusOK
	case http.MethodDelete:
		put = aws.String("")
	case http.MethodPut:
		doc, err := x.document()
		if err != nil {
			return err
		}
		if doc == "" {
			return fail("MissingRequestBodyError", "Request Body is empty")
		}
		put = &doc
	default:
		return x.unsupported()
	}
	doc, err := s.document(x.Context(), x.bucket, kind, put)
	if err != nil {
		return err
	}
	x.w.Header().Set("Content-Type", map[bool]string{true: "application/json", false: "application/xml"}[kind == "policy"])
	x.w.WriteHeader(code)
	_, _ = x.w.Write([]byte(doc)) // a client that is gone needs no answer
	return nil
}

func (s *Service) serveDeletes(x *exchange) error {
	var q deleteRequest
	if err := x.decode(&q); err != nil {
		return err
	}
	in := &s3.DeleteObjectsInput{Bucket: &x.bucket, Delete: &types.Delete{Quiet: &q.Quiet}}
	for _, o := range q.Objects {
		in.Delete.Objects = append(in.Delete.Objects, types.ObjectIdentifier{Key: &o.Key, VersionId: o.VersionId})
	}
	out, err := s.DeleteObjects(x.Context(), in)
	if err != nil {
		return err
	}
	return x.answer(http.StatusOK, deleteAnswer{Deleted: out.Deleted})
}
