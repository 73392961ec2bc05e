package s3

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

type (
	copyAnswer struct {
		XMLName      xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CopyObjectResult"`
		LastModified time.Time
		ETag         string
	}
	copyPartAnswer struct {
		XMLName      xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CopyPartResult"`
		LastModified time.Time
		ETag         string
	}
	uploadAnswer struct {
		XMLName     xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ InitiateMultipartUploadResult"`
		Bucket, Key string
		UploadId    string
	}
	completeRequest struct {
		Parts []struct {
			PartNumber int32
			ETag       string
		} `xml:"Part"`
	}
	completeAnswer struct {
		XMLName                     xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CompleteMultipartUploadResult"`
		Location, Bucket, Key, ETag string
	}
	partsAnswer struct {
		XMLName     xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListPartsResult"`
		Bucket, Key string
		UploadId    string
		IsTruncated bool
		Parts       []types.Part `xml:"Part"`
	}
)

func (s *Service) serveObject(x *exchange) error {
	if len(x.key) > 1024 {
		return fail("KeyTooLongError", "Your key is too long")
	}
	if x.query.Has("uploads") || x.query.Has("uploadId") {
		return s.serveUpload(x)
	}
	if x.query.Has("tagging") {
		return s.serveTagging(x)
	}
	for _, part := range []string{"acl", "retention", "legal-hold", "torrent", "restore", "attributes", "select"} {
		if x.query.Has(part) {
			return x.unsupported()
		}
	}
	switch x.Method {
	case http.MethodPut:
		if x.Header.Get("X-Amz-Copy-Source") != "" {
			return s.serveCopy(x)
		}
		return s.servePut(x)
	case http.MethodGet, http.MethodHead:
		return s.serveGet(x)
	case http.MethodDelete:
		out, err := s.DeleteObject(x.Context(), &s3.DeleteObjectInput{Bucket: &x.bucket, Key: &x.key, VersionId: optional(x.query.Get("versionId"))})
		if err != nil {
			return err
		}
		if aws.ToBool(out.DeleteMarker) {
			x.w.Header().Set("X-Amz-Delete-Marker", "true")
		}
		x.version(out.VersionId)
		return x.answer(http.StatusNoContent, nil)
	}
	return x.unsupported()
}

func (x *exchange) version(v *string) {
	if v != nil {
		x.w.Header().Set("X-Amz-Version-Id", *v)
	}
}

func (s *Service) servePut(x *exchange) error {
	body, err := content(x.Request)
	if err != nil {
		return err
	}
	h := x.given()
	out, err := s.PutObject(x.Context(), &s3.PutObjectInput{Bucket: &x.bucket, Key: &x.key, Body: body, ContentMD5: optional(x.Header.Get("Content-Md5")),
		ContentType: optional(h.ContentType), ContentEncoding: optional(h.ContentEncoding), ContentDisposition: optional(h.ContentDisposition),
		ContentLanguage: optional(h.ContentLanguage), CacheControl: optional(h.CacheControl), Metadata: h.Metadata, Tagging: optional(x.Header.Get("X-Amz-Tagging")),
		IfNoneMatch: optional(x.Header.Get("If-None-Match"))})
	if err != nil {
		return err
	}
	x.w.Header().Set("ETag", aws.ToString(out.ETag))
	x.version(out.VersionId)
	return x.answer(http.StatusOK, nil)
}

// given reads what a request says of the object that it makes.
func (x *exchange) given() headers {
	h := headers{ContentType: x.Header.Get("Content-Type"), ContentDisposition: x.Header.Get("Content-Disposition"),
		ContentLanguage: x.Header.Get("Content-Language"), CacheControl: x.Header.Get("Cache-Control")}
	for _, e := range strings.Split(x.Header.Get("Content-Encoding"), ",") {
		if e = strings.TrimSpace(e); e != "" && e != "aws-chunked" { // that one is of the transfer
			h.ContentEncoding = strings.TrimPrefix(h.ContentEncoding+","+e, ",")
		}
	}
	for name, v := range x.Header {
		if key, ok := strings.CutPrefix(name, "X-Amz-Meta-"); ok {
			if h.Metadata == nil {
				h.Metadata = map[string]string{}
			}
			h.Metadata[strings.ToLower(key)] = v[0]
		}
	}
	return h
}

