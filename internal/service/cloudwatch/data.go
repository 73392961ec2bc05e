package cloudwatch

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/internal/caller"
)

// Limits of GetMetricData.
const (
	maxQueries = 500
	maxPage    = 100_800 // datapoints
	maxPeriods = 100_800 // of one query, so that no request takes the memory of all
)

// GetMetricData evaluates queries and pages through the datapoints of their results.
func (s *Service) GetMetricData(ctx context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	p, err := checkData(ctx, in)
	if err != nil {
		return nil, err
	}
	skip, err := offset(in.NextToken)
	if err != nil {
		return nil, err
	}
	from, to := in.StartTime.UnixMilli(), in.EndTime.UnixMilli()
	first := from
	for i := range p.queries {
		period := p.periodOf(i)
		first = min(first, floor(from, period))
		if (to-from)/period > maxPeriods {
			return nil, validation("The time range of query %s has more than %d periods.", p.queries[i].id, maxPeriods)
		}
	}
	var ids []string
	for _, i := range p.inputs() {
		ids = append(ids, i.sid)
	}
	var values []value
	err = s.read(ctx, ids, first, to, func(r *reader) error {
		values, err = p.evaluate(from, to, 0, func(i *input) ([]bucket, error) { return r.buckets(i.sid, i.unit) })
		return err
	})
	if err != nil {
		return nil, err
	}
	var all []types.MetricDataResult
	for i := range p.queries {
		if p.queries[i].returned {
			all = append(all, p.results(i, values[i], from, to, in.ScanBy)...)
		}
	}
	limit := int(aws.ToInt32(in.MaxDatapoints))
	if limit == 0 {
		limit = maxPage
	}
	return page(all, skip, limit), nil
}

func checkData(ctx context.Context, in *cloudwatch.GetMetricDataInput) (*program, error) {
	switch {
	case in.StartTime == nil:
		return nil, missing("StartTime")
	case in.EndTime == nil:
		return nil, missing("EndTime")
	case len(in.MetricDataQueries) == 0:
		return nil, missing("MetricDataQueries")
	case len(in.MetricDataQueries) > maxQueries:
		return nil, validation("The collection MetricDataQueries must not have a size greater than %d.", maxQueries)
	case !in.StartTime.Before(*in.EndTime):
		return nil, validation("The parameter StartTime must be less than the parameter EndTime.")
	case aws.ToInt32(in.MaxDatapoints) < 0 || aws.ToInt32(in.MaxDatapoints) > maxPage:
		return nil, validation("The value %d for parameter MaxDatapoints is invalid. It must be between 1 and %d.", *in.MaxDatapoints, maxPage)
	case in.ScanBy != "" && !slices.Contains(in.ScanBy.Values(), in.ScanBy):
		return nil, validation("The value %s for parameter ScanBy is invalid.", in.ScanBy)
	}
	return compile(caller.From(ctx), in.MetricDataQueries)
}

func offset(t *string) (int, error) {
	cursor, err := openToken(t)
	if err != nil || cursor == "" {
		return 0, err
	}
	n, err := strconv.Atoi(cursor)
	if err != nil || n < 0 {
		return 0, badToken()
	}
	return n, nil
}

// results are the series that a query returns: one, or as many as the array has.
func (p *program) results(i int, v value, from, to int64, scan types.ScanBy) []types.MetricDataResult {
	q := &p.queries[i]
	if v.isScalar() { // AWS draws a number as a line
		e := evaluation{from: from, to: to, period: p.periodOf(i)}
		v = value{list: []timeSeries{e.constant(v.scalar)}}
	}
	var out []types.MetricDataResult
	for _, t := range v.list {
		ms := t.times()
		if scan != types.ScanByTimestampAscending {
			slices.Reverse(ms)
		}
		r := types.MetricDataResult{Id: aws.String(q.id), Label: aws.String(p.label(q, t)), StatusCode: types.StatusCodeComplete, Timestamps: times(ms)}
		r.Values = make([]float64, len(ms))
		for k, at := range ms {
			r.Values[k] = t.points[at]
		}
		out = append(out, r)
	}
	return out
}

// label is the one asked for, else the metric's name, else the query's id.
func (p *program) label(q *query, t timeSeries) string {
	in := q.input
	switch {
	case q.label == "" && in != nil:
		return in.name
	case q.label == "":
		return q.id
	case in == nil || !strings.Contains(q.label, "${PROP("):
		return q.label
	}
	props := []string{
		"${PROP('MetricName')}", in.name, "${PROP('Namespace')}", in.namespace, "${PROP('Stat')}", in.statistic.name,
		"${PROP('Period')}", strconv.FormatInt(in.period/second, 10), "${PROP('Region')}", in.region, "${PROP('AccountId')}", in.account,
	}
	for _, d := range in.dimensions {
		props = append(props, "${PROP('Dim."+d.Name+"')}", d.Value)
	}
	return strings.NewReplacer(props...).Replace(q.label)
}

// page cuts limit datapoints out of the results, from the skip-th on. Every page names every
// result; those with more to come are PartialData.
func page(all []types.MetricDataResult, skip, limit int) *cloudwatch.GetMetricDataOutput {
	out := &cloudwatch.GetMetricDataOutput{MetricDataResults: []types.MetricDataResult{}, Messages: []types.MessageData{}}
	end, more, begin := skip+limit, false, 0
	for _, r := range all {
		n := len(r.Values)
		from, to := min(max(skip-begin, 0), n), min(max(end-begin, 0), n)
		r.Timestamps, r.Values = r.Timestamps[from:to], r.Values[from:to]
		if to < n {
			r.StatusCode, more = types.StatusCodePartialData, true
		}
		out.MetricDataResults = append(out.MetricDataResults, r)
		begin += n
	}
	if more {
		out.NextToken = token(strconv.Itoa(end))
	}
	return out
}
