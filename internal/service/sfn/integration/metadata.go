package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
)

// invokeResult is lambda:invoke's result, with the HTTP headers that AWS shows there.
func (s *Set) invokeResult(c Call, out *lambda.InvokeOutput) *asl.Object {
	now, requestID := s.Clock.Now().UTC(), c.requestID()
	headers := []string{"x-amzn-Remapped-Content-Length", "0", "Connection", "keep-alive", "x-amzn-RequestId", requestID,
		"Content-Length", strconv.Itoa(len(out.Payload)), "Date", now.Format(http.TimeFormat),
		"X-Amzn-Trace-Id", traceHeader(requestID, now.Unix()), "Content-Type", "application/json"}
	r := jsonvalue.NewObject(6)
	if out.ExecutedVersion != nil {
		headers = append([]string{"X-Amz-Executed-Version", *out.ExecutedVersion}, headers...)
		r.Set("ExecutedVersion", *out.ExecutedVersion)
	}
	if out.LogResult != nil {
		r.Set("LogResult", *out.LogResult)
	}
	result := payload(out.Payload)
	r.Set("Payload", result.Value())
	setMetadata(r, headers, int(out.StatusCode), requestID)
	r.Set("StatusCode", integer(int64(out.StatusCode)))
	return r
}

// withMetadata adds to an operation's result what optimised integrations tell of the call.
func (s *Set) withMetadata(result any, requestID string) any {
	o, ok := result.(*asl.Object)
	if !ok {
		return result
	}
	out := jsonvalue.NewObject(o.Len() + 2)
	for name, v := range o.All() {
		out.Set(name, v)
	}
	setMetadata(out, []string{"x-amzn-RequestId", requestID, "connection", "keep-alive", "Content-Length", strconv.Itoa(len(jsonvalue.Encode(o))),
		"Date", s.Clock.Now().UTC().Format(http.TimeFormat), "Content-Type", "application/x-amz-json-1.0"}, http.StatusOK, requestID)
	return out
}

// setMetadata adds the metadata of an answer with these headers: names and values by turns, in the order of AllHttpHeaders.
func setMetadata(o *asl.Object, headers []string, status int, requestID string) {
	all, first := jsonvalue.NewObject(len(headers)/2), jsonvalue.NewObject(len(headers)/2)
	values := map[string]string{}
	var names []string
	for i := 0; i < len(headers); i += 2 {
		all.Set(headers[i], []any{headers[i+1]})
		values[headers[i]] = headers[i+1]
		names = append(names, headers[i])
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	for _, name := range names {
		first.Set(name, values[name])
	}
	o.Set("SdkHttpMetadata", jsonvalue.Of("AllHttpHeaders", all, "HttpHeaders", first, "HttpStatusCode", integer(int64(status))))
	o.Set("SdkResponseMetadata", jsonvalue.Of("RequestId", requestID))
}

// traceHeader is an X-Ray header; nothing is sampled, since there is no X-Ray here.
func traceHeader(requestID string, unix int64) string {
	id := requestID[24:] + requestID[:8] + requestID[9:13]
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", uint32(unix), id, id[:16])
}

// integer is n as a JSON value.
func integer(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }
