package auth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/headgate/headgate/arazzo/source"
)

// SigV4 says how to sign for AWS. Empty members are found out: service and region from the request's host, the scheme's extensions
// (x-sigv4-service, x-sigv4-region), the hosts of the operation's servers and AWS's configuration; the credentials from the default chain
// (environment, shared files, container, instance).
type SigV4 struct {
	Service     string
	Region      string
	Credentials aws.CredentialsProvider
}

// or fills what is empty.
func (s SigV4) or(o SigV4) SigV4 {
	if s.Service == "" {
		s.Service = o.Service
	}
	if s.Region == "" {
		s.Region = o.Region
	}
	if s.Credentials == nil {
		s.Credentials = o.Credentials
	}
	return s
}

// IsSigV4 tells whether a scheme means Signature Version 4. OpenAPI has no type for it: descriptions of AWS say apiKey in the header
// Authorization, with API Gateway's extension x-amazon-apigateway-authtype: awsSigv4, or just by a name such as sigv4, sigv4Auth, hmac or
// aws.auth.sigv4.
func IsSigV4(scheme *source.SecurityScheme) bool {
	if scheme == nil {
		return false
	}
	for _, extension := range []string{"x-amazon-apigateway-authtype", "x-aws-auth"} {
		if v, ok := scheme.Extensions[extension].(string); ok && strings.Contains(letters(v), "sigv4") {
			return true
		}
	}
	name := letters(scheme.Name)
	switch scheme.Type {
	case "apiKey":
		return scheme.In == "header" && strings.EqualFold(scheme.Key, "Authorization") && (strings.Contains(name, "sigv4") || name == "hmac" || name == "awshmac")
	case "http":
		how := letters(scheme.Scheme)
		return how == "aws4hmacsha256" || strings.Contains(how, "sigv4")
	}
	return false
}

// letters are a text's letters and digits in lower case.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(s))
}

// chain is AWS's default configuration, loaded when it is first needed.
type chain struct {
	mu     sync.Mutex
	loaded bool
	config aws.Config
	err    error // of the last retrieval
}

// get loads the configuration, again after a failure: a file may have been mended since.
func (c *chain) get(ctx context.Context) (aws.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.loaded {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return cfg, fmt.Errorf("AWS configuration: %w", err)
		}
		c.config, c.loaded = cfg, true
	}
	return c.config, nil
}

func (c *chain) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

func (c *chain) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// prepareSigV4 plans a signature; false: nobody has AWS credentials.
func (a *application) prepareSigV4(ctx context.Context, scheme *source.SecurityScheme, c Credential) (bool, error) {
	how := a.signer.SigV4
	if c.SigV4 != nil {
		how = c.SigV4.or(how)
	}
	if how.Credentials == nil {
		cfg, err := a.signer.chain.get(ctx)
		if err != nil {
			return false, err
		}
		if cfg.Credentials == nil {
			return false, nil
		}
		if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
			a.signer.chain.fail(err)
			return false, ctx.Err() // else another alternative may do
		}
		how.Credentials = cfg.Credentials
	}
	a.last = append(a.last, func(ctx context.Context) error { return a.sigV4(ctx, scheme, how) })
	return true, nil
}