func (s *Service) serveCopy(x *exchange) error {
	h := x.given()
	out, err := s.CopyObject(x.Context(), &s3.CopyObjectInput{Bucket: &x.bucket, Key: &x.key, CopySource: aws.String(x.Header.Get("X-Amz-Copy-Source")),
		MetadataDirective: types.MetadataDirective(x.Header.Get("X-Amz-Metadata-Directive")), Metadata: h.Metadata, ContentType: optional(h.ContentType),
		TaggingDirective: types.TaggingDirective(x.Header.Get("X-Amz-Tagging-Directive")), Tagging: optional(x.Header.Get("X-Amz-Tagging"))})
	if err != nil {
		return err
	}
	x.version(out.VersionId)
	return x.answer(http.StatusOK, copyAnswer{LastModified: aws.ToTime(out.CopyObjectResult.LastModified), ETag: aws.ToString(out.CopyObjectResult.ETag)})
}

// serveGet answers content with net/http's ranges and conditions, which are S3's too.
func (s *Service) serveGet(x *exchange) error {
	o, err := s.object(x.Context(), x.bucket, x.key, x.query.Get("versionId"))
	if err != nil {
		return err
	}
	body, err := s.blobs.Open(x.Context(), o.Blob)
	if err != nil {
		return err
	}
	defer body.Close()
	h := x.w.Header()
	h.Set("ETag", o.ETag)
	h.Set("Content-Type", "binary/octet-stream")
	h.Set("Accept-Ranges", "bytes")
	x.version(versionName(o))
	for name, value := range map[string]string{"Content-Type": o.Headers.ContentType, "Content-Encoding": o.Headers.ContentEncoding,
		"Content-Disposition": o.Headers.ContentDisposition, "Content-Language": o.Headers.ContentLanguage, "Cache-Control": o.Headers.CacheControl} {
		if override := x.query.Get("response-" + strings.ToLower(name)); override != "" {
			value = override
		}
		if value != "" {
			h.Set(name, value)
		}
	}
	for name, value := range o.Headers.Metadata {
		h["x-amz-meta-"+name] = []string{value} // in lower case: clients take the key from the name as they see it
	}
	if n := len(o.Headers.Tags); n > 0 {
		h.Set("X-Amz-Tagging-Count", strconv.Itoa(n))
	}
	if seeker, ok := body.(io.ReadSeeker); ok {
		http.ServeContent(&conditional{ResponseWriter: x.w, x: x}, x.Request, "", o.Modified, seeker)
		return nil
	}
	h.Set("Last-Modified", o.Modified.UTC().Format(http.TimeFormat))
	h.Set("Content-Length", strconv.FormatInt(o.Size, 10))
	x.w.WriteHeader(http.StatusOK)
	if x.Method == http.MethodGet {
		_, _ = io.Copy(x.w, body) // a client that is gone needs no answer
	}
	return nil
}

