package cloudwatch

import (
	"context"
	"fmt"
	"math"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/internal/caller"
)

// Limits of PutMetricData.
const (
	maxData       = 1000
	maxValues     = 150
	maxDimensions = 30
	oldest        = 14 * day // before now
	newest        = 2 * hour // after now
	fineAge       = 3 * hour // high-resolution data is kept as such for so long
)

// datum is a checked MetricDatum: its samples, or a statistic set.
type datum struct {
	series
	slot
	samples []weighted
	set     *types.StatisticSet
}

// PutMetricData takes data in. It answers once they are in memory, visible to every reader on
// this node and to the alarms; they are in the store when it answers.
func (s *Service) PutMetricData(ctx context.Context, in *cloudwatch.PutMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error) {
	out, err := s.put(ctx, in)
	if err != nil {
		return nil, err
	}
	return out, s.flush(context.WithoutCancel(ctx)) // with all others that wait
}

// Buffered is the service for the platform's own metrics: what it accepts is stored within flushEvery, and a crash may lose it.
// Nobody was promised those data; a client of PutMetricData was.
type Buffered struct{ *Service }

// PutMetricData accepts data without waiting for the store.
func (b Buffered) PutMetricData(ctx context.Context, in *cloudwatch.PutMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error) {
	return b.put(ctx, in)
}

// put checks data and accepts them.
func (s *Service) put(ctx context.Context, in *cloudwatch.PutMetricDataInput) (*cloudwatch.PutMetricDataOutput, error) {
	if aws.ToString(in.Namespace) == "" {
		return nil, missing("Namespace")
	}
	all := in.MetricData
	for _, e := range in.EntityMetricData { // entities relate metrics to services; the data count alike
		all = append(all[:len(all):len(all)], e.MetricData...)
	}
	if len(all) == 0 {
		return nil, missing("MetricData")
	}
	if len(all) > maxData {
		return nil, invalid("The collection MetricData must not have a size greater than %d.", maxData)
	}
	c, now := caller.From(ctx), s.now()
	data := make([]datum, len(all))
	for i := range all {
		d, err := check(&all[i], fmt.Sprintf("MetricData.member.%d", i+1), now)
		if err != nil {
			return nil, err
		}
		d.series = seriesOf(c, in.Namespace, all[i].MetricName, all[i].Dimensions)
		data[i] = d
	}
	return &cloudwatch.PutMetricDataOutput{}, s.accept(ctx, data, now)
}

