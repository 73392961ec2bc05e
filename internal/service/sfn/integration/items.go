package integration

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
)

// maxObject bounds an object that items are read from, in bytes. AWS reads up to 10 GB as a stream; here the items are held.
const maxObject = 256 << 20

// errTooLarge is the failure for more than that.
var errTooLarge = fmt.Errorf("The object is larger than %d bytes, which is the most that an ItemReader reads on this platform.", maxObject)

// ReadItems reads a distributed Map state's items out of S3. c.Resource and c.Parameters are of no account: r has the reader's.
// A failure of the reader is in the answer; the error is ctx's.
func (s *Set) ReadItems(ctx context.Context, c Call, r asl.ReadItems) (asl.ItemsRead, error) {
	c.Resource, c.Parameters = r.Resource, r.Parameters
	var items []any
	var err error
	switch {
	case r.Resource.Service == "s3" && r.Resource.Action == "getObject":
		items, err = s.objectItems(ctx, c, r.Config)
	case r.Resource.Service == "s3" && r.Resource.Action == "listObjectsV2":
		items, err = s.listItems(ctx, c, r.Config, r.MaxItems)
	default:
		err = checkReaderWriter(r.Resource)
	}
	if ctx.Err() != nil {
		return asl.ItemsRead{}, ctx.Err()
	}
	if err != nil {
		return asl.ItemsRead{Failed: true, Cause: c.cause(err)}, nil
	}
	if items == nil {
		items = []any{}
	}
	return asl.ItemsRead{Items: jsonvalue.FromValue(items)}, nil
}

// cause words what went wrong in S3.
func (c Call) cause(err error) string {
	if answered, ok := apiError(err); ok {
		return apis["s3"].failed(answered, c.requestID()).Cause
	}
	return err.Error()
}

// location is where a reader reads.
type location struct{ bucket, key, prefix, version string }

func (c Call) location() (location, error) {
	o, _ := c.Parameters.Value().(*asl.Object)
	if o == nil {
		return location{}, errors.New("the parameters must be an object")
	}
	l := location{text(o, "Bucket"), text(o, "Key"), text(o, "Prefix"), text(o, "VersionId")}
	if l.bucket == "" {
		return l, errors.New("The required parameter 'Bucket' is missing")
	}
	return l, nil
}

// object reads an object's content, unpacked if its name says that it is compressed.
func (s *Set) object(ctx context.Context, c Call, l location) ([]byte, error) {
	api, err := peer[S3](s, "s3")
	if err != nil {
		return nil, err
	}
	in := &s3.GetObjectInput{Bucket: &l.bucket, Key: &l.key}
	if l.version != "" {
		in.VersionId = &l.version
	}
	out, err := api.GetObject(c.with(ctx), in)
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	body := io.Reader(out.Body)
	if strings.HasSuffix(l.key, ".gz") {
		if body, err = gzip.NewReader(out.Body); err != nil {
			return nil, fmt.Errorf("%s cannot be unpacked: %w", l.key, err)
		}
	}
	b, err := io.ReadAll(io.LimitReader(body, maxObject+1))
	if len(b) > maxObject {
		return nil, errTooLarge
	}
	return b, err
}

func (s *Set) objectItems(ctx context.Context, c Call, config asl.ReaderConfig) ([]any, error) {
	l, err := c.location()
	if err != nil {
		return nil, err
	}
	if l.key == "" {
		return nil, errors.New("The required parameter 'Key' is missing")
	}
	if config.InputType == "PARQUET" {
		return nil, errors.New("The input type PARQUET is not supported on this platform.")
	}
	content, err := s.object(ctx, c, l)
	if err != nil {
		return nil, err
	}
	if config.InputType == "MANIFEST" || config.ManifestType == "ATHENA_DATA" { // of the latter, InputType is that of the files
		return s.manifestItems(ctx, c, l.bucket, config, content)
	}
	return asl.ParseItems(config, content)
}

