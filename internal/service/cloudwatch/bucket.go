package cloudwatch

import (
	"math"
)

// Widths of buckets and periods are in milliseconds, like all times here.
const (
	second int64 = 1000
	minute       = 60 * second
	hour         = 60 * minute
	day          = 24 * hour
)

// slot says which bucket a datum falls into.
type slot struct {
	start, width int64
	unit         string
}

// aggregate is what is known about the samples of a stretch of time. The zero value is empty.
type aggregate struct {
	samples, total, low, high float64
	distribution              distribution
}

func (a *aggregate) empty() bool { return a.samples == 0 }

func (a *aggregate) take(samples, total, low, high float64) {
	if a.empty() {
		a.low, a.high = low, high
	}
	a.samples += samples
	a.total += total
	a.low, a.high = math.Min(a.low, low), math.Max(a.high, high)
}

// add takes in a value that occurred count times.
func (a *aggregate) add(value, count float64) {
	a.take(count, value*count, value, value)
	a.distribution.add(value, count)
}

// addSet takes in a statistic set. Its distribution is known only if all its values are equal.
func (a *aggregate) addSet(samples, total, low, high float64) {
	a.take(samples, total, low, high)
	if samples == 1 || low == high {
		a.distribution.add(low, samples)
	} else {
		a.distribution = distribution{unknown: true}
	}
}

func (a *aggregate) merge(o *aggregate) {
	if o.empty() {
		return
	}
	a.take(o.samples, o.total, o.low, o.high)
	a.distribution.merge(&o.distribution)
}

func (a *aggregate) clone() aggregate {
	c := *a
	c.distribution = a.distribution.clone()
	return c
}

// bucket is a row: one part of what fell into a slot.
type bucket struct {
	slot
	part string
	aggregate
}

// grid sorts buckets into periods: it returns the aggregates of [from+i·period, from+(i+1)·period).
func grid(buckets []bucket, from, period int64, n int) []aggregate {
	out := make([]aggregate, n)
	for i := range buckets {
		b := &buckets[i]
		if k := (b.start - from) / period; b.start >= from && k < int64(n) {
			out[k].merge(&b.aggregate)
		}
	}
	return out
}

// floor is the last multiple of step that is not after t.
func floor(t, step int64) int64 {
	m := t % step
	if m < 0 {
		m += step
	}
	return t - m
}
