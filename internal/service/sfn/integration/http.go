package integration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
)

// Bounds of an HTTP task, as on AWS: bytes of the answer, and real time for the whole call.
const (
	maxAnswer = 256 << 10
	httpTime  = 60 * time.Second
)

const errSocket = "States.Http.Socket"

// httpFields are the parameters of http:invoke.
var httpFields = []string{"ApiEndpoint", "Method", "Authentication", "InvocationConfig", "Headers", "QueryParameters", "RequestBody", "Transform"}

var httpMethods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions, http.MethodHead}

// ownHeaders are those that a task must not set.
var ownHeaders = []string{"Connection", "Content-Length", "Expect", "Host", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Via"}

// runHTTP calls an HTTPS endpoint. What it answers below 300 is the result, the rest a failure named after the status.
func (s *Set) runHTTP(ctx context.Context, c Call) (Answer, error) {
	o, _ := c.Parameters.Value().(*asl.Object)
	req, err := s.request(ctx, c, o)
	if err != nil {
		if ctx.Err() != nil {
			return Answer{}, ctx.Err()
		}
		return invalidParameters(c.Parameters, &parameterError{err.Error()}), nil
	}
	limited, cancel := context.WithTimeout(ctx, httpTime)
	defer cancel()
	res, err := s.HTTP.RoundTrip(req.WithContext(limited)) // a redirect is an answer like any other
	if err != nil {
		if ctx.Err() != nil {
			return Answer{}, ctx.Err()
		}
		return Answer{Failed: true, Error: errSocket, Cause: socketCause(limited, err)}, nil
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case ctx.Err() != nil:
		return Answer{}, ctx.Err()
	case err != nil:
		return Answer{Failed: true, Error: errSocket, Cause: socketCause(limited, err)}, nil
	case len(body) > maxAnswer:
		return Answer{Failed: true, Error: asl.ErrDataLimit, Cause: "The state/task 'http' returned a result with a size exceeding the maximum number of bytes service limit."}, nil
	case res.StatusCode >= 300:
		return Answer{Failed: true, Error: "States.Http.StatusCode." + strconv.Itoa(res.StatusCode), Cause: content(body)}, nil
	}
	return Answer{Output: jsonvalue.FromValue(httpResult(res, body))}, nil
}

func socketCause(limited context.Context, err error) string {
	if errors.Is(limited.Err(), context.DeadlineExceeded) {
		return fmt.Sprintf("The request timed out: no answer within %d seconds", int(httpTime.Seconds()))
	}
	return err.Error()
}

func httpResult(res *http.Response, body []byte) *asl.Object {
	headers := jsonvalue.NewObject(len(res.Header))
	names := make([]string, 0, len(res.Header))
	for name := range res.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		var values []any
		for _, v := range res.Header[name] {
			values = append(values, v)
		}
		headers.Set(strings.ToLower(name), values)
	}
	var answer any = content(body)
	if strings.Contains(res.Header.Get("Content-Type"), "json") {
		if v, err := jsonvalue.Decode(body); err == nil {
			answer = v
		}
	}
	_, statusText, _ := strings.Cut(res.Status, " ")
	return jsonvalue.Of("Headers", headers, "ResponseBody", answer, "StatusCode", integer(int64(res.StatusCode)), "StatusText", statusText)
}

// request makes a task's request.
func (s *Set) request(ctx context.Context, c Call, o *asl.Object) (*http.Request, error) {
	if o == nil {
		return nil, errors.New("the Parameters of http:invoke must be an object")
	}
	for name := range o.All() {
		if !slices.Contains(httpFields, name) {
			return nil, fmt.Errorf("The field %q is not supported by Step Functions", name)
		}
	}
	u, err := endpoint(text(o, "ApiEndpoint"))
	if err != nil {
		return nil, err
	}
	method := text(o, "Method")
	if err := checkMethod(method); err != nil {
		return nil, err
	}
	header := http.Header{}
	if err := setHeaders(header, member(o, "Headers")); err != nil {
		return nil, err
	}
	query := u.Query()
	if err := setQuery(query, member(o, "QueryParameters")); err != nil {
		return nil, err
	}
	u.RawQuery = query.Encode()
	body, err := requestBody(o, header)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = header
	if err := s.connect(ctx, req, connection(o)); err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "Amazon|StepFunctions|HttpInvoke|"+c.Caller.Region)
	req.Header.Set("Range", fmt.Sprintf("bytes=0-%d", maxAnswer))
	if req.Header.Get("Idempotency-Key") == "" && (method == http.MethodPost || method == http.MethodPatch) {
		req.Header.Set("Idempotency-Key", c.requestID()) // a call that is repeated after a crash carries the same
	}
	return req, nil
}

func checkMethod(method string) error {
	if !slices.Contains(httpMethods, method) {
		return fmt.Errorf("Method must be one of %s, but is %q", strings.Join(httpMethods, ", "), method)
	}
	return nil
}

// endpoint reads an ApiEndpoint, which must be an https URL.
func endpoint(src string) (*url.URL, error) {
	u, err := url.Parse(src)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, fmt.Errorf("ApiEndpoint must be an https URL, but is %q", src)
	}
	return u, nil
}

// connection is the ARN of the connection that a task names, in either of its forms.
func connection(o *asl.Object) string {
	for _, name := range []string{"Authentication", "InvocationConfig"} {
		if a, ok := member(o, name).(*asl.Object); ok {
			if arn := text(a, "ConnectionArn"); arn != "" {
				return arn
			}
		}
	}
	return ""
}

// connect adds a connection's credentials. Without one the request goes as it is; one that cannot be found is refused rather
// than left out.
func (s *Set) connect(ctx context.Context, req *http.Request, arn string) error {
	if arn == "" {
		return nil
	}
	if s.Connection == nil {
		return noConnections(arn)
	}
	header, err := s.Connection(ctx, arn)
	for name, values := range header {
		req.Header[name] = values
	}
	return err
}

func noConnections(arn string) error {
	return fmt.Errorf("the connection %s cannot be used: this platform has no EventBridge connections. Leave it out and put the credentials into Headers", arn)
}

func setHeaders(header http.Header, v any) error {
	o, ok := v.(*asl.Object)
	if !ok {
		if v == nil {
			return nil
		}
		return errors.New("Headers must be an object")
	}
	for name, v := range o.All() {
		key := http.CanonicalHeaderKey(name)
		if slices.Contains(ownHeaders, key) || strings.HasPrefix(key, "X-Amz") {
			return fmt.Errorf("the header %s must not be set", name)
		}
		for _, one := range listOf(v) {
			header.Add(key, plain(one))
		}
	}
	return nil
}

func setQuery(query url.Values, v any) error {
	o, ok := v.(*asl.Object)
	if !ok {
		if v == nil {
			return nil
		}
		return errors.New("QueryParameters must be an object")
	}
	for name, v := range o.All() {
		for _, one := range listOf(v) {
			query.Add(name, plain(one))
		}
	}
	return nil
}

func listOf(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

// plain is a value as a text: a text itself, anything else as JSON.
func plain(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return jsonvalue.Encode(v)
}

// newTransport reaches the network. Link-local addresses, where clouds keep credentials, are not for tasks.
func newTransport() http.RoundTripper {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err == nil && (to.Addr().Unmap().IsLinkLocalUnicast() || to.Addr().IsUnspecified() || to.Addr().IsMulticast()) {
			err = fmt.Errorf("the address %s must not be called by HTTP tasks", to.Addr())
		}
		return err
	}}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext, t.MaxIdleConnsPerHost = dialer.DialContext, 16
	return t
}
