package integration_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

func packed(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(s)); err != nil || z.Close() != nil {
		panic("gzip")
	}
	return b.String()
}

// items reads items.
func (p *platform) items(t *testing.T, resource, parameters string, config asl.ReaderConfig) asl.ItemsRead {
	t.Helper()
	c := call(t, "arn:aws:states:::s3:"+resource, parameters)
	out, err := p.ReadItems(t.Context(), c, asl.ReadItems{Resource: c.Resource, Parameters: c.Parameters, Config: config})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestItemsOfObjects(t *testing.T) {
	p := sqlite(t)
	p.bucket(t, map[string]string{
		"list.json": `[1, {"a": 2.0}]`, "deep.json": `{"x": {"y": [true]}}`, "lines.jsonl": "{\"a\":1}\n\n2\n", "rows.csv": "h1,h2\nv1,v2\n", "rows.csv.gz": packed("h1\nv1\n"),
		"in/manifest.json": `{"sourceBucket": "s", "destinationBucket": "arn:aws:s3:::box", "fileFormat": "CSV", "fileSchema": "Bucket, Key, Size", "files": [{"key": "in/a.csv.gz"}, {"key": "in/b.csv"}]}`,
		"in/a.csv.gz":      packed(`"s","k1","10"` + "\n"), "in/b.csv": `"s","k2","20"` + "\n",
		"athena.csv": "s3://box/lines.jsonl\ns3://box/lines.jsonl\n",
	})
	first := asl.ReaderConfig{InputType: "CSV", CSVHeaderLocation: "FIRST_ROW"}
	for _, c := range []struct {
		key, want string
		config    asl.ReaderConfig
	}{
		{"list.json", `[1,{"a":2.0}]`, asl.ReaderConfig{}},
		{"deep.json", `[true]`, asl.ReaderConfig{InputType: "JSON", ItemsPointer: "/x/y"}},
		{"lines.jsonl", `[{"a":1},2]`, asl.ReaderConfig{InputType: "JSONL"}},
		{"rows.csv", `[{"h1":"v1","h2":"v2"}]`, first},
		{"rows.csv.gz", `[{"h1":"v1"}]`, first},
		{"in/manifest.json", `[{"Bucket":"s","Size":"10","Key":"k1"},{"Bucket":"s","Size":"20","Key":"k2"}]`, asl.ReaderConfig{InputType: "MANIFEST", ManifestType: "S3_INVENTORY"}},
		{"athena.csv", `[{"a":1},2,{"a":1},2]`, asl.ReaderConfig{InputType: "JSONL", ManifestType: "ATHENA_DATA"}},
	} {
		out := p.items(t, "getObject", `{"Bucket": "box", "Key": "`+c.key+`"}`, c.config)
		if out.Failed || !jsonvalue.Equal(out.Items.Value(), jsonvalue.MustDecode(c.want)) {
			t.Errorf("%s: %s %+v", c.key, out.Items.String(), out)
		}
	}
}

func TestReadersThatFail(t *testing.T) {
	p := sqlite(t)
	p.bucket(t, map[string]string{"bad.json": "{", "orc.json": `{"fileFormat": "ORC"}`})
	for _, c := range []struct {
		parameters, cause string
		config            asl.ReaderConfig
	}{
		{`{"Bucket": "box", "Key": "no"}`, "The specified key does not exist. (Service: S3, Status Code: 404,", asl.ReaderConfig{InputType: "JSON"}},
		{`{"Bucket": "none", "Key": "no"}`, "The specified bucket does not exist", asl.ReaderConfig{InputType: "JSON"}},
		{`{"Bucket": "box", "Key": "bad.json"}`, "not valid JSON", asl.ReaderConfig{InputType: "JSON"}},
		{`{"Bucket": "box", "Key": "orc.json"}`, "only CSV", asl.ReaderConfig{InputType: "MANIFEST"}},
		{`{"Bucket": "box", "Key": "bad.json"}`, "PARQUET is not supported", asl.ReaderConfig{InputType: "PARQUET"}},
		{`{"Key": "bad.json"}`, "'Bucket' is missing", asl.ReaderConfig{InputType: "JSON"}},
	} {
		if out := p.items(t, "getObject", c.parameters, c.config); !out.Failed || !strings.Contains(out.Cause, c.cause) {
			t.Errorf("%s: %+v", c.parameters, out)
		}
	}
}

func TestItemsOfAListing(t *testing.T) {
	p := sqlite(t)
	p.bucket(t, map[string]string{"a/x.json": `["x"]`, "a/y.json": `["y", 1]`, "b": ""})
	out := p.items(t, "listObjectsV2", `{"Bucket": "box", "Prefix": "a/"}`, asl.ReaderConfig{})
	if got := out.Items.String(); !strings.HasPrefix(got, `[{"Etag":"\"`) || !strings.Contains(got, `"Key":"a/x.json","LastModified":1772359200,"Size":5,"StorageClass":"STANDARD"}`) {
		t.Errorf("%s", got)
	}
	p.Provide("s3", pages{p.s3})
	out = p.items(t, "listObjectsV2", `{"Bucket": "box"}`, asl.ReaderConfig{})
	if items, _ := out.Items.Value().([]any); len(items) != 3 {
		t.Errorf("of three pages: %s", out.Items.String())
	}
	out = p.items(t, "listObjectsV2", `{"Bucket": "box", "Prefix": "a/"}`, asl.ReaderConfig{InputType: "JSON", Transformation: "LOAD_AND_FLATTEN"})
	if got := out.Items.String(); got != `["x","y",1]` {
		t.Errorf("flattened: %s", got)
	}
}

// pages lists an object a page.
type pages struct{ integration.S3 }

func (p pages) ListObjectsV2(ctx context.Context, in *awss3.ListObjectsV2Input, opts ...func(*awss3.Options)) (*awss3.ListObjectsV2Output, error) {
	one := *in
	one.MaxKeys = aws.Int32(1)
	return p.S3.ListObjectsV2(ctx, &one, opts...)
}

func TestResultsOfAMapRun(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 250e6, time.UTC)
	text := func(s string) asl.Text { return jsonvalue.FromValue(jsonvalue.MustDecode(s)) }
	run := integration.MapRun{ARN: "arn:aws:states:us-east-1:000000000000:mapRun:m/label:1234", MachineARN: "arn:machine", Children: []integration.Child{
		{ARN: "arn:c0", Name: "c0", Status: asl.Succeeded, Input: text(`{"a":1}`), Output: text(`[1,2]`), StartedAt: at, StoppedAt: at},
		{ARN: "arn:c1", Name: "c1", Status: asl.Failed, Input: text(`2`), Error: "E", Cause: "why", StartedAt: at, StoppedAt: at},
		{Name: "", Status: "", Input: text(`3`)},
		{ARN: "arn:c3", Name: "c3", Status: asl.Succeeded, Input: text(`4`), Output: text(`{"z":null}`), StartedAt: at, StoppedAt: at},
	}}
	for _, c := range []struct {
		config asl.WriterConfig
		file   string
		want   string
	}{
		{asl.WriterConfig{}, "SUCCEEDED_0.json", `[{"ExecutionArn":"arn:c0","Input":"{\"a\":1}","InputDetails":{"Included":true},"Name":"c0","Output":"[1,2]","OutputDetails":{"Included":true},` +
			`"RedriveCount":0,"RedriveStatus":"NOT_REDRIVABLE","RedriveStatusReason":"Execution is SUCCEEDED and cannot be redriven","StartDate":"2026-03-01T10:00:00.250Z","StateMachineArn":"arn:machine","Status":"SUCCEEDED","StopDate":"2026-03-01T10:00:00.250Z"},`},
		{asl.WriterConfig{}, "FAILED_0.json", `[{"Cause":"why","Error":"E","ExecutionArn":"arn:c1","Input":"2"`},
		{asl.WriterConfig{}, "PENDING_0.json", `"Status":"PENDING"`},
		{asl.WriterConfig{Transformation: "COMPACT"}, "SUCCEEDED_0.json", `[[1,2],{"z":null}]`},
		{asl.WriterConfig{Transformation: "FLATTEN", OutputType: "JSONL"}, "SUCCEEDED_0.jsonl", "1\n2\n{\"z\":null}\n"},
	} {
		p := sqlite(t)
		p.bucket(t, nil)
		w := call(t, "arn:aws:states:::s3:putObject", `{"Bucket": "box", "Prefix": "out/"}`)
		out, err := p.WriteResults(t.Context(), w, asl.ResultWriter{Resource: w.Resource, Parameters: w.Parameters, Config: c.config}, run)
		if err != nil || out.Failed {
			t.Fatalf("%+v, %v", out, err)
		}
		if got := out.Output.String(); got != `{"MapRunArn":"`+run.ARN+`","ResultWriterDetails":{"Bucket":"box","Key":"out/1234/manifest.json"}}` {
			t.Errorf("result: %s", got)
		}
		if got := p.read(t, "out/1234/"+c.file); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", c.file, got)
		}
		manifest := p.read(t, "out/1234/manifest.json")
		for _, kind := range []string{"FAILED", "PENDING", "SUCCEEDED"} {
			if !strings.Contains(manifest, `"`+kind+`":[{"Key":"out/1234/`+kind+`_0.json`) {
				t.Errorf("manifest: %s", manifest)
			}
		}
	}
}

func (p *platform) read(t *testing.T, key string) string {
	t.Helper()
	out, err := p.s3.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("box"), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAWriterThatCannotWriteFails(t *testing.T) {
	p := sqlite(t)
	w := call(t, "arn:aws:states:::s3:putObject", `{"Bucket": "none"}`)
	out, err := p.WriteResults(t.Context(), w, asl.ResultWriter{Resource: w.Resource, Parameters: w.Parameters}, integration.MapRun{ARN: "arn:aws:states:::mapRun:m/l:1"})
	if err != nil || !out.Failed || !strings.Contains(out.Cause, "The specified bucket does not exist (Service: S3, Status Code: 404") {
		t.Errorf("%+v, %v", out, err)
	}
}