// listItems lists objects. With the Transformation LOAD_AND_FLATTEN they are read, and their items are the items.
func (s *Set) listItems(ctx context.Context, c Call, config asl.ReaderConfig, most int64) ([]any, error) {
	l, err := c.location()
	if err != nil {
		return nil, err
	}
	api, err := peer[S3](s, "s3")
	if err != nil {
		return nil, err
	}
	in := &s3.ListObjectsV2Input{Bucket: &l.bucket}
	if l.prefix != "" {
		in.Prefix = &l.prefix
	}
	var items []any
	for {
		out, err := api.ListObjectsV2(c.with(ctx), in)
		if err != nil {
			return nil, err
		}
		for _, o := range out.Contents {
			if config.Transformation == "LOAD_AND_FLATTEN" {
				loaded, err := s.load(ctx, c, location{bucket: l.bucket, key: aws.ToString(o.Key)}, config)
				if err != nil {
					return nil, err
				}
				items = append(items, loaded...)
				continue
			}
			items = append(items, jsonvalue.Of("Etag", aws.ToString(o.ETag), "Key", aws.ToString(o.Key),
				"LastModified", integer(aws.ToTime(o.LastModified).Unix()), "Size", integer(aws.ToInt64(o.Size)), "StorageClass", string(o.StorageClass)))
		}
		if out.NextContinuationToken == nil || most > 0 && int64(len(items)) >= most {
			return items, nil
		}
		in = &s3.ListObjectsV2Input{Bucket: in.Bucket, Prefix: in.Prefix, ContinuationToken: out.NextContinuationToken}
	}
}

func (s *Set) load(ctx context.Context, c Call, l location, config asl.ReaderConfig) ([]any, error) {
	content, err := s.object(ctx, c, l)
	if err != nil {
		return nil, err
	}
	return asl.ParseItems(config, content)
}

// manifest is the manifest.json of an S3 inventory, or of an Athena query.
type manifest struct {
	DestinationBucket string `json:"destinationBucket"`
	FileFormat        string `json:"fileFormat"`
	FileSchema        string `json:"fileSchema"` // "Bucket, Key, Size"
	Files             []struct {
		Key string `json:"key"`
	} `json:"files"`
}

// manifestItems reads the files that a manifest lists: an inventory's CSV files, whose columns the manifest names, or, of an
// Athena query (ManifestType ATHENA_DATA), the objects of a list of s3:// addresses.
func (s *Set) manifestItems(ctx context.Context, c Call, bucket string, config asl.ReaderConfig, content []byte) ([]any, error) {
	if config.ManifestType == "ATHENA_DATA" {
		return s.athenaItems(ctx, c, config, content)
	}
	var m manifest
	if err := json.Unmarshal(content, &m); err != nil {
		return nil, errors.New("Attempting to parse manifest JSON file failed: it is not valid JSON")
	}
	if m.FileFormat != "CSV" {
		return nil, fmt.Errorf("Attempting to read a manifest of the format %q failed: only CSV is supported.", m.FileFormat)
	}
	if name := m.DestinationBucket[strings.LastIndexByte(m.DestinationBucket, ':')+1:]; name != "" {
		bucket = name
	}
	var columns []string
	for name := range strings.SplitSeq(m.FileSchema, ",") {
		columns = append(columns, strings.TrimSpace(name))
	}
	var items []any
	for _, f := range m.Files {
		loaded, err := s.load(ctx, c, location{bucket: bucket, key: f.Key},
			asl.ReaderConfig{InputType: "CSV", CSVHeaderLocation: "GIVEN", CSVHeaders: columns})
		if err != nil {
			return nil, err
		}
		items = append(items, loaded...)
	}
	return items, nil
}

func (s *Set) athenaItems(ctx context.Context, c Call, config asl.ReaderConfig, content []byte) ([]any, error) {
	rows, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("the manifest cannot be read: %w", err)
	}
	var items []any
	for _, row := range rows {
		bucket, key, ok := strings.Cut(strings.TrimPrefix(row[0], "s3://"), "/")
		if !ok {
			return nil, fmt.Errorf("the manifest's line %q is not the address of an object", row[0])
		}
		loaded, err := s.load(ctx, c, location{bucket: bucket, key: key}, config)
		if err != nil {
			return nil, err
		}
		items = append(items, loaded...)
	}
	return items, nil
}
