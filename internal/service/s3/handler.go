package s3

import (
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/caller"
)

// exchange is one request on its way through: what it addresses, and where its answer goes.
type exchange struct {
	*http.Request
	w           http.ResponseWriter
	bucket, key string
	query       url.Values
}

// ServeHTTP serves S3's protocol in path style, /bucket/key, and with the bucket in the host name
// (bucket.s3.…) as clients do that were not told otherwise.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Request: r, w: w, query: r.URL.Query()}
	path, err := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), "/"))
	if err != nil {
		x.refuse(fail("InvalidURI", "Couldn't parse the specified URI."))
		return
	}
	if bucket, ok := hostBucket(r.Host); ok {
		x.bucket, x.key = bucket, path
	} else {
		x.bucket, x.key, _ = strings.Cut(path, "/")
	}
	w.Header().Set("X-Amz-Request-Id", caller.From(r.Context()).RequestID)
	w.Header().Set("Server", "Headgate")
	if err := s.serve(x); err != nil {
		x.refuse(err)
	}
}

// hostBucket takes the bucket out of bucket.s3[.region].anything.
func hostBucket(host string) (bucket string, ok bool) {
	i := strings.Index(host, ".s3.")
	if i < 0 {
		i = strings.Index(host, ".s3-")
	}
	if i <= 0 {
		return "", false
	}
	return host[:i], true
}

func (s *Service) serve(x *exchange) error {
	switch {
	case x.bucket == "" && x.Method == http.MethodGet:
		return s.serveList(x)
	case x.bucket == "":
		return fail("MethodNotAllowed", "The specified method is not allowed against this resource.")
	case x.key == "":
		return s.serveBucket(x)
	default:
		return s.serveObject(x)
	}
}

// answer writes v as XML under the root element's name; nil v is an empty answer.
func (x *exchange) answer(code int, v any) error {
	if v == nil {
		x.w.WriteHeader(code)
		return nil
	}
	b, err := xml.Marshal(v)
	if err != nil {
		return err
	}
	x.w.Header().Set("Content-Type", "application/xml")
	x.w.WriteHeader(code)
	_, err = io.WriteString(x.w, xml.Header+string(b))
	if err != nil {
		slog.Debug("answer not delivered", "error", err)
	}
	return nil
}

// refuse answers an error. What is not S3's own stays in the log.
func (x *exchange) refuse(err error) {
	var api smithy.APIError
	if !errors.As(err, &api) {
		slog.Error("s3", "method", x.Method, "bucket", x.bucket, "key", x.key, "error", err, "requestId", caller.From(x.Context()).RequestID)
		api = &smithy.GenericAPIError{Code: "InternalError", Message: "We encountered an internal error. Please try again."}
	}
	code := status(api.ErrorCode())
	if x.Method == http.MethodHead || code == http.StatusNotModified { // no body there
		x.w.WriteHeader(code)
		return
	}
	_ = x.answer(code, errorAnswer{Code: api.ErrorCode(), Message: api.ErrorMessage(), BucketName: x.bucket, Key: x.key,
		RequestID: caller.From(x.Context()).RequestID}) // of strings: cannot fail
}

type errorAnswer struct {
	XMLName    xml.Name `xml:"Error"`
	Code       string
	Message    string
	BucketName string `xml:",omitempty"`
	Key        string `xml:",omitempty"`
	RequestID  string `xml:"RequestId"`
}

// maxDocument bounds a request's XML, in bytes.
const maxDocument = 4 << 20

// document reads the request's body whole.
func (x *exchange) document() (string, error) {
	r, err := content(x.Request)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err != nil {
		return "", err
	}
	if len(b) > maxDocument {
		return "", fail("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
	}
	return string(b), nil
}

// decode reads the request's XML into v.
func (x *exchange) decode(v any) error {
	doc, err := x.document()
	if err != nil {
		return err
	}
	if err := xml.Unmarshal([]byte(doc), v); err != nil {
		return fail("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	return nil
}

func (x *exchange) unsupported() error {
	return fail("NotImplemented", "Headgate does not implement this S3 request yet: "+x.Method+" "+x.subresource())
}

// subresource names what of the bucket or object the request is about, for messages.
func (x *exchange) subresource() string {
	for k, v := range x.query {
		if len(v) == 1 && v[0] == "" {
			return "?" + k
		}
	}
	return "object"
}
