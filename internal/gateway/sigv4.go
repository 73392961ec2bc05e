package gateway

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headgate/headgate/internal/wire"
)

// maxSkew is how far a client's clock may be off.
const maxSkew = 15 * time.Minute

const (
	unsignedPayload = "UNSIGNED-PAYLOAD"
	streaming       = "STREAMING-" // prefix; S3's chunked uploads, whose seed signature is checked here
)

// The reasons to refuse; authError words them for each protocol.
var (
	errUnsigned    = errors.New("request is not signed")
	errMismatch    = errors.New("signature does not match")
	errToken       = errors.New("session has expired")
	errPayloadHash = errors.New("body does not have the declared hash")
	errNoHash      = errors.New("x-amz-content-sha256 is missing")
)

// skewed is a request signed at another time than now.
type skewed struct {
	reason    string
	presigned bool
}

func (e *skewed) Error() string { return e.reason }

// verify recomputes the signature as SigV4 lays down, over the headers that the client signed.
// It is written out here, and held against the SDK's signer in tests, because that signer decides
// for itself which headers count (some clients sign User-Agent or an empty Content-Length).
func (g *gateway) verify(req *request, who Identity) error {
	a, r := &req.auth, req.Request
	now := g.Now().UTC()
	switch {
	case a.accessKeyID == "":
		return errUnsigned
	case who.Secret == "":
		return ErrUnknownKey
	case !who.Expires.IsZero() && now.After(who.Expires):
		return errToken
	}
	if err := a.timely(now); err != nil {
		return err
	}
	if want := req.signingName(); want != "" && a.service != want {
		return &incomplete{"Credential should be scoped to correct service: '" + want + "'."}
	}
	if err := a.covers(r); err != nil {
		return err
	}
	payload, err := g.payloadHash(req)
	if err != nil {
		return err
	}
	canonical, err := a.canonical(r, payload)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(canonical))
	scope := a.date + "/" + a.region + "/" + a.service + "/aws4_request"
	toSign := algorithm + "\n" + a.time.Format(dateFormat) + "\n" + scope + "\n" + hex.EncodeToString(sum[:])
	want := hmacSHA256(signingKey(who.Secret, a), toSign)
	got, err := hex.DecodeString(a.signature)
	if err != nil || !hmac.Equal(got, want) {
		return errMismatch
	}
	return nil
}

// signingName is the service that the scope must name, so that a signature for one service is
// none for another; empty for the platform's own pages, which any will do for.
func (req *request) signingName() string {
	switch {
	case req.call != nil:
		return req.call.Service.Config().Signing
	case req.service == "s3":
		return "s3"
	}
	return ""
}

func (a *auth) timely(now time.Time) error {
	stamp := a.time.Format(dateFormat)
	switch {
	case a.time.After(now.Add(maxSkew)):
		return &skewed{fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + 15 min.)",
			stamp, now.Add(maxSkew).Format(dateFormat), now.Format(dateFormat)), a.presigned}
	case a.presigned && now.After(a.time.Add(a.expires)):
		return &skewed{"Request has expired", true}
	case !a.presigned && a.time.Before(now.Add(-maxSkew)):
		return &skewed{fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - 15 min.)",
			stamp, now.Add(-maxSkew).Format(dateFormat), now.Format(dateFormat)), false}
	}
	return nil
}

// covers makes sure that what decides the meaning of a request is signed: the host and every
// x-amz- header. Otherwise somebody on the way could turn one operation into another.
func (a *auth) covers(r *http.Request) error {
	if !slices.Contains(a.signedHeaders, "host") {
		return &incomplete{"'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."}
	}
	for name := range r.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && name != "x-amz-content-sha256" && !slices.Contains(a.signedHeaders, name) {
			return &incomplete{"'" + name + "' must be a 'SignedHeader' in the AWS Authorization."}
		}
	}
	return nil
}

// payloadHash returns the hash that the signature covers, and sees to it that it is the body's.
// S3's bodies are checked while they are read; the other services' are small enough to hold.
func (g *gateway) payloadHash(req *request) (string, error) {
	r, declared := req.Request, req.Header.Get("X-Amz-Content-Sha256")
	if req.service == "s3" {
		switch {
		case req.auth.presigned && declared == "":
			if declared = r.URL.Query().Get("X-Amz-Content-Sha256"); declared == "" {
				return unsignedPayload, nil
			}
		case declared == "":
			return "", errNoHash
		}
		if declared != unsignedPayload && !strings.HasPrefix(declared, streaming) && r.Body != nil {
			r.Body = &checkedBody{ReadCloser: r.Body, hash: sha256.New(), want: declared}
		}
		return declared, nil
	}
	limit := int64(wire.DefaultMaxBody)
	if req.call != nil {
		limit = req.call.Service.Config().MaxBody
	}
	body, err := wire.Buffer(r, limit)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(body)
	actual := hex.EncodeToString(sum[:])
	if declared != "" && declared != actual {
		return "", errPayloadHash
	}
	return actual, nil
}

// canonical writes the canonical request.
func (a *auth) canonical(r *http.Request, payload string) (string, error) {
	path, rawQuery, _ := strings.Cut(r.RequestURI, "?")
	if u, err := url.Parse(path); err == nil && u.IsAbs() { // as a proxy's clients send it
		path = u.EscapedPath()
	}
	if path == "" {
		path = "/"
	}
	if a.service != "s3" { // all but S3 sign the path escaped once more
		path = escapePath(path)
	}
	query, err := canonicalQuery(rawQuery)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(r.Method + "\n" + path + "\n" + query + "\n")
	for _, name := range a.signedHeaders {
		b.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(a.signedHeaders, ";") + "\n" + payload)
	return b.String(), nil
}

// canonicalQuery escapes each name and value anew and sorts by the escaped text.
func canonicalQuery(raw string) (string, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return "", &incomplete{"The query string cannot be parsed"}
	}
	query.Del("X-Amz-Signature")
	var pairs [][2]string
	for name, values := range query {
		for _, v := range values {
			pairs = append(pairs, [2]string{escapeQuery(name), escapeQuery(v)})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1])) })
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p[0] + "=" + p[1])
	}
	return b.String(), nil
}

func escapeQuery(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// headerValue is a header as SigV4 sees it. net/http keeps Host and the length elsewhere.
func headerValue(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return strconv.FormatInt(r.ContentLength, 10)
	}
	values := slices.Clone(r.Header.Values(name))
	for i, v := range values {
		values[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(values, ",")
}

// escapePath escapes all but unreserved characters and slashes.
func escapePath(path string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(path) {
		switch c := path[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-_.~/", c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return b.String()
}

func signingKey(secret string, a *auth) []byte {
	key := []byte("AWS4" + secret)
	for _, part := range []string{a.date, a.region, a.service, "aws4_request"} {
		key = hmacSHA256(key, part)
	}
	return key
}

func hmacSHA256(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// checkedBody fails at its end if what was read does not have the hash that the client signed,
// so that a reader who stops at an error never keeps a forged object.
type checkedBody struct {
	io.ReadCloser
	hash hash.Hash
	want string
}

func (b *checkedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.hash.Write(p[:n])
	if err == io.EOF && hex.EncodeToString(b.hash.Sum(nil)) != strings.ToLower(b.want) {
		return n, authError(errPayloadHash, familyS3)
	}
	return n, err
}