func (s *Service) serveUpload(x *exchange) error {
	upload := x.query.Get("uploadId")
	switch {
	case x.query.Has("uploads") && x.Method == http.MethodPost:
		h := x.given()
		out, err := s.CreateMultipartUpload(x.Context(), &s3.CreateMultipartUploadInput{Bucket: &x.bucket, Key: &x.key, ContentType: optional(h.ContentType),
			ContentEncoding: optional(h.ContentEncoding), CacheControl: optional(h.CacheControl), Metadata: h.Metadata, Tagging: optional(x.Header.Get("X-Amz-Tagging"))})
		if err != nil {
			return err
		}
		return x.answer(http.StatusOK, uploadAnswer{Bucket: x.bucket, Key: x.key, UploadId: *out.UploadId})
	case x.Method == http.MethodPut:
		return s.servePart(x, upload)
	case x.Method == http.MethodPost:
		return s.serveComplete(x, upload)
	case x.Method == http.MethodDelete:
		if _, err := s.AbortMultipartUpload(x.Context(), &s3.AbortMultipartUploadInput{Bucket: &x.bucket, Key: &x.key, UploadId: &upload}); err != nil {
			return err
		}
		return x.answer(http.StatusNoContent, nil)
	case x.Method == http.MethodGet:
		out, err := s.ListParts(x.Context(), &s3.ListPartsInput{Bucket: &x.bucket, Key: &x.key, UploadId: &upload})
		if err != nil {
			return err
		}
		return x.answer(http.StatusOK, partsAnswer{Bucket: x.bucket, Key: x.key, UploadId: upload, Parts: out.Parts})
	}
	return x.unsupported()
}

func (s *Service) servePart(x *exchange, upload string) error {
	n, err := strconv.ParseInt(x.query.Get("partNumber"), 10, 32)
	if err != nil {
		return fail("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
	}
	if from := x.Header.Get("X-Amz-Copy-Source"); from != "" {
		out, err := s.UploadPartCopy(x.Context(), &s3.UploadPartCopyInput{Bucket: &x.bucket, Key: &x.key, UploadId: &upload, PartNumber: aws.Int32(int32(n)),
			CopySource: &from, CopySourceRange: optional(x.Header.Get("X-Amz-Copy-Source-Range"))})
		if err != nil {
			return err
		}
		return x.answer(http.StatusOK, copyPartAnswer{LastModified: aws.ToTime(out.CopyPartResult.LastModified), ETag: aws.ToString(out.CopyPartResult.ETag)})
	}
	body, err := content(x.Request)
	if err != nil {
		return err
	}
	out, err := s.UploadPart(x.Context(), &s3.UploadPartInput{Bucket: &x.bucket, Key: &x.key, UploadId: &upload, PartNumber: aws.Int32(int32(n)), Body: body})
	if err != nil {
		return err
	}
	x.w.Header().Set("ETag", aws.ToString(out.ETag))
	return x.answer(http.StatusOK, nil)
}

func (s *Service) serveComplete(x *exchange, upload string) error {
	var q completeRequest
	if err := x.decode(&q); err != nil {
		return err
	}
	done := &types.CompletedMultipartUpload{}
	for _, p := range q.Parts {
		done.Parts = append(done.Parts, types.CompletedPart{PartNumber: &p.PartNumber, ETag: &p.ETag})
	}
	out, err := s.CompleteMultipartUpload(x.Context(), &s3.CompleteMultipartUploadInput{Bucket: &x.bucket, Key: &x.key, UploadId: &upload, MultipartUpload: done})
	if err != nil {
		return err
	}
	x.version(out.VersionId)
	return x.answer(http.StatusOK, completeAnswer{Location: aws.ToString(out.Location), Bucket: x.bucket, Key: x.key, ETag: aws.ToString(out.ETag)})
}

// encode escapes the keys, as clients ask that may meet characters which XML cannot hold.
func (a *listAnswer) encode() {
	esc := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }
	a.Prefix, a.Delimiter = esc(a.Prefix), esc(a.Delimiter)
	for i := range a.Contents {
		a.Contents[i].Key = aws.String(esc(aws.ToString(a.Contents[i].Key)))
	}
	for i := range a.CommonPrefixes {
		a.CommonPrefixes[i].Prefix = aws.String(esc(aws.ToString(a.CommonPrefixes[i].Prefix)))
	}
	if a.NextMarker != nil {
		a.NextMarker = aws.String(esc(*a.NextMarker))
	}
}
