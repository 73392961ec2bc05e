package integration

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
)

// maxFile is how many bytes of results one file holds; then the next begins (SUCCEEDED_1.json …).
const maxFile = 64 << 20

// resultKinds are the files of a manifest, in its order.
var resultKinds = []string{"FAILED", "PENDING", "SUCCEEDED"}

// WriteResults writes a map run's results to S3, under PREFIX/UUID of the run:
//
//	manifest.json                    where the others are
//	SUCCEEDED_0.json, FAILED_0.json  the children, as DescribeExecution tells of them
//	PENDING_0.json                   those that never started
//
// It answers what becomes the Map state's result: the run and where its manifest is. Without a bucket nothing is written; the
// results are transformed alone.
func (s *Set) WriteResults(ctx context.Context, c Call, w asl.ResultWriter, run MapRun) (asl.ResultsWritten, error) {
	c.Resource, c.Parameters = w.Resource, w.Parameters
	out, err := s.writeResults(ctx, c, w.Config, run)
	if ctx.Err() != nil {
		return asl.ResultsWritten{}, ctx.Err()
	}
	if err != nil {
		return asl.ResultsWritten{Failed: true, Cause: c.cause(err)}, nil
	}
	return asl.ResultsWritten{Output: jsonvalue.FromValue(out)}, nil
}

func (s *Set) writeResults(ctx context.Context, c Call, config asl.WriterConfig, run MapRun) (any, error) {
	if c.Resource.ARN == "" {
		return transformed(config, run.Children), nil
	}
	if c.Resource.Service != "s3" || c.Resource.Action != "putObject" {
		return nil, checkReaderWriter(c.Resource)
	}
	l, err := c.location()
	if err != nil {
		return nil, err
	}
	api, err := peer[S3](s, "s3")
	if err != nil {
		return nil, err
	}
	prefix := strings.TrimSuffix(l.prefix, "/")
	if prefix != "" {
		prefix += "/"
	}
	prefix += run.ARN[strings.LastIndexByte(run.ARN, ':')+1:] + "/"
	put := func(key, text string) error {
		_, err := api.PutObject(c.with(ctx), &s3.PutObjectInput{Bucket: &l.bucket, Key: &key, Body: strings.NewReader(text), ContentType: aws.String("application/json")})
		return err
	}
	files := jsonvalue.NewObject(len(resultKinds))
	for _, kind := range resultKinds {
		list := []any{}
		for i, text := range resultFiles(config, kind, run) {
			key := prefix + kind + "_" + integer(int64(i)).String() + extension(config)
			if err := put(key, text); err != nil {
				return nil, err
			}
			list = append(list, jsonvalue.Of("Key", key, "Size", integer(int64(len(text)))))
		}
		files.Set(kind, list)
	}
	key := prefix + "manifest.json"
	if err := put(key, jsonvalue.Encode(jsonvalue.Of("DestinationBucket", l.bucket, "MapRunArn", run.ARN, "ResultFiles", files))); err != nil {
		return nil, err
	}
	return jsonvalue.Of("MapRunArn", run.ARN, "ResultWriterDetails", jsonvalue.Of("Bucket", l.bucket, "Key", key)), nil
}

func extension(config asl.WriterConfig) string {
	if config.OutputType == "JSONL" {
		return ".jsonl"
	}
	return ".json"
}

// resultFiles are the texts of a kind's files: none if no child is of the kind.
func resultFiles(config asl.WriterConfig, kind string, run MapRun) []string {
	var files, lines []string
	size := 0
	flush := func() {
		if len(lines) == 0 {
			return
		}
		if config.OutputType == "JSONL" {
			files = append(files, strings.Join(lines, "\n")+"\n")
		} else {
			files = append(files, "["+strings.Join(lines, ",")+"]")
		}
		lines, size = nil, 0
	}
	for _, child := range run.Children {
		if kindOf(child) != kind {
			continue
		}
		for _, v := range child.results(config, run.MachineARN) {
			line := jsonvalue.Encode(v)
			if size+len(line) > maxFile {
				flush()
			}
			lines, size = append(lines, line), size+len(line)+1
		}
	}
	flush()
	return files
}

func kindOf(c Child) string {
	switch c.Status {
	case asl.Succeeded:
		return "SUCCEEDED"
	case asl.Failed, asl.TimedOut:
		return "FAILED"
	}
	return "PENDING"
}

// results is what is written of a child: everything or, of one that succeeded, its output alone if COMPACT or FLATTEN asks
// for it; FLATTEN takes a list apart.
func (c Child) results(config asl.WriterConfig, machineARN string) []any {
	if c.Status == asl.Succeeded {
		switch config.Transformation {
		case "COMPACT":
			return []any{c.Output.Value()}
		case "FLATTEN":
			return listOf(c.Output.Value())
		}
	}
	return []any{c.described(machineARN)}
}

// transformed are the results where none are written: a list for the Map state.
func transformed(config asl.WriterConfig, children []Child) []any {
	out := []any{}
	for _, c := range children {
		if c.Status == asl.Succeeded {
			out = append(out, c.results(asl.WriterConfig{Transformation: orCompact(config.Transformation)}, "")...)
		} else {
			out = append(out, jsonvalue.Of("Error", c.Error, "Cause", c.Cause))
		}
	}
	return out
}

func orCompact(transformation string) string {
	if transformation == "FLATTEN" {
		return transformation
	}
	return "COMPACT"
}

// described is a child as DescribeExecution tells of it, in Step Functions' spelling.
func (c Child) described(machineARN string) *asl.Object {
	o := jsonvalue.NewObject(16)
	if c.Cause != "" {
		o.Set("Cause", c.Cause)
	}
	if c.Error != "" {
		o.Set("Error", c.Error)
	}
	included := jsonvalue.Of("Included", true)
	o.Set("ExecutionArn", c.ARN)
	o.Set("Input", c.Input.String())
	o.Set("InputDetails", included)
	o.Set("Name", c.Name)
	if c.Status == asl.Succeeded {
		o.Set("Output", c.Output.String())
		o.Set("OutputDetails", included)
	}
	status := c.Status
	if status == "" {
		status = "PENDING"
	}
	o.Set("RedriveCount", integer(0))
	if status == asl.Succeeded {
		o.Set("RedriveStatus", "NOT_REDRIVABLE")
		o.Set("RedriveStatusReason", "Execution is SUCCEEDED and cannot be redriven")
	} else {
		o.Set("RedriveStatus", "REDRIVABLE")
	}
	setTime(o, "StartDate", c.StartedAt)
	o.Set("StateMachineArn", machineARN)
	o.Set("Status", string(status))
	setTime(o, "StopDate", c.StoppedAt)
	return o
}

func setTime(o *asl.Object, name string, t time.Time) {
	if !t.IsZero() {
		o.Set(name, instant(t))
	}
}
