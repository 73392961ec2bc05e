package cloudwatch

import (
	"fmt"
	"math"
	"strings"
)

// function is one of metric math's. Arguments are evaluated before.
type function struct {
	least, most int
	f           func(*evaluation, []value) (value, error)
}

// functions that are supported. SEARCH, ANOMALY_DETECTION_BAND, INSIGHT_RULE_METRIC, DB_PERF_INSIGHTS
// and the rest answer an error that names them.
func functionNamed(name string) (function, bool) {
	switch name {
	case "ABS":
		return pointwise(math.Abs), true
	case "CEIL":
		return pointwise(math.Ceil), true
	case "FLOOR":
		return pointwise(math.Floor), true
	case "LOG":
		return pointwise(math.Log), true
	case "LOG10":
		return pointwise(math.Log10), true
	case "SUM":
		return combining(func(v []float64) (s float64) {
			for _, f := range v {
				s += f
			}
			return s
		}), true
	case "AVG":
		return combining(mean), true
	case "MIN":
		return combining(func(v []float64) float64 { return extreme(v, math.Min) }), true
	case "MAX":
		return combining(func(v []float64) float64 { return extreme(v, math.Max) }), true
	case "STDDEV":
		return combining(deviation), true
	case "[]":
		return function{1, 100, flatten}, true
	case "IF":
		return function{2, 3, choose}, true
	case "FILL":
		return function{2, 2, fill}, true
	case "METRICS":
		return function{0, 1, metrics}, true
	case "METRIC_COUNT":
		return function{1, 1, func(_ *evaluation, a []value) (value, error) {
			return value{scalar: float64(len(a[0].list))}, nil
		}}, true
	case "PERIOD":
		return function{1, 1, period}, true
	case "RATE":
		return stepwise(func(dv, seconds float64) float64 { return dv / seconds }), true
	case "DIFF":
		return stepwise(func(dv, _ float64) float64 { return dv }), true
	case "DIFF_TIME":
		return stepwise(func(_, seconds float64) float64 { return seconds }), true
	case "RUNNING_SUM":
		return function{1, 1, runningSum}, true
	case "TIME_SERIES":
		return function{1, 1, func(e *evaluation, a []value) (value, error) {
			return value{list: []timeSeries{e.constant(a[0].scalar)}}, nil
		}}, true
	}
	return function{}, false
}

func checkCall(name string, args int) error {
	f, ok := functionNamed(name)
	switch {
	case !ok:
		return fmt.Errorf("the function %s is not supported", name)
	case args < f.least || args > f.most:
		return fmt.Errorf("the function %s does not take %d arguments", name, args)
	}
	return nil
}

func (c call) evaluate(e *evaluation) (value, error) {
	args := make([]value, len(c.args))
	for i, a := range c.args {
		v, err := a.evaluate(e)
		if err != nil {
			return value{}, err
		}
		args[i] = v
	}
	f, _ := functionNamed(c.name) // checked by the parser
	return f.f(e, args)
}

func pointwise(f func(float64) float64) function {
	return function{1, 1, func(_ *evaluation, a []value) (value, error) {
		if a[0].isScalar() {
			return value{scalar: f(a[0].scalar)}, nil
		}
		return a[0].mapped(func(t timeSeries) timeSeries { return t.each(f) }), nil
	}}
}

// combining makes a scalar of one series, and one series of an array (or of several arguments):
// at each time over those that have a point then.
func combining(f func([]float64) float64) function {
	return function{1, 100, func(e *evaluation, a []value) (value, error) {
		if len(a) > 1 {
			a[0], _ = flatten(e, a)
		}
		switch list := a[0].list; {
		case list == nil:
			return value{scalar: f([]float64{a[0].scalar})}, nil
		case len(list) == 1 && len(a) == 1:
			var all []float64
			for _, at := range list[0].times() {
				all = append(all, list[0].points[at])
			}
			if len(all) == 0 {
				return value{list: []timeSeries{{period: e.period}}}, nil // nothing to combine: no points
			}
			return value{scalar: f(all)}, nil
		default:
			return value{list: []timeSeries{across(list, f)}}, nil
		}
	}}
}

func across(list []timeSeries, f func([]float64) float64) timeSeries {
	at := map[int64][]float64{}
	out := timeSeries{points: map[int64]float64{}}
	for _, t := range list {
		out.period = max(out.period, t.period)
		for k, v := range t.points {
			at[k] = append(at[k], v)
		}
	}
	for k, v := range at {
		out.points[k] = f(v)
	}
	return out
}

// flatten makes an array of its arguments.
func flatten(e *evaluation, args []value) (value, error) {
	out := value{list: []timeSeries{}}
	for _, a := range args {
		if a.isScalar() {
			out.list = append(out.list, e.constant(a.scalar))
		}
		out.list = append(out.list, a.list...)
	}
	return out, nil
}

