package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/template/tree"
)

// codeProperty says where a resource type names its code, and how what was uploaded is written there.
var codeProperty = map[string]struct {
	property string
	located  func(bucket, key string) *tree.Node
	asIs     bool // a file to be uploaded as it is, rather than code to build or zip
}{
	"AWS::Serverless::Function":        {"CodeUri", s3URI, false},
	"AWS::Serverless::LayerVersion":    {"ContentUri", s3URI, false},
	"AWS::Serverless::StateMachine":    {"DefinitionUri", s3URI, true},
	"AWS::Lambda::Function":            {"Code", s3Code, false},
	"AWS::Lambda::LayerVersion":        {"Content", s3Code, false},
	"AWS::StepFunctions::StateMachine": {"DefinitionS3Location", s3Location, true},
}

func s3URI(bucket, key string) *tree.Node { return tree.NewString("s3://" + bucket + "/" + key) }
func s3Code(bucket, key string) *tree.Node {
	return tree.NewMap("S3Bucket", tree.NewString(bucket), "S3Key", tree.NewString(key))
}
func s3Location(bucket, key string) *tree.Node {
	return tree.NewMap("Bucket", tree.NewString(bucket), "Key", tree.NewString(key))
}

// uploader puts packages and templates into the bucket for artifacts.
type uploader struct {
	e      *env
	client *s3.Client
	bucket string
	ready  bool
	local  bool               // see Deploy
	built  map[string]*bundle // see Deploy
}

func newUploader(e *env, cfg aws.Config, bucket string) (*uploader, error) {
	if bucket == "" {
		who, err := sts.NewFromConfig(cfg).GetCallerIdentity(e.ctx, nil)
		if err != nil {
			return nil, err
		}
		bucket = fmt.Sprintf("headgate-artifacts-%s-%s", aws.ToString(who.Account), e.region)
	}
	return &uploader{e: e, client: e.s3(cfg), bucket: bucket}, nil
}

// put stores the content under its key, unless it is there.
func (u *uploader) put(key string, content []byte) error {
	if err := u.ensureBucket(); err != nil {
		return err
	}
	if _, err := u.client.HeadObject(u.e.ctx, &s3.HeadObjectInput{Bucket: &u.bucket, Key: &key}); err == nil {
		return nil
	}
	_, err := u.client.PutObject(u.e.ctx, &s3.PutObjectInput{Bucket: &u.bucket, Key: &key, Body: bytes.NewReader(content)})
	return err
}

func (u *uploader) ensureBucket() error {
	if u.ready {
		return nil
	}
	in := &s3.CreateBucketInput{Bucket: &u.bucket}
	if u.e.region != "us-east-1" { // whose buckets have no constraint
		in.CreateBucketConfiguration = &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(u.e.region)}
	}
	_, err := u.client.HeadBucket(u.e.ctx, &s3.HeadBucketInput{Bucket: &u.bucket})
	var api smithy.APIError
	if errors.As(err, &api) && (api.ErrorCode() == "NotFound" || api.ErrorCode() == "NoSuchBucket") {
		_, err = u.client.CreateBucket(u.e.ctx, in)
	}
	u.ready = err == nil
	return err
}

// packages builds and uploads all local code that the template names, and points the template at it.
func (u *uploader) packages(root *tree.Node, dir string) error {
	globals := root.Path("Globals", "Function")
	for _, p := range root.Get("Resources").Pairs {
		kind, ok := codeProperty[p.Value.Get("Type").Str()]
		if !ok {
			continue
		}
		props := p.Value.Get("Properties")
		code := props.Get(kind.property)
		if code == nil && kind.property == "CodeUri" && !props.Has("InlineCode") {
			code = globals.Get("CodeUri")
		}
		if !code.Is(tree.String) || strings.HasPrefix(code.Str(), "s3://") {
			continue // already uploaded, or inline
		}
		if kind.asIs {
			key, err := u.file(p.Key, code, dir)
			if err != nil {
				return err
			}
			props.Set(kind.property, kind.located(u.bucket, key))
			continue
		}
		runtime := first(props.Get("Runtime").Str(), globals.Get("Runtime").Str())
		arch := goArch(firstItem(props.Get("Architectures"), globals.Get("Architectures")), loopback(u.e.endpoint))
		path := code.Str()
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		b := u.built[path]
		if b == nil {
			u.e.note("building %s from %s", p.Key, code.Str())
			var err error
			if b, err = pack(u.e.ctx, path, runtime, goBuild{arch: arch, local: u.local}); err != nil {
				return usagef("%s (line %d): %w", p.Key, code.Line, err)
			}
			if u.built != nil {
				u.built[path] = b
			}
		}
		if err := u.put(b.key, b.zip); err != nil {
			return fmt.Errorf("upload %s: %w", p.Key, err)
		}
		props.Set(kind.property, kind.located(u.bucket, b.key))
	}
	return nil
}

// file uploads the file that a resource names, and returns its key.
func (u *uploader) file(resource string, named *tree.Node, dir string) (key string, err error) {
	path := named.Str()
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", usagef("%s (line %d): %w", resource, named.Line, err)
	}
	sum := sha256.Sum256(content)
	key = hex.EncodeToString(sum[:]) + filepath.Ext(path)
	if err := u.put(key, content); err != nil {
		return "", fmt.Errorf("upload %s: %w", resource, err)
	}
	return key, nil
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func firstItem(lists ...*tree.Node) string {
	for _, l := range lists {
		if l.Is(tree.List) && len(l.Items) > 0 {
			return l.Items[0].Str()
		}
	}
	return ""
}
