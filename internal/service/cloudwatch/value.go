package cloudwatch

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// timeSeries is one line of a graph: the values at the starts of periods that have one.
type timeSeries struct {
	id     string
	period int64
	points map[int64]float64
}

// times are the points' starts in ascending order.
func (t timeSeries) times() []int64 { return slices.Sorted(maps.Keys(t.points)) }

// each applies f to every point.
func (t timeSeries) each(f func(float64) float64) timeSeries {
	out := timeSeries{t.id, t.period, make(map[int64]float64, len(t.points))}
	for at, v := range t.points {
		if v = f(v); !math.IsNaN(v) && !math.IsInf(v, 0) { // no number: the point is missing
			out.points[at] = v
		}
	}
	return out
}

// value is what an expression yields: a scalar, one series, or an array of series.
type value struct {
	scalar float64
	list   []timeSeries // nil: a scalar
	text   string       // a literal in double quotes, as METRICS takes one
}

func (v value) isScalar() bool { return v.list == nil }

// evaluation is what an expression sees.
type evaluation struct {
	from, to, origin, period int64
	metrics                  []timeSeries
	lookup                   func(id string) value
}

// times are the starts of the periods of the evaluation.
func (e *evaluation) times() []int64 {
	var out []int64
	for t := e.origin + floor(e.from-e.origin, e.period); t < e.to; t += e.period {
		out = append(out, t)
	}
	return out
}

// constant is a series with f in every period.
func (e *evaluation) constant(f float64) timeSeries {
	t := timeSeries{period: e.period, points: map[int64]float64{}}
	for _, at := range e.times() {
		t.points[at] = f
	}
	return t
}

// pairwise applies f to two values, point by point; a point that either side lacks is missing. An
// array goes with a scalar, with a series, or with an array of the same length.
func pairwise(a, b value, f func(x, y float64) float64) (value, error) {
	switch {
	case a.isScalar() && b.isScalar():
		return value{scalar: f(a.scalar, b.scalar)}, nil
	case b.isScalar():
		return a.mapped(func(t timeSeries) timeSeries {
			return t.each(func(x float64) float64 { return f(x, b.scalar) })
		}), nil
	case a.isScalar():
		return b.mapped(func(t timeSeries) timeSeries {
			return t.each(func(y float64) float64 { return f(a.scalar, y) })
		}), nil
	case len(a.list) != len(b.list) && len(a.list) != 1 && len(b.list) != 1:
		return value{}, fmt.Errorf("arrays of %d and %d time series cannot be combined", len(a.list), len(b.list))
	}
	out := value{list: []timeSeries{}}
	for i := range max(len(a.list), len(b.list)) {
		x, y := a.list[min(i, len(a.list)-1)], b.list[min(i, len(b.list)-1)]
		t := timeSeries{x.id, max(x.period, y.period), map[int64]float64{}}
		for at, v := range x.points {
			if w, ok := y.points[at]; ok {
				if r := f(v, w); !math.IsNaN(r) && !math.IsInf(r, 0) {
					t.points[at] = r
				}
			}
		}
		out.list = append(out.list, t)
	}
	return out, nil
}

func (v value) mapped(f func(timeSeries) timeSeries) value {
	out := value{list: make([]timeSeries, len(v.list))}
	for i, t := range v.list {
		out.list[i] = f(t)
	}
	return out
}
