package cloudwatch

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/internal/caller"
)

// key names an alarm.
type key struct {
	Account string `json:"account"`
	Region  string `json:"region"`
	Name    string `json:"name"`
}

// alarm is a definition made ready to be evaluated. All but state and next is immutable; those
// two belong to the watch.
type alarm struct {
	key
	revision string
	def      types.MetricAlarm
	program  *program
	watched  int   // index of the query in program
	single   bool  // that query is a plain metric
	period   int64 // milliseconds
	step     int64 // between evaluations
	rule     rule
	mOfN     bool

	state    types.StateValue // as last heard
	next     int64            // end of the period to evaluate next
	failures int              // evaluations that failed in a row
}

// compileAlarm checks the parts of a definition that an evaluation needs.
func compileAlarm(k key, def types.MetricAlarm) (*alarm, error) {
	a := &alarm{key: k, def: def, mOfN: def.DatapointsToAlarm != nil}
	queries := def.Metrics
	if len(queries) == 0 {
		stat := string(def.Statistic)
		if stat == "" {
			stat = aws.ToString(def.ExtendedStatistic)
		}
		queries = []types.MetricDataQuery{{Id: aws.String("m1"), MetricStat: &types.MetricStat{
			Metric: &types.Metric{Namespace: def.Namespace, MetricName: def.MetricName, Dimensions: def.Dimensions},
			Period: def.Period, Stat: &stat, Unit: def.Unit}}}
	}
	var err error
	if a.program, err = compile(caller.Caller{Account: k.Account, Region: k.Region}, queries); err != nil {
		return nil, err
	}
	if a.watched, err = a.program.returned(); err != nil {
		return nil, err
	}
	a.single = a.program.queries[a.watched].input != nil
	a.period = a.program.periodOf(a.watched)
	// A period longer than a minute is a window that slides, as by default on AWS.
	if a.step = min(a.period, minute); a.period >= hour {
		a.step = 10 * minute // less often, as each look goes over days of data
	}
	a.rule = rule{
		periods:   int(aws.ToInt32(def.EvaluationPeriods)),
		alarms:    int(aws.ToInt32(def.EvaluationPeriods)),
		operator:  def.ComparisonOperator,
		threshold: aws.ToFloat64(def.Threshold),
		missing:   aws.ToString(def.TreatMissingData),
	}
	if def.DatapointsToAlarm != nil {
		a.rule.alarms = int(*def.DatapointsToAlarm)
	}
	if s := a.input(); s != nil && s.statistic.kind == "p" && aws.ToString(def.EvaluateLowSampleCountPercentile) == "ignore" {
		p := s.statistic.hi // documented: 10/(1−p) samples, below the median 10/p
		a.rule.enough = 10 / max(min(p, 1-p), 1e-9)
	}
	return a, nil
}

// input is the metric of an alarm that watches one, nil for an expression.
func (a *alarm) input() *input {
	if !a.single {
		return nil
	}
	return a.program.queries[a.watched].input
}

// early: see rule.early.
func (a *alarm) early() bool { return a.single && a.rule.early(a.input().statistic) }

// moves tells whether news, data that just arrived, can turn a period of the metric breaching
// that was not. It may err towards true.
func (a *alarm) moves(news *aggregate) bool {
	switch types.Statistic(a.input().statistic.kind) {
	case types.StatisticMaximum:
		return a.rule.breaching(news.high)
	case types.StatisticMinimum:
		return a.rule.breaching(news.low)
	case types.StatisticSum:
		return news.total > 0
	}
	return true
}

// span is the time that an evaluation for periods ending at end looks at.
func (a *alarm) span(end int64) (from int64, n int) {
	n = a.rule.periods + extraPoints
	return end - int64(n)*a.period, n
}

// points returns the statistics of the last periods before end, newest first, and the aggregate
// of the newest where there is one.
func (a *alarm) points(end int64, data func(*input) ([]bucket, error)) ([]point, *aggregate, error) {
	from, n := a.span(end)
	out := make([]point, n)
	if in := a.input(); in != nil {
		buckets, err := data(in)
		if err != nil {
			return nil, nil, err
		}
		aggs := grid(buckets, from, a.period, n)
		for i := range out {
			k := n - 1 - i
			v, ok := in.statistic.of(&aggs[k])
			out[i] = point{from + int64(k)*a.period, ok, v, aggs[k].samples}
		}
		return out, &aggs[n-1], nil
	}
	values, err := a.program.evaluate(from, end, from, data)
	if err != nil {
		return nil, nil, err
	}
	v := values[a.watched]
	if v.isScalar() {
		e := evaluation{from: from, to: end, origin: from, period: a.period}
		v = value{list: []timeSeries{e.constant(v.scalar)}}
	}
	for i := range out {
		t := from + int64(n-1-i)*a.period
		out[i] = point{start: t}
		if len(v.list) > 0 {
			out[i].value, out[i].present = v.list[0].points[t]
		}
	}
	return out, nil, nil
}

