package gateway

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	dateFormat = "20060102T150405Z"
)

// auth is what a request says of its signature, in the Authorization header or, presigned, in
// the query string. The zero value is an unsigned request.
type auth struct {
	presigned     bool
	accessKeyID   string
	date          string // of the scope, yyyymmdd
	region        string
	service       string // signing name
	signedHeaders []string
	signature     string
	sessionToken  string
	time          time.Time
	expires       time.Duration // presigned: how long after time it is valid
}

// incomplete is a signature that cannot be checked for want of a part.
type incomplete struct{ reason string }

func (e *incomplete) Error() string { return e.reason }

// errOldSignature is signature version 2, which old S3 clients still use, above all to presign.
// It tells the caller where nothing is verified; it cannot be verified.
var errOldSignature = &incomplete{"The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."}

// parseAuth takes the signature apart. A request without one gives a zero auth; one that is
// broken an *incomplete, beside whatever could be read.
func parseAuth(r *http.Request) (auth, error) {
	if h := r.Header.Get("Authorization"); h != "" {
		return parseHeader(r, h)
	}
	if strings.Contains(r.URL.RawQuery, "X-Amz-") || strings.Contains(r.URL.RawQuery, "AWSAccessKeyId=") {
		switch q := r.URL.Query(); {
		case q.Has("X-Amz-Credential"), q.Has("X-Amz-Algorithm"):
			return parsePresigned(q)
		case q.Has("AWSAccessKeyId"):
			return auth{accessKeyID: q.Get("AWSAccessKeyId"), service: "s3"}, errOldSignature
		}
	}
	return auth{}, nil
}

func parseHeader(r *http.Request, h string) (auth, error) {
	a := auth{sessionToken: r.Header.Get("X-Amz-Security-Token")}
	scheme, rest, _ := strings.Cut(h, " ")
	if scheme == "AWS" {
		a.accessKeyID, _, _ = strings.Cut(rest, ":")
		a.service = "s3"
		return a, errOldSignature
	}
	if scheme != algorithm {
		return auth{}, &incomplete{"Authorization header requires the algorithm " + algorithm}
	}
	credential, signed := "", ""
	for part := range strings.SplitSeq(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch k {
		case "Credential":
			credential = v
		case "SignedHeaders":
			signed = v
		case "Signature":
			a.signature = v
		}
	}
	if err := a.scope(credential); err != nil {
		return a, err
	}
	stamp := r.Header.Get("X-Amz-Date")
	if stamp == "" {
		if t, err := http.ParseTime(r.Header.Get("Date")); err == nil {
			stamp = t.UTC().Format(dateFormat)
		}
	}
	return a, a.complete(signed, stamp)
}

func parsePresigned(q url.Values) (auth, error) {
	a := auth{presigned: true, sessionToken: q.Get("X-Amz-Security-Token"), signature: q.Get("X-Amz-Signature")}
	if q.Get("X-Amz-Algorithm") != algorithm {
		return auth{}, &incomplete{"X-Amz-Algorithm must be " + algorithm}
	}
	if err := a.scope(q.Get("X-Amz-Credential")); err != nil {
		return a, err
	}
	seconds := 15 * 60 // services other than S3 presign without X-Amz-Expires
	if s := q.Get("X-Amz-Expires"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 7*24*60*60 {
			return a, &incomplete{"X-Amz-Expires must be between 1 and 604800 seconds"}
		}
		seconds = n
	}
	a.expires = time.Duration(seconds) * time.Second
	return a, a.complete(q.Get("X-Amz-SignedHeaders"), q.Get("X-Amz-Date"))
}

// scope reads KEY/yyyymmdd/region/service/aws4_request.
func (a *auth) scope(credential string) error {
	p := strings.Split(credential, "/")
	if len(p) < 5 || p[len(p)-1] != "aws4_request" || p[0] == "" {
		return &incomplete{"Credential must have the form <access key>/<date>/<region>/<service>/aws4_request"}
	}
	p = append([]string{strings.Join(p[:len(p)-4], "/")}, p[len(p)-4:]...) // a key may hold slashes
	a.accessKeyID, a.date, a.region, a.service = p[0], p[1], p[2], p[3]
	return nil
}

func (a *auth) complete(signed, stamp string) error {
	if signed == "" || a.signature == "" {
		return &incomplete{"The request needs SignedHeaders and a Signature"}
	}
	a.signedHeaders = strings.Split(strings.ToLower(signed), ";")
	t, err := time.Parse(dateFormat, stamp)
	if err != nil {
		return &incomplete{"The request needs a valid X-Amz-Date"}
	}
	if a.time = t; stamp[:8] != a.date {
		return &incomplete{"The date of the credential scope does not match the request's date"}
	}
	return nil
}
