package cloudwatch

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/internal/caller"
)

// maxDatapoints is how many GetMetricStatistics returns at most.
const maxDatapoints = 1440

// GetMetricStatistics returns the statistics of one metric, apart for each unit.
func (s *Service) GetMetricStatistics(ctx context.Context, in *cloudwatch.GetMetricStatisticsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricStatisticsOutput, error) {
	wanted, err := checkStatistics(in)
	if err != nil {
		return nil, err
	}
	period := int64(*in.Period) * second
	from, to := in.StartTime.UnixMilli(), in.EndTime.UnixMilli()
	from = floor(from, period)
	if n := (to - from + period - 1) / period; n > maxDatapoints {
		return nil, conflicting("You have requested up to %d datapoints, which exceeds the limit of %d. You may reduce the datapoints requested by increasing Period, or decreasing the time range.", n, maxDatapoints)
	}
	sid := seriesOf(caller.From(ctx), in.Namespace, in.MetricName, in.Dimensions).id()
	out := &cloudwatch.GetMetricStatisticsOutput{Label: in.MetricName, Datapoints: []types.Datapoint{}}
	return out, s.read(ctx, []string{sid}, from, to, func(r *reader) error {
		buckets, err := r.buckets(sid, string(in.Unit))
		if err != nil {
			return err
		}
		byUnit := map[string][]bucket{}
		for _, b := range buckets {
			byUnit[b.unit] = append(byUnit[b.unit], b)
		}
		for unit, list := range byUnit {
			aggs := grid(list, from, period, int((to-from+period-1)/period))
			for k := range aggs {
				if aggs[k].empty() {
					continue
				}
				d := types.Datapoint{Timestamp: at(from + int64(k)*period), Unit: types.StandardUnit(unit)}
				for _, st := range wanted {
					if v, ok := st.of(&aggs[k]); ok {
						st.into(&d, v)
					}
				}
				out.Datapoints = append(out.Datapoints, d)
			}
		}
		slices.SortFunc(out.Datapoints, func(a, b types.Datapoint) int { return a.Timestamp.Compare(*b.Timestamp) })
		return nil
	})
}

func checkStatistics(in *cloudwatch.GetMetricStatisticsInput) ([]statistic, error) {
	switch {
	case aws.ToString(in.Namespace) == "":
		return nil, missing("Namespace")
	case aws.ToString(in.MetricName) == "":
		return nil, missing("MetricName")
	case in.StartTime == nil:
		return nil, missing("StartTime")
	case in.EndTime == nil:
		return nil, missing("EndTime")
	case in.Period == nil:
		return nil, missing("Period")
	case !in.StartTime.Before(*in.EndTime):
		return nil, invalid("The parameter StartTime must be less than the parameter EndTime.")
	case len(in.Statistics)+len(in.ExtendedStatistics) == 0:
		return nil, missing("Statistics")
	}
	if err := checkPeriod(*in.Period, "Period"); err != nil {
		return nil, err
	}
	var out []statistic
	for _, name := range in.Statistics {
		if !slices.Contains(name.Values(), name) {
			return nil, invalid("The value %s for parameter Statistics is invalid.", name)
		}
		out = append(out, statistic{name: string(name), kind: string(name)})
	}
	for _, name := range in.ExtendedStatistics {
		st, err := parseStatistic(name)
		if err != nil {
			return nil, invalid("The value %s for parameter ExtendedStatistics is not supported.", name)
		}
		out = append(out, st)
	}
	return out, nil
}

// into puts the statistic's value where a Datapoint has it.
func (s statistic) into(d *types.Datapoint, v float64) {
	switch types.Statistic(s.name) {
	case types.StatisticSampleCount:
		d.SampleCount = &v
	case types.StatisticAverage:
		d.Average = &v
	case types.StatisticSum:
		d.Sum = &v
	case types.StatisticMinimum:
		d.Minimum = &v
	case types.StatisticMaximum:
		d.Maximum = &v
	default:
		if d.ExtendedStatistics == nil {
			d.ExtendedStatistics = map[string]float64{}
		}
		d.ExtendedStatistics[s.name] = v
	}
}

func times(ms []int64) []time.Time {
	out := make([]time.Time, len(ms))
	for i, t := range ms {
		out[i] = *at(t)
	}
	return out
}
