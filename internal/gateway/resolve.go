package gateway

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/headgate/headgate/internal/wire"
)

// maxForm bounds, in bytes, an unsigned form that is read only to see whose it is.
const maxForm = 8 << 20

// resolve finds the service of a request, and its call if it is a wire service. What no service
// of ours can answer leaves an error that says so.
func (g *gateway) resolve(req *request) {
	r := req.Request
	if strings.HasPrefix(r.URL.Path, "/_headgate/") || r.URL.Path == "/_headgate" {
		req.service = "headgate"
		return
	}
	s, name := g.byMark(r, req.auth)
	switch {
	case s != nil:
		req.service, req.call = s.Config().Name, s.Call(r)
	case name == "s3":
		req.service = "s3"
		if g.S3 == nil {
			req.err = missing(name)
		}
	default:
		if req.err = noRepository(r); req.err == nil {
			req.err = missing(name)
		}
	}
}

// noRepository answers the question whether ECR has a repository in ECR's own words: it has not. "serverless remove" asks it of
// every service and gives up at any other error. nil is for all other requests.
func noRepository(r *http.Request) error {
	if r.Header.Get("X-Amz-Target") != "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories" {
		return nil
	}
	var in struct{ RepositoryNames []string }
	body, err := wire.Buffer(r, maxForm)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, &in); err == nil && len(in.RepositoryNames) > 0 {
		return &wire.Error{Code: "RepositoryNotFoundException", Status: http.StatusBadRequest,
			Message: "The repository with name '" + in.RepositoryNames[0] + "' does not exist: Headgate has no container registry"}
	}
	return nil
}

// byMark returns the service that r is marked for, or the name of one that is none of ours.
func (g *gateway) byMark(r *http.Request, a auth) (*wire.Service, string) {
	if rest, ok := strings.CutPrefix(r.URL.Path, "/service/"); ok && strings.Contains(rest, "/operation/") && a.service != "s3" {
		name, _, _ := strings.Cut(rest, "/")
		return g.byTarget[name], name
	}
	if t := r.Header.Get("X-Amz-Target"); t != "" {
		name, _, _ := strings.Cut(t, ".")
		return g.byTarget[name], name
	}
	if a.service != "" {
		return g.bySigning[a.service], a.service
	}
	if v := formVersion(r); v != "" {
		if s := g.byVersion[v]; s != nil {
			return s, ""
		}
	}
	for _, s := range g.rest {
		if s.HasRoute(r) {
			return s, ""
		}
	}
	if seg, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); len(g.rest) > 0 && isDate(seg) {
		return g.rest[0], "" // an API version, so no bucket: let the service say that it has no such path
	}
	return nil, "s3"
}

// formVersion reads the Version of an unsigned query request, which stands in the URL or, in a
// form, in the body.
func formVersion(r *http.Request) string {
	if q := r.URL.Query(); q.Has("Action") && q.Has("Version") {
		return q.Get("Version")
	}
	if r.Method != http.MethodPost || !isForm(r) {
		return ""
	}
	body, err := wire.Buffer(r, maxForm)
	if err != nil {
		return ""
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || !form.Has("Action") {
		return ""
	}
	return form.Get("Version")
}

func isForm(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind == "application/x-www-form-urlencoded"
}

// isDate tells an API version such as 2015-03-31 from a bucket's name.
func isDate(s string) bool {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return false
	}
	return strings.Trim(s[:4]+s[5:7]+s[8:], "0123456789") == ""
}

func missing(service string) error {
	return &wire.Error{Code: "UnsupportedOperation", Status: http.StatusNotImplemented,
		Message: "Headgate does not implement the service " + service + " yet"}
}
