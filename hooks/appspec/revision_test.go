package appspec

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func zipped(t *testing.T, name string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, n := range []string{"readme.txt", name} {
		f, err := w.Create(n)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, yamlSpec)
	}
	w.Close()
	return b.Bytes()
}

func tarred(t *testing.T, name string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, n := range []string{"readme.txt", name} {
		if err := w.WriteHeader(&tar.Header{Name: n, Mode: 0o644, Size: int64(len(yamlSpec)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, yamlSpec)
	}
	w.Close()
	return b.Bytes()
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func TestRevisionFromS3(t *testing.T) {
	tests := map[string]struct {
		bundle types.BundleType
		body   []byte
		bad    string
	}{
		"YAML":              {types.BundleTypeYaml, []byte(yamlSpec), ""},
		"no bundle type":    {"", []byte(yamlSpec), ""},
		"zip":               {types.BundleTypeZip, zipped(t, "appspec.yml"), ""},
		"tar":               {types.BundleTypeTar, tarred(t, "./appspec.yaml"), ""},
		"tgz":               {types.BundleTypeTarGZip, gzipped(tarred(t, "appspec.json")), ""},
		"zip without one":   {types.BundleTypeZip, zipped(t, "deep/appspec.yml"), "holds no appspec.yml"},
		"tar without one":   {types.BundleTypeTar, tarred(t, "x.yml"), "holds no appspec.yml"},
		"a zip that is not": {types.BundleTypeZip, []byte("hello"), "not a valid zip file"},
		"a tgz that is not": {types.BundleTypeTarGZip, []byte("hello hello"), "InvalidAppSpec: s3://b/k"},
		"another type":      {"rar", []byte("hello"), `UnsupportedRevision: s3://b/k has bundle type "rar"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var asked string
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = r.Method + " " + r.URL.Path + " " + r.URL.Query().Get("versionId") + " " + r.Header.Get("If-Match")
				w.Write(tt.body)
			}))
			defer srv.Close()
			spec, err := FromRevision(t.Context(), &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3, S3Location: &types.S3Location{
				Bucket: aws.String("b"), Key: aws.String("k"), BundleType: tt.bundle, Version: aws.String("v7"), ETag: aws.String("e"),
			}}, client(srv.URL))
			if asked != "GET /b/k v7 e" {
				t.Errorf("asked for %q", asked)
			}
			if tt.bad != "" {
				if err == nil || !strings.Contains(err.Error(), tt.bad) {
					t.Errorf("error %v, want %q", err, tt.bad)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(spec.Resources) != 1 || spec.Resources[0].TargetVersion != "2" {
				t.Errorf("%+v", spec)
			}
		})
	}
}

func TestMissingObjectIsAnError(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(404)
		io.WriteString(w, `<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>`)
	}))
	defer srv.Close()
	_, err := FromRevision(t.Context(), &types.RevisionLocation{S3Location: &types.S3Location{Bucket: aws.String("b"), Key: aws.String("k")}}, client(srv.URL))
	if err == nil || !strings.Contains(err.Error(), "read s3://b/k") || !strings.Contains(err.Error(), "NoSuchKey") {
		t.Error(err)
	}
}

func TestInlineRevisions(t *testing.T) {
	for name, r := range map[string]*types.RevisionLocation{
		"AppSpecContent": {RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: aws.String(yamlSpec)}},
		"String":         {RevisionType: types.RevisionLocationTypeString, String_: &types.RawString{Content: aws.String(yamlSpec)}},
	} {
		if spec, err := FromRevision(t.Context(), r, nil); err != nil || spec.Resources[0].Name != "shop" {
			t.Errorf("%s: %v, %v", name, spec, err)
		}
	}
	for want, r := range map[string]*types.RevisionLocation{
		"RevisionMissing":     nil,
		"UnsupportedRevision": {RevisionType: types.RevisionLocationTypeGitHub, GitHubLocation: &types.GitHubLocation{}},
	} {
		_, err := FromRevision(context.Background(), r, nil)
		var named *Error
		if !errors.As(err, &named) || named.Code != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func client(url string) *s3.Client {
	return s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: &url, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
}
