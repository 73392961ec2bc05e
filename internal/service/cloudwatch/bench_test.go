package cloudwatch

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

// invocation is what one invocation publishes: four metrics with three sets of dimensions each.
func invocation(ms float64) *cloudwatch.PutMetricDataInput {
	in := &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/Lambda")}
	name := types.Dimension{Name: aws.String("FunctionName"), Value: aws.String("f")}
	for _, dims := range [][]types.Dimension{nil, {name}, {name, {Name: aws.String("Resource"), Value: aws.String("f:live")}}} {
		for m, v := range map[string]float64{"Invocations": 1, "Errors": 0, "Duration": ms, "ConcurrentExecutions": 1} {
			in.MetricData = append(in.MetricData, types.MetricDatum{MetricName: aws.String(m), Value: aws.Float64(v), Dimensions: dims})
		}
	}
	return in
}

// BenchmarkPutMetricData is one invocation's metrics, flushed to SQLite as it goes.
func BenchmarkPutMetricData(b *testing.B) {
	s := New(dbtest.Open(b, dbtest.SQLite(b)), clock.New(clock.Anchor{}), nil)
	if err := s.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var ins []*cloudwatch.PutMetricDataInput
	for i := range 100 {
		ins = append(ins, invocation(float64(i)*1.3))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := s.PutMetricData(b.Context(), ins[i%100]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAlarm is the time from a breaching datum to the notice of the committed ALARM.
func BenchmarkAlarm(b *testing.B) {
	d := dbtest.Open(b, dbtest.SQLite(b))
	s := New(d, clock.New(clock.Anchor{}), nil)
	if err := s.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	notices := make(chan db.Notice, 1000)
	d.Subscribe(TopicAlarm, func(n db.Notice) { notices <- n })
	var total, worst time.Duration
	n := 0
	for ; b.Loop(); n++ {
		in := errorsAlarm(fmt.Sprint(n))
		in.MetricName = aws.String(fmt.Sprint(n))
		if _, err := s.PutMetricAlarm(b.Context(), in); err != nil {
			b.Fatal(err)
		}
		<-notices // OK
		from := time.Now()
		if _, err := s.PutMetricData(b.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("Test"),
			MetricData: []types.MetricDatum{{MetricName: in.MetricName, Value: aws.Float64(1)}}}); err != nil {
			b.Fatal(err)
		}
		<-notices
		took := time.Since(from)
		total, worst = total+took, max(worst, took)
	}
	b.ReportMetric(float64(total.Microseconds())/float64(n), "µs/notice")
	b.ReportMetric(float64(worst.Microseconds()), "µs-worst")
}