func mean(v []float64) float64 {
	var s float64
	for _, f := range v {
		s += f
	}
	return s / float64(len(v))
}

func deviation(v []float64) float64 {
	m, s := mean(v), 0.0
	for _, f := range v {
		s += (f - m) * (f - m)
	}
	return math.Sqrt(s / float64(len(v)))
}

func extreme(v []float64, f func(a, b float64) float64) float64 {
	m := v[0]
	for _, x := range v[1:] {
		m = f(m, x)
	}
	return m
}

// choose is IF(condition, then, else). Without else, points where the condition is 0 are missing.
func choose(e *evaluation, a []value) (value, error) {
	if a[0].isScalar() {
		switch {
		case a[0].scalar != 0:
			return a[1], nil
		case len(a) == 3:
			return a[2], nil
		}
		return value{list: []timeSeries{{period: e.period}}}, nil
	}
	if len(a[0].list) != 1 {
		return value{}, fmt.Errorf("the condition of IF must not be an array")
	}
	cond := a[0].list[0]
	branch := func(v value) (timeSeries, error) {
		switch {
		case v.isScalar():
			return e.constant(v.scalar), nil
		case len(v.list) == 1:
			return v.list[0], nil
		}
		return timeSeries{}, fmt.Errorf("IF does not take arrays")
	}
	then, err := branch(a[1])
	if err != nil {
		return value{}, err
	}
	var otherwise timeSeries
	if len(a) == 3 {
		if otherwise, err = branch(a[2]); err != nil {
			return value{}, err
		}
	}
	out := timeSeries{cond.id, cond.period, map[int64]float64{}}
	for at, c := range cond.points {
		from := then
		if c == 0 {
			from = otherwise
		}
		if v, ok := from.points[at]; ok {
			out.points[at] = v
		}
	}
	return value{list: []timeSeries{out}}, nil
}

// fill is FILL(m, number | REPEAT | LINEAR).
func fill(e *evaluation, a []value) (value, error) {
	if a[0].isScalar() || !a[1].isScalar() {
		return value{}, fmt.Errorf("FILL takes a time series and a number, REPEAT or LINEAR")
	}
	mode := a[1].text
	if mode != "" && mode != "REPEAT" && mode != "LINEAR" {
		return value{}, fmt.Errorf("FILL does not know %q", mode)
	}
	return a[0].mapped(func(t timeSeries) timeSeries {
		out := timeSeries{t.id, t.period, map[int64]float64{}}
		have := t.times()
		k := 0 // have[k-1] <= at < have[k]
		for _, at := range e.times() {
			for k < len(have) && have[k] <= at {
				k++
			}
			v, ok := t.points[at]
			switch {
			case ok:
			case mode == "":
				v, ok = a[1].scalar, true
			case k > 0 && mode == "REPEAT":
				v, ok = t.points[have[k-1]], true
			case k > 0 && k < len(have): // LINEAR
				x, y := have[k-1], have[k]
				v, ok = t.points[x]+(t.points[y]-t.points[x])*float64(at-x)/float64(y-x), true
			}
			if ok {
				out.points[at] = v
			}
		}
		return out
	}), nil
}

// metrics is METRICS(): all metrics of the request, or those whose id contains the text.
func metrics(e *evaluation, a []value) (value, error) {
	out := value{list: []timeSeries{}}
	for _, m := range e.metrics {
		if len(a) == 0 || strings.Contains(m.id, a[0].text) {
			out.list = append(out.list, m)
		}
	}
	return out, nil
}

func period(e *evaluation, a []value) (value, error) {
	if len(a[0].list) != 1 {
		return value{}, fmt.Errorf("PERIOD takes one time series")
	}
	return value{scalar: float64(a[0].list[0].period) / float64(second)}, nil
}

// stepwise derives each point from the one before: f gets the difference and the seconds between.
func stepwise(f func(dv, seconds float64) float64) function {
	return function{1, 1, func(_ *evaluation, a []value) (value, error) {
		if a[0].isScalar() {
			return value{}, fmt.Errorf("a time series is needed, not a number")
		}
		return a[0].mapped(func(t timeSeries) timeSeries {
			out, times := timeSeries{t.id, t.period, map[int64]float64{}}, t.times()
			for i := 1; i < len(times); i++ {
				was, is := times[i-1], times[i]
				out.points[is] = f(t.points[is]-t.points[was], float64(is-was)/float64(second))
			}
			return out
		}), nil
	}}
}

func runningSum(_ *evaluation, a []value) (value, error) {
	if a[0].isScalar() {
		return value{}, fmt.Errorf("RUNNING_SUM takes a time series, not a number")
	}
	return a[0].mapped(func(t timeSeries) timeSeries {
		out, sum := timeSeries{t.id, t.period, map[int64]float64{}}, 0.0
		for _, at := range t.times() {
			sum += t.points[at]
			out.points[at] = sum
		}
		return out
	}), nil
}
