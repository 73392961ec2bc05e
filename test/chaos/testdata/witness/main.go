// Command witness is the function that leaves traces: as a lifecycle hook it takes HOLD and then calls back OUTCOME; for
// an event {"record": KEY} it puts an object KEY into the bucket named witness. {"tally": KEY} puts an object KEY/… of a
// name of its own, so that the runs can be counted; with {"try": 0} besides it fails.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"

	"github.com/headgate/headgate/hooks/lifecycle"
	"github.com/headgate/headgate/hooks/runtime"
)

func main() {
	runtime.StartInit(func(ctx context.Context) (runtime.Handler, error) {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, fmt.Errorf("load the AWS configuration: %w", err)
		}
		objects := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
		hook := &lifecycle.Hook{CodeDeploy: codedeploy.NewFromConfig(cfg), Check: check, Log: slog.New(slog.NewJSONHandler(os.Stdout, nil))}
		return func(ctx context.Context, event json.RawMessage) (any, error) {
			var e struct {
				Record, Tally string
				Try           *int
			}
			if err := json.Unmarshal(event, &e); err != nil {
				return nil, err
			}
			if e.Try != nil && *e.Try == 0 {
				return nil, errors.New("the first try fails")
			}
			if e.Tally != "" {
				e.Record = e.Tally + "/" + uuid.NewString()
			}
			if e.Record == "" {
				return hook.Handle(ctx, event)
			}
			_, err := objects.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("witness"), Key: &e.Record, Body: strings.NewReader(e.Record)})
			return nil, err
		}, nil
	})
}

func check(ctx context.Context, _ lifecycle.Event) (any, error) {
	hold, err := time.ParseDuration(os.Getenv("HOLD"))
	if err != nil {
		return nil, err
	}
	select {
	case <-time.After(hold):
	case <-ctx.Done():
	}
	if os.Getenv("OUTCOME") == "Failed" {
		return nil, errors.New("not well")
	}
	return nil, ctx.Err()
}
