package lambda

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/blob"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

type entryOf struct {
	name, text string
	mode       fs.FileMode
}

func archive(entries ...entryOf) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		h.SetMode(e.mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			panic(err)
		}
		io.WriteString(w, e.text)
	}
	z.Close()
	return b.Bytes()
}

func unpackInto(t testing.TB, b []byte) (string, error) {
	dir := t.TempDir()
	return dir, extract(bytes.NewReader(b), int64(len(b)), dir)
}

func TestExtractKeepsModesAndLinks(t *testing.T) {
	dir, err := unpackInto(t, archive(
		entryOf{"bin/run", "#!/bin/sh\n", 0o755}, entryOf{"secret", "s", 0o600}, entryOf{"odd", "o", 0o777 | fs.ModeSetuid},
		entryOf{"empty/", "", 0o700 | fs.ModeDir}, entryOf{"lib/link", "../bin/run", 0o777 | fs.ModeSymlink}, entryOf{"twice", "1", 0o644}, entryOf{"twice", "2", 0o644}))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{"bin/run": 0o755, "secret": 0o644, "odd": 0o755, "empty": fs.ModeDir | 0o755, "bin": fs.ModeDir | 0o755, ".": fs.ModeDir | 0o755} {
		st, err := os.Lstat(filepath.Join(dir, name))
		if err != nil || st.Mode() != want {
			t.Errorf("%s: %v %v, want %v", name, st, err, want)
		}
	}
	if b, err := os.ReadFile(filepath.Join(dir, "lib/link")); err != nil || string(b) != "#!/bin/sh\n" {
		t.Errorf("through the link: %q %v", b, err)
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "twice")); string(b) != "2" {
		t.Errorf("the last of a name does not win: %q", b)
	}
}

func TestExtractStaysInside(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "target")
	if err := os.WriteFile(outside, []byte("untouched"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, entries := range map[string][]entryOf{
		"dots":               {{"../x", "y", 0o644}},
		"dots inside":        {{"a/../../x", "y", 0o644}},
		"absolute":           {{"/tmp/x", "y", 0o644}},
		"link out":           {{"l", "../../etc/passwd", 0o777 | fs.ModeSymlink}},
		"absolute link":      {{"l", outside, 0o777 | fs.ModeSymlink}, {"l", "changed", 0o644}},
		"through a link":     {{"l", "..", 0o777 | fs.ModeSymlink}, {"l/x", "y", 0o644}},
		"a device":           {{"d", "", 0o644 | fs.ModeDevice}},
		"a link to itself":   {{"l", "l", 0o777 | fs.ModeSymlink}, {"l/x", "y", 0o644}},
		"a file as a folder": {{"f", "y", 0o644}, {"f/x", "y", 0o644}},
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := unpackInto(t, archive(entries...))
			if err == nil {
				t.Error("no error")
			}
			if _, err := os.Lstat(filepath.Join(filepath.Dir(dir), "x")); err == nil {
				t.Error("it wrote outside")
			}
		})
	}
	if b, _ := os.ReadFile(outside); string(b) != "untouched" {
		t.Errorf("a file outside was changed: %q", b)
	}
}

func FuzzExtract(f *testing.F) {
	f.Add(archive(entryOf{"a/b", "x", 0o644}, entryOf{"l", "a", 0o777 | fs.ModeSymlink}))
	f.Add(archive(entryOf{"../a", "x", 0o644}))
	f.Fuzz(func(t *testing.T, b []byte) {
		parent := t.TempDir()
		dir := filepath.Join(parent, "in", "side")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := checkZip(bytes.NewReader(b), int64(len(b))); err != nil {
			return
		}
		_ = extract(bytes.NewReader(b), int64(len(b)), dir) // an error is fine, a file outside is not
		for _, d := range []string{parent, filepath.Join(parent, "in")} {
			if all, err := os.ReadDir(d); err != nil || len(all) != 1 {
				t.Fatalf("outside of the package: %v %v", all, err)
			}
		}
	})
}

