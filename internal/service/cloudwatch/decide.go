package cloudwatch

import (
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// extraPoints is how many periods an evaluation looks back beyond EvaluationPeriods, so that late
// or sparse data still count. AWS's examples have 5 points for 3 periods.
const extraPoints = 2

// rule is what an alarm compares, without where the data come from.
type rule struct {
	periods   int // EvaluationPeriods, N
	alarms    int // DatapointsToAlarm, M
	operator  types.ComparisonOperator
	threshold float64
	missing   string  // TreatMissingData
	enough    float64 // samples below which a percentile is not significant; 0: always evaluate
}

// point is the statistic of one period.
type point struct {
	start   int64
	present bool
	value   float64
	samples float64
}

// verdict is the outcome of an evaluation. Points are newest first.
type verdict struct {
	state    types.StateValue
	points   []point // real ones that were evaluated
	breaches int     // how many of these breach
	filled   int     // missing ones that were counted as TreatMissingData says
	looked   []point // all of the last N periods, for the record
}

// decide evaluates the points of the last N + extraPoints periods, newest first. Pure.
//
// With N real points or more, the newest N of them decide and TreatMissingData plays no part.
// With fewer, missing ones fill up to N. Left to "missing" or "ignore" they are no evidence by
// themselves, but an alarm must not wait for ever either: when everything real breaches and the
// oldest of it is M periods old or older, that is an ALARM (with "ignore": no change).
func (r rule) decide(points []point, current types.StateValue) verdict {
	v := verdict{looked: points[:min(r.periods, len(points))]}
	oldest := 0
	for i, p := range points {
		if !p.present || len(v.points) == r.periods {
			continue
		}
		v.points = append(v.points, p)
		if r.breaching(p.value) {
			v.breaches++
			oldest = i + 1
		}
	}
	real := len(v.points)
	alarm := v.breaches >= r.alarms
	if real < r.periods {
		v.filled = r.periods - real
		switch r.missing {
		case "breaching":
			alarm = v.breaches+v.filled >= r.alarms
		case "notBreaching":
		default:
			if v.breaches == real && !alarm { // nothing speaks for OK
				v.state = r.undecided(real > 0 && oldest >= r.alarms, current)
				return v
			}
		}
	}
	v.state = types.StateValueOk
	if alarm {
		v.state = types.StateValueAlarm
	}
	if r.insignificant(v.points) {
		v.state = current
	}
	return v
}

// undecided is the state without evidence for OK and with fewer than M breaching points.
func (r rule) undecided(old bool, current types.StateValue) types.StateValue {
	switch {
	case r.missing == "ignore":
		return current
	case old:
		return types.StateValueAlarm
	default:
		return types.StateValueInsufficientData
	}
}

func (r rule) insignificant(points []point) bool {
	var samples float64
	for _, p := range points {
		samples += p.samples
	}
	return r.enough > 0 && samples > 0 && samples < r.enough
}

func (r rule) breaching(value float64) bool {
	switch r.operator {
	case types.ComparisonOperatorGreaterThanThreshold:
		return value > r.threshold
	case types.ComparisonOperatorGreaterThanOrEqualToThreshold:
		return value >= r.threshold
	case types.ComparisonOperatorLessThanThreshold:
		return value < r.threshold
	case types.ComparisonOperatorLessThanOrEqualToThreshold:
		return value <= r.threshold
	}
	return false
}

// early tells that a breach by the statistic of a period that still runs can only stay one, so
// that the alarm need not wait for the period's end.
func (r rule) early(s statistic) bool {
	switch r.operator {
	case types.ComparisonOperatorGreaterThanThreshold, types.ComparisonOperatorGreaterThanOrEqualToThreshold:
		return s.onlyGrows()
	case types.ComparisonOperatorLessThanThreshold, types.ComparisonOperatorLessThanOrEqualToThreshold:
		return types.Statistic(s.kind) == types.StatisticMinimum
	}
	return false
}
