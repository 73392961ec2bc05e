package execution

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/caller"
)

// metrics counts executions in the namespace AWS/States.
type metrics struct {
	outbox[sample]
	to Metrics
}

// sample is a start or an end.
type sample struct {
	account, region         string
	machine, version, alias string // ARNs
	name                    string // of the metric
	at                      time.Time
	took                    time.Duration // of an end
}

// ends are the metrics that count ends.
func endMetric(s asl.Status) string {
	switch s {
	case asl.Succeeded:
		return "ExecutionsSucceeded"
	case asl.Failed:
		return "ExecutionsFailed"
	case asl.TimedOut:
		return "ExecutionsTimedOut"
	}
	return "ExecutionsAborted"
}

// dimensions by which a sample is counted: the state machine; and if it was started with them, the version and the
// alias, each as a dimension of its own and, as the AWS console's graphs have it, as the ARN.
func (s sample) dimensions() [][]types.Dimension {
	machine := types.Dimension{Name: aws.String("StateMachineArn"), Value: aws.String(s.machine)}
	out := [][]types.Dimension{{machine}}
	for _, q := range []struct{ name, arn string }{{"Version", s.version}, {"Alias", s.alias}} {
		if q.arn == "" {
			continue
		}
		value := q.arn[strings.LastIndexByte(q.arn, ':')+1:]
		out = append(out, []types.Dimension{machine, {Name: aws.String(q.name), Value: aws.String(value)}},
			[]types.Dimension{{Name: aws.String("StateMachineArn"), Value: aws.String(q.arn)}})
	}
	return out
}

// maxMetricData is how many values one call takes.
const maxMetricData = 900

// deliver adds up samples of the same minute and sends them.
func (m *metrics) deliver(ctx context.Context, samples []sample) error {
	if m.to == nil {
		return nil
	}
	type place struct{ account, region string }
	counts, times := map[sample]float64{}, map[sample]map[float64]float64{}
	for _, s := range samples {
		took := s.took
		s.at, s.took = s.at.Truncate(time.Minute), 0
		counts[s]++
		if s.name != "ExecutionsStarted" {
			s.name = "ExecutionTime"
			if times[s] == nil {
				times[s] = map[float64]float64{}
			}
			times[s][float64(took.Milliseconds())]++
		}
	}
	data := map[place][]types.MetricDatum{}
	add := func(s sample, d types.MetricDatum) {
		d.MetricName, d.Timestamp = aws.String(s.name), aws.Time(s.at)
		for _, dimensions := range s.dimensions() {
			d.Dimensions = dimensions
			data[place{s.account, s.region}] = append(data[place{s.account, s.region}], d)
		}
	}
	for s, n := range counts {
		add(s, types.MetricDatum{Unit: types.StandardUnitCount, Values: []float64{1}, Counts: []float64{n}})
	}
	for s, byTime := range times {
		d := types.MetricDatum{Unit: types.StandardUnitMilliseconds}
		for took, n := range byTime {
			if d.Values, d.Counts = append(d.Values, took), append(d.Counts, n); len(d.Values) == 150 { // as many as one may have
				add(s, d)
				d.Values, d.Counts = nil, nil
			}
		}
		if len(d.Values) > 0 {
			add(s, d)
		}
	}
	var failed error
	for p, all := range data {
		ctx := caller.With(ctx, caller.Caller{Region: p.region, Account: p.account})
		for len(all) > 0 {
			n := min(len(all), maxMetricData)
			_, err := m.to.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/States"), MetricData: all[:n]})
			failed, all = errors.Join(failed, err), all[n:]
		}
	}
	return failed
}