// sigV4 signs the request as it stands.
func (a *application) sigV4(ctx context.Context, scheme *source.SecurityScheme, how SigV4) error {
	how = how.or(fromExtensions(scheme)).or(fromHost(requestHost(a.req)))
	for _, server := range a.servers {
		how = how.or(fromServer(server))
	}
	if how.Service == "" {
		return &source.Error{Position: scheme.Position, Message: fmt.Sprintf("nothing tells which AWS service %s belongs to", requestHost(a.req)), Hint: "give the service to sign for"}
	}
	if how.Credentials == nil || how.Region == "" {
		cfg, err := a.signer.chain.get(ctx)
		if err != nil {
			return err
		}
		// us-east-1 is what stands in for AWS takes, where nobody names a region: AWS's own hosts do.
		how = how.or(SigV4{Region: cfg.Region, Credentials: cfg.Credentials}).or(SigV4{Region: "us-east-1"})
	}
	if how.Credentials == nil {
		return a.signer.missing([]source.SchemeUse{{Position: scheme.Position, Name: scheme.Name, Scheme: scheme}})
	}
	credentials, err := how.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("AWS credentials: %w", err)
	}
	a.signer.Masker().AddSecret(credentials.SecretAccessKey, credentials.SessionToken)
	hash, err := payloadHash(a.req)
	if err != nil {
		return fmt.Errorf("read the body to sign it: %w", err)
	}
	if how.Service == "s3" {
		a.req.Header.Set("X-Amz-Content-Sha256", hash)
	}
	u := *a.req.URL // the signer sorts the query
	a.req.URL = &u
	a.req.Header.Del("Authorization")
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = how.Service == "s3" })
	return signer.SignHTTP(ctx, credentials, a.req, hash, how.Service, how.Region, a.signer.Clock.Now().UTC())
}

// requestHost is the host that the request names, which need not be the one it is sent to.
func requestHost(req *http.Request) string {
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	if u, err := url.Parse("//" + host); err == nil {
		return u.Hostname()
	}
	return host
}

// payloadHash reads the body and puts it back.
func payloadHash(req *http.Request) (string, error) {
	var data []byte
	if req.Body != nil && req.Body != http.NoBody {
		var err error
		if data, err = io.ReadAll(req.Body); err != nil {
			return "", err
		}
		req.Body.Close()
		req.Body = io.NopCloser(bytes.NewReader(data))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
		req.ContentLength = int64(len(data))
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

func fromExtensions(scheme *source.SecurityScheme) SigV4 {
	service, _ := scheme.Extensions["x-sigv4-service"].(string)
	region, _ := scheme.Extensions["x-sigv4-region"].(string)
	return SigV4{Service: service, Region: region}
}

// fromServer reads a server's URL, its variables' defaults filled in where they all have one.
func fromServer(server source.Server) SigV4 {
	text, err := server.Resolve(nil)
	if err != nil {
		text = strings.NewReplacer("{", "", "}", "").Replace(server.URL)
	}
	u, err := url.Parse(text)
	if err != nil {
		return SigV4{}
	}
	found := fromHost(u.Hostname())
	if found.Region == "region" { // the template's own word
		found.Region = ""
	}
	return found
}

// fromHost reads AWS's own hosts: lambda.eu-west-1.amazonaws.com, sts.amazonaws.com, abc.execute-api.us-east-1.amazonaws.com,
// bucket.s3.us-east-1.amazonaws.com, abc.lambda-url.us-east-1.on.aws, states.us-east-1.api.aws.
func fromHost(host string) SigV4 {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	var rest string
	for _, suffix := range []string{".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".on.aws"} {
		if before, found := strings.CutSuffix(host, suffix); found {
			rest = before
		}
	}
	if rest == "" {
		return SigV4{}
	}
	labels := strings.Split(rest, ".")
	if labels[len(labels)-1] == "vpce" {
		labels = labels[:len(labels)-1]
	}
	var s SigV4
	if last := labels[len(labels)-1]; len(labels) > 1 && (strings.Count(last, "-") >= 2 || last == "region") {
		s.Region, labels = last, labels[:len(labels)-1]
	}
	s.Service = strings.TrimSuffix(strings.TrimSuffix(labels[len(labels)-1], "-fips"), "_fips")
	switch {
	case s.Service == "lambda-url":
		s.Service = "lambda"
	case s.Service == "dualstack" && len(labels) > 1:
		s.Service = labels[len(labels)-2]
	case s.Service == "email":
		s.Service = "ses"
	case strings.HasPrefix(s.Service, "s3-"): // s3-us-west-2.amazonaws.com
		s.Region, s.Service = strings.TrimPrefix(s.Service, "s3-"), "s3"
	}
	if s.Region == "" && strings.Contains(host, ".amazonaws.com") && !strings.HasSuffix(host, ".cn") {
		s.Region = "us-east-1" // global endpoints
	}
	return s
}
