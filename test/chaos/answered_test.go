package chaos

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// writing is something that clients ask for and the server answers: afterwards it must be there, for ever.
type writing struct {
	name  string
	write func(ctx context.Context, p *platform, key string) error
	there func(ctx context.Context, p *platform, key string) error
	soon  bool // not at once: what was answered is that it will happen
}

var writings = []writing{
	{name: "PutObject", write: putObject, there: func(ctx context.Context, p *platform, key string) error { return p.object(ctx, "objects", key) }},
	{name: "CreateFunction and CreateAlias", write: createFunction, there: aliasThere},
	{name: "PutMetricAlarm", write: putAlarm, there: alarmThere},
	{name: "Invoke of type Event", soon: true, write: invokeEvent, there: func(ctx context.Context, p *platform, key string) error { return p.object(ctx, "witness", key) }},
}

// TestAnsweredIsKept writes from several clients at once while the server is killed again and again.
func TestAnsweredIsKept(t *testing.T) {
	onEachStore(t, func(t *testing.T, store func(t *testing.T) string, luck *rand.Rand) {
		p := newPlatform(t, store(t), 60, luck)
		p.function("hook", "witness", map[string]string{"HOLD": "0s"})
		for _, bucket := range []string{"objects", "witness"} {
			_, err := p.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket})
			must(t, 0, err)
		}
		all := make([]*writer, len(writings))
		for i, w := range writings {
			all[i] = p.writer(w, 2)
		}
		for range 3 {
			before := counts(all)
			p.until("every client was answered", func(context.Context) (bool, error) {
				for i, n := range counts(all) {
					if n < before[i]+3 {
						return false, fmt.Errorf("%s: %d before, %d now", writings[i].name, before[i], n)
					}
				}
				return true, nil
			})
			time.Sleep(upTo(luck, 300*time.Millisecond))
			p.kill()
			p.start()
		}
		for _, w := range all {
			w.stop()
		}
		p.kill()
		p.start()
		for i, w := range all {
			t.Logf("%s: %d answered", writings[i].name, len(w.answered))
			p.allThere(writings[i], w.answered)
		}
	})
}

func (p *platform) allThere(w writing, keys []string) {
	p.t.Helper()
	for _, key := range keys {
		if w.soon {
			p.patiently(w.name+" "+key, 20*time.Millisecond, func(ctx context.Context) (bool, error) { err := w.there(ctx, p, key); return err == nil, err })
		} else if err := w.there(p.t.Context(), p, key); err != nil {
			p.t.Errorf("%s %s was answered, and is lost: %v", w.name, key, err)
		}
	}
}

// writer is a number of clients that write without a pause.
type writer struct {
	cancel   context.CancelFunc
	wg       sync.WaitGroup
	mu       sync.Mutex
	answered []string
}

func (p *platform) writer(w writing, clients int) *writer {
	ctx, cancel := context.WithCancel(p.t.Context())
	out := &writer{cancel: cancel}
	for c := range clients {
		out.wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				key := fmt.Sprintf("key-%d-%d", c, n)
				if err := w.write(ctx, p, key); err != nil {
					time.Sleep(10 * time.Millisecond) // the server is away
					continue
				}
				out.mu.Lock()
				out.answered = append(out.answered, key)
				out.mu.Unlock()
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	p.t.Cleanup(out.stop)
	return out
}

func counts(all []*writer) (out []int) {
	for _, w := range all {
		w.mu.Lock()
		out = append(out, len(w.answered))
		w.mu.Unlock()
	}
	return out
}

func (w *writer) stop() {
	w.cancel()
	w.wg.Wait()
}

func putObject(ctx context.Context, p *platform, key string) error {
	_, err := p.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("objects"), Key: &key, Body: strings.NewReader(key)})
	return err
}

// object is nil if the object is there with its own key as content.
func (p *platform) object(ctx context.Context, bucket, key string) error {
	out, err := p.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return err
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	if err == nil && string(b) != key {
		err = fmt.Errorf("object %s has the content %q", key, b)
	}
	return err
}

// createFunction makes a function whose package is no other's, with an alias.
func createFunction(ctx context.Context, p *platform, key string) error {
	zip, err := pack([]byte("#!/bin/sh\n# " + key + "\n"))
	if err != nil {
		return err
	}
	_, err = p.lambda.CreateFunction(ctx, &lambda.CreateFunctionInput{FunctionName: &key, Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Role: aws.String(roleARN), Publish: true, Code: &lambdatypes.FunctionCode{ZipFile: zip}})
	if err != nil {
		return err
	}
	_, err = p.lambda.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: &key, Name: aws.String("live"), FunctionVersion: aws.String("1")})
	return err
}

// aliasThere is nil if the alias leads to a version that can run.
func aliasThere(ctx context.Context, p *platform, key string) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		c, err := p.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &key, Qualifier: aws.String("live")})
		if err != nil {
			return err
		}
		if c.State == lambdatypes.StateActive && aws.ToString(c.Version) == "1" {
			return nil
		}
		if c.State == lambdatypes.StateFailed || time.Now().After(deadline) {
			return fmt.Errorf("version %s is %s: %s", aws.ToString(c.Version), c.State, aws.ToString(c.StateReason))
		}
	}
}

func putAlarm(ctx context.Context, p *platform, key string) error {
	_, err := p.cloudwatch.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: &key, Namespace: aws.String("Chaos"), MetricName: &key,
		Statistic: cwtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
		ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold})
	return err
}

func alarmThere(ctx context.Context, p *platform, key string) error {
	out, err := p.cloudwatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{key}})
	if err == nil && len(out.MetricAlarms) != 1 {
		err = fmt.Errorf("%d alarms", len(out.MetricAlarms))
	}
	return err
}

func invokeEvent(ctx context.Context, p *platform, key string) error {
	out, err := p.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("hook"), InvocationType: lambdatypes.InvocationTypeEvent,
		Payload: fmt.Appendf(nil, `{"Record":%q}`, key)})
	if err == nil && out.StatusCode != 202 {
		err = fmt.Errorf("status %d", out.StatusCode)
	}
	return err
}