func TestPackagesThatAreTooLarge(t *testing.T) {
	p := sqlite(t)
	b := archive(entryOf{"a", "x", 0o644})
	// The central directory claims 300 MB for the only entry.
	i := bytes.Index(b, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(b[i+24:], 300<<20)
	in := newInput("f", "")
	in.Code.ZipFile = b
	_, err := p.CreateFunction(t.Context(), in)
	refused(t, err, "InvalidParameterValueException", "Unzipped size must be smaller than 262144000 bytes")

	p = sqlite(t, limits(func(l *Limits) { l.CodeStorage = 10 }))
	_, err = p.CreateFunction(t.Context(), newInput("f", "one"))
	refused(t, err, "CodeStorageExceededException", "Code storage limit exceeded.")
}

// bucket is an S3 with one object.
type bucket struct{ content []byte }

func (b bucket) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	if *in.Key != "code.zip" {
		return nil, &smithy.GenericAPIError{Code: "NoSuchKey", Message: "The specified key does not exist."}
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(b.content))}, nil
}

func TestPackageFromS3(t *testing.T) {
	p := sqlite(t, func(d *Deps) { d.S3 = bucket{code("bucket")} })
	in := newInput("f", "")
	in.Code = &types.FunctionCode{S3Bucket: aws.String("b"), S3Key: aws.String("no")}
	_, err := p.CreateFunction(t.Context(), in)
	refused(t, err, "InvalidParameterValueException", "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.")
	in.Code.S3Key = aws.String("code.zip")
	p.create(t, in)
	if got := p.call(t, "f"); got["code"] != "bucket" {
		t.Errorf("%v", got)
	}
	if left, _ := os.ReadDir(p.packages.incoming()); len(left) != 0 {
		t.Errorf("temporary files are left: %v", left)
	}
}

func TestUnpackedPackagesComeBack(t *testing.T) {
	p := sqlite(t)
	p.create(t, newInput("f", "one"))
	if err := os.RemoveAll(filepath.Join(p.dir, "code")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(p.packages.incoming(), 0o711); err != nil {
		t.Fatal(err)
	}
	if got := p.call(t, "f"); got["code"] != "one" {
		t.Errorf("%v", got)
	}
}

func TestOnlyUnusedPackagesAreCollected(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		ctx := t.Context()
		p.create(t, newInput("f", "one"))
		must(p.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: aws.String("f")}))(t)
		p.create(t, newInput("g", "three"))
		p.publish(t, "f", "two")
		must(p.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("g")}))(t)
		held := func() (n int64) {
			must(0, p.db.View(ctx, func(tx *db.Tx) (err error) {
				n, err = db.One(tx, db.Value[int64], `SELECT COUNT(*) FROM lambda_package`)
				return err
			}))(t)
			return n
		}
		must(0, p.collectOnce(ctx, time.Hour))(t)
		if held() != 3 {
			t.Error("a package was collected within its grace")
		}
		sum := must(checkedSHA(code("three")))(t)
		must(0, p.collectOnce(ctx, -time.Second))(t)
		if held() != 2 {
			t.Errorf("%d packages are held", held())
		}
		if _, err := p.Blobs.Open(ctx, sum); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("the blob is still there: %v", err)
		}
		for f, want := range map[string]string{"f:1": "one", "f:2": "two"} {
			if got := p.call(t, f); got["code"] != want {
				t.Errorf("%s answers %v", f, got)
			}
		}
		p.create(t, newInput("g", "three")) // the same package again
		if got := p.call(t, "g"); got["code"] != "three" {
			t.Errorf("%v", got)
		}
	})
}

func checkedSHA(b []byte) (string, error) {
	s := &Service{}
	out, err := s.keep(context.Background(), bytes.NewReader(b), int64(len(b)), true)
	return out.sha, err
}

func TestAPackageThatOneNodeCollectsIsRemovedOnTheOtherToo(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		shared := func(deps *Deps) { deps.Blobs = blob.NewTable(d, "packages") }
		a := openNode(t, d, t.TempDir(), "a", shared)
		defer a.close()
		b := openNode(t, d, t.TempDir(), "b", shared)
		defer b.close()
		a.create(t, newInput("f", "one"))
		must(b.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f")}))(t)
		if got := must(b.packages.unpacked(-time.Second))(t); len(got) != 1 {
			t.Fatalf("unpacked on b: %v", got)
		}
		must(0, b.collectOnce(t.Context(), -time.Second))(t)
		if got := must(b.packages.unpacked(-time.Second))(t); len(got) != 1 {
			t.Fatal("removed although it is in use")
		}
		must(a.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("f")}))(t)
		must(0, a.collectOnce(t.Context(), -time.Second))(t)
		must(0, b.collectOnce(t.Context(), -time.Second))(t)
		if got := must(b.packages.unpacked(-time.Second))(t); len(got) != 0 {
			t.Errorf("still unpacked on b: %v", got)
		}
	})
}
