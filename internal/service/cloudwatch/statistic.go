package cloudwatch

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// statistic is a function of the samples of a period.
type statistic struct {
	name   string  // as requested
	kind   string  // one of the five of types.Statistic, "p" or "tm"
	lo, hi float64 // shares 0…1: the percentile is hi; a trimmed mean is taken from lo to hi
}

// forms of extended statistics: p99, p99.9, tm90, TM(10%:90%), IQM. TC, TS, WM and PR are not
// supported (docs/divergences.md).
var (
	shortForm = regexp.MustCompile(`^(p|tm)(\d{1,2}(?:\.\d{0,10})?|100)$`)
	longForm  = regexp.MustCompile(`^TM\((\d{1,2}(?:\.\d{0,10})?)?%?:(\d{1,2}(?:\.\d{0,10})?|100)?%?\)$`)
)

func parseStatistic(name string) (statistic, error) {
	for _, s := range types.Statistic("").Values() {
		if string(s) == name {
			return statistic{name: name, kind: name}, nil
		}
	}
	percent := func(s string, otherwise float64) float64 {
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return f / 100
		}
		return otherwise
	}
	if name == "IQM" {
		return statistic{name, "tm", 0.25, 0.75}, nil
	}
	if m := shortForm.FindStringSubmatch(name); m != nil {
		return statistic{name, m[1], 0, percent(m[2], 1)}, nil
	}
	if m := longForm.FindStringSubmatch(name); m != nil && strings.Contains(name, "%") {
		return statistic{name, "tm", percent(m[1], 0), percent(m[2], 1)}, nil
	}
	return statistic{}, fmt.Errorf("The value %s for parameter Stat is not supported: use SampleCount, Average, Sum, Minimum, Maximum, pNN, tmNN, TM(x%%:y%%) or IQM.", name)
}

// of is the statistic of a, and false where a has none.
func (s statistic) of(a *aggregate) (float64, bool) {
	if a.empty() {
		return 0, false
	}
	switch types.Statistic(s.kind) {
	case types.StatisticSampleCount:
		return a.samples, true
	case types.StatisticSum:
		return a.total, true
	case types.StatisticAverage:
		return a.total / a.samples, true
	case types.StatisticMinimum:
		return a.low, true
	case types.StatisticMaximum:
		return a.high, true
	}
	if s.kind == "p" {
		v, ok := a.distribution.quantile(s.hi)
		return min(max(v, a.low), a.high), ok // a sketch is off by its accuracy
	}
	return a.distribution.trimmedMean(s.lo, s.hi)
}

// onlyGrows tells that more samples can only raise the statistic. Sum is among these as long as
// no sample was negative, which the caller checks.
func (s statistic) onlyGrows() bool {
	switch types.Statistic(s.kind) {
	case types.StatisticSum, types.StatisticSampleCount, types.StatisticMaximum:
		return true
	}
	return false
}