// accept adds checked data and tells the alarms.
func (s *Service) accept(ctx context.Context, data []datum, now int64) error {
	for i := range data {
		d := &data[i]
		sid := d.series.id()
		var news aggregate
		room := s.buffer.add(sid, d.series, d.slot, now, func(a *aggregate) {
			for _, w := range d.samples {
				a.add(w.value, w.count)
				news.take(w.count, w.value*w.count, w.value, w.value)
			}
			if t := d.set; t != nil {
				a.addSet(*t.SampleCount, *t.Sum, *t.Minimum, *t.Maximum)
				news.take(*t.SampleCount, *t.Sum, *t.Minimum, *t.Maximum)
			}
		})
		s.watch.arrived(sid, d.slot, now, &news)
		if room != nil {
			select {
			case <-room:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}

// check turns one member of MetricData into a datum, or says what AWS says is wrong with it.
func check(m *types.MetricDatum, path string, now int64) (d datum, err error) {
	if aws.ToString(m.MetricName) == "" {
		return d, missing(path + ".MetricName")
	}
	if err := checkDimensions(m.Dimensions, path+".Dimensions"); err != nil {
		return d, err
	}
	if d.samples, d.set, err = checkSamples(m, path); err != nil {
		return d, err
	}
	t := now
	if m.Timestamp != nil {
		t = m.Timestamp.UnixMilli()
	}
	switch {
	case t < now-oldest:
		return d, invalid("The parameter %s.Timestamp must specify a time within the past two weeks.", path)
	case t > now+newest:
		return d, invalid("The parameter %s.Timestamp must specify a time no more than two hours in the future.", path)
	}
	width := minute
	switch r := aws.ToInt32(m.StorageResolution); {
	case m.StorageResolution != nil && r != 1 && r != 60:
		return d, invalid("The value %d for parameter %s.StorageResolution is invalid. Valid values are 1 and 60.", r, path)
	case r == 1 && t > now-fineAge:
		width = second
	}
	unit := m.Unit
	if unit == "" {
		unit = types.StandardUnitNone
	}
	if !known(unit) {
		return d, invalid("The parameter %s.Unit must be a value in the set [ %v ].", path, unit.Values())
	}
	d.slot = slot{floor(t, width), width, string(unit)}
	return d, nil
}

func known(u types.StandardUnit) bool {
	for _, k := range u.Values() {
		if k == u {
			return true
		}
	}
	return false
}

func checkDimensions(dims []types.Dimension, path string) error {
	if len(dims) > maxDimensions {
		return invalid("The collection %s must not have a size greater than %d.", path, maxDimensions)
	}
	names := map[string]bool{}
	for i, d := range dims {
		at := fmt.Sprintf("%s.member.%d", path, i+1)
		switch name := aws.ToString(d.Name); {
		case name == "":
			return missing(at + ".Name")
		case aws.ToString(d.Value) == "":
			return missing(at + ".Value")
		case names[name]:
			return invalid("The parameter %s.Name must be unique: %s is given twice.", at, name)
		default:
			names[name] = true
		}
	}
	return nil
}

func checkSamples(m *types.MetricDatum, path string) ([]weighted, *types.StatisticSet, error) {
	var forms []string
	for _, f := range []struct {
		name  string
		given bool
	}{{"Value", m.Value != nil}, {"Values", len(m.Values) > 0}, {"StatisticValues", m.StatisticValues != nil}} {
		if f.given {
			forms = append(forms, path+"."+f.name)
		}
	}
	switch {
	case len(forms) == 0:
		return nil, nil, missing(path + ".Value")
	case len(forms) > 1:
		return nil, nil, conflicting("The parameters %s and %s are mutually exclusive and you have specified both.", forms[0], forms[1])
	case m.StatisticValues != nil:
		return nil, m.StatisticValues, checkSet(m.StatisticValues, path+".StatisticValues")
	case m.Value != nil:
		return []weighted{{*m.Value, 1}}, nil, checkNumber(*m.Value, path+".Value")
	}
	if len(m.Counts) > 0 && len(m.Counts) != len(m.Values) {
		return nil, nil, invalid("The parameters %s.Values and %s.Counts must be of the same size.", path, path)
	}
	if len(m.Values) > maxValues {
		return nil, nil, invalid("The collection %s.Values must not have a size greater than %d.", path, maxValues)
	}
	out := make([]weighted, len(m.Values))
	for i, v := range m.Values {
		if err := checkNumber(v, fmt.Sprintf("%s.Values.member.%d", path, i+1)); err != nil {
			return nil, nil, err
		}
		out[i] = weighted{v, 1}
		if len(m.Counts) > 0 {
			name := fmt.Sprintf("%s.Counts.member.%d", path, i+1)
			if err := checkNumber(m.Counts[i], name); err != nil {
				return nil, nil, err
			}
			if m.Counts[i] <= 0 {
				return nil, nil, invalid("The parameter %s must be greater than 0.", name)
			}
			out[i].count = m.Counts[i]
		}
	}
	return out, nil, nil
}

func checkSet(t *types.StatisticSet, path string) error {
	for _, f := range []struct {
		name  string
		value *float64
	}{{"SampleCount", t.SampleCount}, {"Sum", t.Sum}, {"Minimum", t.Minimum}, {"Maximum", t.Maximum}} {
		if f.value == nil {
			return missing(path + "." + f.name)
		}
		if err := checkNumber(*f.value, path+"."+f.name); err != nil {
			return err
		}
	}
	switch {
	case *t.SampleCount <= 0:
		return invalid("The parameter %s.SampleCount must be greater than 0.", path)
	case *t.Minimum > *t.Maximum:
		return invalid("The parameter %s.Maximum must be greater than or equal to %s.Minimum.", path, path)
	}
	return nil
}

// checkNumber refuses what CloudWatch cannot store: outside −2^360…2^360, or no number.
func checkNumber(v float64, path string) error {
	if math.IsNaN(v) || math.Abs(v) > math.Ldexp(1, 360) {
		return invalid("The value %v for parameter %s is invalid.", v, path)
	}
	return nil
}
