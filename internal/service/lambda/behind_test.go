package lambda

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/clock"
)

// strict is a recorder that behaves as a store does: it takes nothing for a context that has ended, and refuses what
// CloudWatch and CloudWatch Logs refuse.
type strict struct {
	*recorder
	oldest time.Time
}

func (s strict) PutLogEvents(ctx context.Context, in *cloudwatchlogs.PutLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for i, e := range in.LogEvents {
		if i > 0 && *e.Timestamp < *in.LogEvents[i-1].Timestamp || *e.Timestamp > *in.LogEvents[0].Timestamp+maxSpan {
			return nil, &logstypes.InvalidParameterException{Message: aws.String("order or span")}
		}
	}
	return s.recorder.PutLogEvents(ctx, in)
}

func (s strict) PutMetricData(ctx context.Context, in *cloudwatch.PutMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error) {
	for _, d := range in.MetricData {
		if d.Timestamp.Before(s.oldest) {
			return nil, &cwtypes.InvalidParameterValueException{Message: aws.String("within the past two weeks")}
		}
	}
	return s.recorder.PutMetricData(ctx, in)
}

func TestTheLastLinesBeforeCloseAreWritten(t *testing.T) {
	for range 30 {
		r := strict{recorder: &recorder{}}
		w := newLogWriter(r, clock.New(clock.Anchor{}), slog.New(slog.DiscardHandler), Limits{LogBuffer: 1 << 20})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { w.run(ctx, time.Hour); close(ended) }()
		s := w.stream(caller.Caller{}, "group", "stream")
		s.output([]byte("first"))
		eventually(t, func() bool { return len(r.messages("group")) == 1 })
		s.output([]byte("last"))
		cancel()
		<-ended
		if got := r.messages("group"); len(got) != 2 {
			t.Fatalf("written: %q", got)
		}
	}
}

func TestLinesAreWrittenWhateverTheClockDoes(t *testing.T) {
	r := strict{recorder: &recorder{}}
	w := newLogWriter(r, clock.New(clock.Anchor{}), slog.New(slog.DiscardHandler), Limits{LogBuffer: 1 << 20})
	s := w.stream(caller.Caller{}, "group", "stream")
	now := time.Unix(1e9, 0)
	s.write(now, "one")
	s.write(now.Add(-5*time.Millisecond), "two, whose writer read the clock earlier")
	s.write(now.Add(48*time.Hour), "three, after the clock was advanced")
	w.flush(t.Context())
	if got := r.messages("group"); len(got) != 3 {
		t.Errorf("written: %q", got)
	}
}

func TestAMetricThatCloudWatchRefusesHoldsNoOtherUp(t *testing.T) {
	now := time.Now()
	r := strict{&recorder{}, now.Add(-14 * 24 * time.Hour)}
	w := newMetricWriter(r, slog.New(slog.DiscardHandler))
	f := target{key{"1", "eu-west-1", "f"}, ""}
	w.record(f, "", measured{at: now.Add(-30 * 24 * time.Hour)}) // the clock was advanced while it ran
	w.record(f, "", measured{at: now})
	w.flush(t.Context())
	if n, _ := r.sum("Invocations", "FunctionName=f"); n != 1 {
		t.Errorf("%v invocations written, want the one of now", n)
	}
	if len(w.unsent) > 0 {
		t.Error("what is refused is kept")
	}
}