// checkAlarm checks what compileAlarm does not: the ranges that AWS accepts.
func checkAlarm(def *types.MetricAlarm) error {
	if name := aws.ToString(def.AlarmName); name == "" {
		return missing("AlarmName")
	} else if len(name) > 255 {
		return invalid("The parameter AlarmName must be shorter than 256 characters.")
	}
	if err := checkForm(def); err != nil {
		return err
	}
	switch def.ComparisonOperator {
	case "":
		return missing("ComparisonOperator")
	case types.ComparisonOperatorGreaterThanThreshold, types.ComparisonOperatorGreaterThanOrEqualToThreshold,
		types.ComparisonOperatorLessThanThreshold, types.ComparisonOperatorLessThanOrEqualToThreshold:
	default:
		if !slices.Contains(def.ComparisonOperator.Values(), def.ComparisonOperator) {
			return invalid("The value %s for parameter ComparisonOperator is invalid.", def.ComparisonOperator)
		}
		return validation("Anomaly detection is not supported: ComparisonOperator %s.", def.ComparisonOperator)
	}
	switch {
	case def.Threshold == nil:
		return missing("Threshold")
	case def.EvaluationPeriods == nil:
		return missing("EvaluationPeriods")
	case *def.EvaluationPeriods < 1:
		return invalid("The parameter EvaluationPeriods must be greater than 0.")
	case def.DatapointsToAlarm != nil && (*def.DatapointsToAlarm < 1 || *def.DatapointsToAlarm > *def.EvaluationPeriods):
		return validation("DatapointsToAlarm must be between 1 and EvaluationPeriods (%d).", *def.EvaluationPeriods)
	}
	if t := def.TreatMissingData; t != nil && !slices.Contains([]string{"breaching", "notBreaching", "ignore", "missing"}, *t) {
		return invalid("The value %s for parameter TreatMissingData is invalid. Valid values are breaching, notBreaching, ignore and missing.", *t)
	}
	if e := def.EvaluateLowSampleCountPercentile; e != nil && *e != "evaluate" && *e != "ignore" {
		return validation("Option %s is not supported. Supported options for parameter EvaluateLowSampleCountPercentile are evaluate and ignore.", *e)
	}
	return checkActions(def)
}

// checkForm checks that the alarm has one metric, or a list of queries, and not both.
func checkForm(def *types.MetricAlarm) error {
	if len(def.Metrics) > 0 {
		if def.MetricName != nil || def.Namespace != nil || def.Period != nil || def.Statistic != "" || def.ExtendedStatistic != nil || len(def.Dimensions) > 0 {
			return conflicting("The parameters MetricName, Namespace, Period, Statistic, ExtendedStatistic and Dimensions cannot be used together with Metrics.")
		}
		return nil
	}
	switch {
	case aws.ToString(def.MetricName) == "":
		return missing("MetricName")
	case aws.ToString(def.Namespace) == "":
		return missing("Namespace")
	case def.Period == nil:
		return missing("Period")
	case def.Statistic == "" && def.ExtendedStatistic == nil:
		return missing("Statistic")
	case def.Statistic != "" && def.ExtendedStatistic != nil:
		return conflicting("The parameters Statistic and ExtendedStatistic are mutually exclusive and you have specified both.")
	case def.Statistic != "" && !slices.Contains(def.Statistic.Values(), def.Statistic):
		return invalid("The value %s for parameter Statistic is invalid.", def.Statistic)
	case def.Unit != "" && !known(def.Unit):
		return invalid("The value %s for parameter Unit is invalid.", def.Unit)
	}
	if err := checkAlarmPeriod(int64(*def.Period)); err != nil {
		return err
	}
	return checkDimensions(def.Dimensions, "Dimensions")
}

// checkAlarmPeriod checks a period in seconds.
func checkAlarmPeriod(p int64) error {
	if p == 10 || p == 20 || p == 30 || p > 0 && p%60 == 0 {
		return nil
	}
	return invalid("The value %d for parameter Period is invalid. Valid values are 10, 20, 30 and any multiple of 60.", p)
}

// checkWindow checks the period of a compiled alarm and how far back it looks.
func (a *alarm) checkWindow() error {
	if err := checkAlarmPeriod(a.period / second); err != nil {
		return err
	}
	for _, in := range a.program.inputs() {
		if in.period != a.period {
			return validation("Period must be consistent across all metrics of an alarm.")
		}
	}
	longest := day
	if a.period >= hour {
		longest = 7 * day
	}
	if int64(a.rule.periods)*a.period > longest {
		return validation("Metrics cannot be checked across more than %s (EvaluationPeriods * Period must be <= %s).",
			map[bool]string{true: "a day", false: "7 days"}[longest == day], strconv.FormatInt(longest/second, 10))
	}
	return nil
}

var actionARN = regexp.MustCompile(`^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[^:]*:.+$`)

func checkActions(def *types.MetricAlarm) error {
	for _, list := range [][]string{def.AlarmActions, def.OKActions, def.InsufficientDataActions} {
		if len(list) > 5 {
			return validation("An alarm has at most 5 actions for a state.")
		}
		for _, target := range list {
			if !actionARN.MatchString(target) {
				return validation("Invalid arn syntax: %s", target)
			}
		}
	}
	return nil
}
