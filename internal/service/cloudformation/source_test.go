package cloudformation

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headgate/headgate/internal/db/dbtest"
)

type shelf map[string]string // bucket/key[@version] → text

func (s shelf) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	key := *in.Bucket + "/" + *in.Key
	if in.VersionId != nil {
		key += "@" + *in.VersionId
	}
	text, ok := s[key]
	if !ok {
		return nil, fault("NoSuchKey", "The specified key does not exist.")
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(strings.NewReader(text))}, nil
}

func TestATemplateURLIsReadFromItsBucket(t *testing.T) {
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), newWorld())
	template := "Description: found\nResources: {H: {Type: AWS::CloudFormation::WaitConditionHandle}}"
	p.templates = shelf{"bucket/a/b.yaml": template, "bucket/a/b.yaml@v1": template, "huge/x": strings.Repeat(" ", 2<<20)}
	for url, want := range map[string]string{
		"s3://bucket/a/b.yaml":                                  "",
		"http://127.0.0.1:4566/bucket/a/b.yaml":                 "",
		"https://s3.amazonaws.com/bucket/a/b.yaml":              "",
		"https://s3.us-east-1.amazonaws.com/bucket/a/b.yaml":    "",
		"https://bucket.s3.us-east-1.amazonaws.com/a/b.yaml":    "",
		"http://bucket.s3.localhost:4566/a/b.yaml?versionId=v1": "",
		"https://bucket.s3.amazonaws.com/nothing":               "S3 error: The specified key does not exist.",
		"ftp://bucket/a":                  "TemplateURL must be a supported URL.",
		"https://s3.amazonaws.com/bucket": "TemplateURL must reference a valid S3 object to which you have access.",
		"s3://huge/x":                     "may not exceed",
	} {
		out, err := p.ValidateTemplate(p.ctx, &cloudformation.ValidateTemplateInput{TemplateURL: &url})
		switch {
		case want == "" && (err != nil || *out.Description != "found"):
			t.Errorf("%s: %v", url, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %s", url, err, want)
		}
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), newWorld())
	p.create("s", `
Parameters: {Password: {Type: String, NoEcho: true}, User: {Type: String}}
Resources: {H: {Type: AWS::CloudFormation::WaitConditionHandle}}`, "Password=hunter2", "User=me")
	got := map[string]string{}
	for _, x := range p.settled("s", "CREATE_COMPLETE").Parameters {
		got[*x.ParameterKey] = *x.ParameterValue
	}
	if got["Password"] != "****" || got["User"] != "me" {
		t.Error(got)
	}
}
