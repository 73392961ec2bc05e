package cloudwatch

import (
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/internal/caller"
)

// input is one metric with a statistic over a period (milliseconds).
type input struct {
	series
	sid       string
	unit      string // empty: any
	statistic statistic
	period    int64
}

// query is one element of MetricDataQueries or of an alarm's Metrics.
type query struct {
	id, label string
	input     *input // or
	expr      node
	period    int64 // of an expression; 0: that of its metrics
	returned  bool
}

// program is a checked list of queries that may refer to each other. Immutable.
type program struct {
	queries []query
	index   map[string]int
}

var queryID = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]*$`)

func compile(c caller.Caller, in []types.MetricDataQuery) (*program, error) {
	p := &program{index: map[string]int{}}
	for i := range in {
		q, err := compileQuery(c, &in[i])
		if err != nil {
			return nil, err
		}
		if _, twice := p.index[q.id]; twice {
			return nil, validation("The values for parameter id in MetricDataQueries are not unique.")
		}
		p.index[q.id] = len(p.queries)
		p.queries = append(p.queries, q)
	}
	return p, p.acyclic()
}

func compileQuery(c caller.Caller, in *types.MetricDataQuery) (q query, err error) {
	q = query{id: aws.ToString(in.Id), label: aws.ToString(in.Label), returned: in.ReturnData == nil || *in.ReturnData}
	switch {
	case !queryID.MatchString(q.id):
		return q, validation("The value for parameter id %q is not valid: it begins with a lowercase letter, followed by letters, numbers and underscores.", q.id)
	case in.MetricStat != nil && in.Expression != nil, in.MetricStat == nil && in.Expression == nil:
		return q, validation("Exactly one of MetricStat and Expression must be specified for id %s.", q.id)
	case in.Expression != nil:
		if in.Period != nil {
			if err := checkPeriod(*in.Period, "Period"); err != nil {
				return q, err
			}
			q.period = int64(*in.Period) * second
		}
		if q.expr, err = parseExpression(*in.Expression); err != nil {
			return q, validation("Error in expression '%s': %s", q.id, err)
		}
		return q, nil
	}
	m := in.MetricStat
	if m.Metric == nil || aws.ToString(m.Metric.Namespace) == "" || aws.ToString(m.Metric.MetricName) == "" {
		return q, missing("MetricDataQueries." + q.id + ".MetricStat.Metric")
	}
	if m.Period == nil {
		return q, missing("MetricDataQueries." + q.id + ".MetricStat.Period")
	}
	if err := checkPeriod(*m.Period, "MetricStat.Period"); err != nil {
		return q, err
	}
	st, err := parseStatistic(aws.ToString(m.Stat))
	if err != nil {
		return q, validation("%s", err)
	}
	s := seriesOf(c, m.Metric.Namespace, m.Metric.MetricName, m.Metric.Dimensions)
	if id := aws.ToString(in.AccountId); id != "" {
		s.account = id
	}
	q.input = &input{s, s.id(), string(m.Unit), st, int64(*m.Period) * second}
	return q, nil
}

// checkPeriod checks a period in seconds.
func checkPeriod(p int32, name string) error {
	switch {
	case p == 1, p == 5, p == 10, p == 20, p == 30, p > 0 && p%60 == 0:
		return nil
	}
	return invalid("The value %d for parameter %s is invalid. Valid values are 1, 5, 10, 20, 30 and any multiple of 60.", p, name)
}

// acyclic checks that expressions refer only to ids that exist, and not to themselves.
func (p *program) acyclic() error {
	state := make([]int, len(p.queries)) // 1: being looked at, 2: fine
	var visit func(i int) error
	visit = func(i int) error {
		if state[i] == 2 || p.queries[i].expr == nil {
			return nil
		}
		if state[i] == 1 {
			return validation("Error in expression '%s': it refers to itself", p.queries[i].id)
		}
		state[i] = 1
		for _, id := range p.queries[i].expr.references() {
			j, ok := p.index[id]
			if !ok {
				return validation("Error in expression '%s': The id %s is not defined", p.queries[i].id, id)
			}
			if err := visit(j); err != nil {
				return err
			}
		}
		state[i] = 2
		return nil
	}
	for i := range p.queries {
		if err := visit(i); err != nil {
			return err
		}
	}
	return nil
}

// inputs are the metrics that the program reads.
func (p *program) inputs() []*input {
	var out []*input
	for i := range p.queries {
		if in := p.queries[i].input; in != nil {
			out = append(out, in)
		}
	}
	return out
}

// periodOf is the period of a query in milliseconds: an expression's own, or the longest of the
// metrics that it is made of.
func (p *program) periodOf(i int) int64 {
	q := &p.queries[i]
	if q.input != nil {
		return q.input.period
	}
	if q.period > 0 {
		return q.period
	}
	longest := minute
	refs := q.expr.references()
	if len(refs) > 0 {
		longest = 0
	}
	for _, id := range refs {
		longest = max(longest, p.periodOf(p.index[id]))
	}
	return longest
}

// evaluate returns the value of every query over [from, to), in periods that begin at a multiple
// of the period from origin. Data tells a metric's buckets. An
// origin inside that range puts the periods' bounds at origin + n·period.
func (p *program) evaluate(from, to, origin int64, data func(*input) ([]bucket, error)) ([]value, error) {
	out := make([]value, len(p.queries))
	done := make([]bool, len(p.queries))
	e := &evaluation{from: from, to: to, origin: origin, lookup: func(id string) value { return out[p.index[id]] }}
	for i := range p.queries { // metrics first: METRICS() refers to all of them
		in := p.queries[i].input
		if in == nil {
			continue
		}
		buckets, err := data(in)
		if err != nil {
			return nil, err
		}
		s := timeSeries{id: p.queries[i].id, period: in.period, points: map[int64]float64{}}
		first := origin + floor(from-origin, in.period)
		for k, a := range grid(buckets, first, in.period, int((to-first+in.period-1)/in.period)) {
			if v, ok := in.statistic.of(&a); ok {
				s.points[first+int64(k)*in.period] = v
			}
		}
		out[i], done[i] = value{list: []timeSeries{s}}, true
		e.metrics = append(e.metrics, s)
	}
	var visit func(i int) error
	visit = func(i int) error {
		if done[i] {
			return nil
		}
		done[i] = true
		for _, id := range p.queries[i].expr.references() {
			if err := visit(p.index[id]); err != nil {
				return err
			}
		}
		e.period = p.periodOf(i)
		v, err := p.queries[i].expr.evaluate(e)
		if err != nil {
			return validation("Error in expression '%s': %s", p.queries[i].id, err)
		}
		out[i] = v
		return nil
	}
	for i := range p.queries {
		if err := visit(i); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// returned is the index of the one query an alarm watches.
func (p *program) returned() (int, error) {
	i := slices.IndexFunc(p.queries, func(q query) bool { return q.returned })
	if i < 0 || slices.ContainsFunc(p.queries[i+1:], func(q query) bool { return q.returned }) {
		return 0, validation("Exactly one element of the metrics list should return data.")
	}
	return i, nil
}
