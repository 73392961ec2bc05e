package lambda

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/sandbox/environment"
)

// failing is a recorder that is away at times.
type failing struct {
	*recorder
	away atomic.Bool
	lost atomic.Int32
}

func (f *failing) PutLogEvents(ctx context.Context, in *cloudwatchlogs.PutLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error) {
	if f.away.Load() {
		f.lost.Add(1)
		return nil, errors.New("away")
	}
	return f.recorder.PutLogEvents(ctx, in)
}

func (f *failing) PutMetricData(ctx context.Context, in *cloudwatch.PutMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error) {
	if f.away.Load() {
		f.lost.Add(1)
		return nil, errors.New("away")
	}
	return f.recorder.PutMetricData(ctx, in)
}

func TestLinesKeepTheirOrderWhileTheLogServiceIsAway(t *testing.T) {
	f := &failing{recorder: &recorder{}}
	p := sqlite(t, func(d *Deps) { d.Logs, d.Metrics = f, f })
	p.create(t, newInput("f", "one"))
	n := 0
	p.envs.run = func(_ environment.Function, _ *environment.Invocation, log func(string)) (environment.Outcome, error) {
		for range 100 {
			log("line " + number(n))
			n++
		}
		return answer(nil), nil
	}
	for i := range 6 {
		f.away.Store(i%2 == 0)
		was := f.lost.Load()
		must(p.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f")}))(t)
		if i%2 == 0 {
			eventually(t, func() bool { return f.lost.Load() > was })
		}
	}
	f.away.Store(false)
	var got []string
	eventually(t, func() bool {
		got = slices.DeleteFunc(f.messages("/aws/lambda/f"), func(s string) bool { return !strings.HasPrefix(s, "line ") })
		return len(got) >= 600
	})
	for i, s := range got {
		if s != "line "+number(i)+"\n" {
			t.Fatalf("line %d is %q", i, s)
		}
	}
	eventually(t, func() bool { total, _ := f.sum("Invocations", "FunctionName=f"); return total == 6 })
}

func TestJSONLogFormat(t *testing.T) {
	p := sqlite(t)
	in := newInput("f", "one")
	in.LoggingConfig = &types.LoggingConfig{LogFormat: types.LogFormatJson, LogGroup: aws.String("mine")}
	p.create(t, in)
	if c := p.settled(t, "f"); c.LoggingConfig.ApplicationLogLevel != types.ApplicationLogLevelInfo || c.LoggingConfig.SystemLogLevel != types.SystemLogLevelInfo {
		t.Errorf("%+v", c.LoggingConfig)
	}
	p.call(t, "f")
	eventually(t, func() bool { return len(p.logs.messages("mine")) == 3 })
	for i, kind := range []string{"platform.initStart", "platform.start", "platform.report"} {
		got := decode[struct {
			Time, Type string
			Record     map[string]any
		}](t, []byte(p.logs.messages("mine")[i]))
		if got.Type != kind || got.Time != "2026-03-01T10:00:00.000Z" || kind == "platform.report" && got.Record["status"] != "success" {
			t.Errorf("%+v", got)
		}
	}
	in = newInput("g", "one")
	in.LoggingConfig = &types.LoggingConfig{SystemLogLevel: types.SystemLogLevelWarn}
	_, err := p.CreateFunction(t.Context(), in)
	refused(t, err, "InvalidParameterValueException", "LogFormat is JSON")
}

func TestLongLinesAndTail(t *testing.T) {
	p := sqlite(t)
	p.create(t, newInput("f", "one"))
	p.envs.run = func(_ environment.Function, _ *environment.Invocation, log func(string)) (environment.Outcome, error) {
		log(strings.Repeat("x", 600<<10))
		return answer(nil), nil
	}
	out := p.event(t, "f", `{}`, "")
	if n := len(*out.LogResult); n == 0 || n > (tailSize+2)/3*4 {
		t.Errorf("the tail has %d characters", n)
	}
	eventually(t, func() bool { return len(p.logs.messages("/aws/lambda/f")) == 7 })
	for _, m := range p.logs.messages("/aws/lambda/f") {
		if len(m) > maxEvent-eventOverhead {
			t.Errorf("an event of %d bytes", len(m))
		}
	}
}
