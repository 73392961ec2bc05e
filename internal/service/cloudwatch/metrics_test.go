package cloudwatch

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

func same(t testing.TB, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func ago(d time.Duration) func(*types.MetricDatum) {
	return func(m *types.MetricDatum) { m.Timestamp = aws.Time(began.Add(-d)) }
}

func (f *fixture) statistics(in cloudwatch.GetMetricStatisticsInput) []types.Datapoint {
	f.Helper()
	in.Namespace = aws.String("Test")
	if in.StartTime == nil {
		in.StartTime, in.EndTime = aws.Time(began.Add(-time.Hour)), aws.Time(began.Add(time.Hour))
	}
	out, err := f.GetMetricStatistics(f.Context(), &in)
	if err != nil {
		f.Fatal(err)
	}
	return out.Datapoints
}

func TestAllFormsOfData(t *testing.T) {
	each(t, func(f *fixture) {
		f.put("M", 4)
		f.put("M", 0, func(d *types.MetricDatum) {
			d.Value, d.Values, d.Counts = nil, []float64{1, 2}, []float64{3, 1}
		})
		all := types.StatisticSum.Values()
		get := cloudwatch.GetMetricStatisticsInput{MetricName: aws.String("M"), Period: aws.Int32(60), Statistics: all, ExtendedStatistics: []string{"p50", "p100"}}
		want := types.Datapoint{Timestamp: aws.Time(began), Unit: types.StandardUnitNone, SampleCount: aws.Float64(5), Sum: aws.Float64(9), Average: aws.Float64(1.8),
			Minimum: aws.Float64(1), Maximum: aws.Float64(4), ExtendedStatistics: map[string]float64{"p50": 1, "p100": 4}}
		check := func(what string, want types.Datapoint) {
			t.Helper()
			got := f.statistics(get)
			if len(got) != 1 {
				t.Fatalf("%s: %d datapoints", what, len(got))
			}
			if d := cmp.Diff(mustJSON(want), mustJSON(got[0])); d != "" {
				t.Errorf("%s (-want +got)\n%s", what, d)
			}
		}
		check("in memory", want)
		if err := f.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		check("stored and in memory", want)
		f.put("M", 0, func(d *types.MetricDatum) {
			d.Value, d.StatisticValues = nil, &types.StatisticSet{SampleCount: aws.Float64(5), Sum: aws.Float64(11), Minimum: aws.Float64(-1), Maximum: aws.Float64(9)}
		})
		want = types.Datapoint{Timestamp: aws.Time(began), Unit: types.StandardUnitNone, SampleCount: aws.Float64(10), Sum: aws.Float64(20), Average: aws.Float64(2),
			Minimum: aws.Float64(-1), Maximum: aws.Float64(9)}
		check("with a statistic set: no percentiles", want)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		f.Service = New(f.db, f.clock, nil)
		check("read by the next process", want)
		f.put("M", 10)
		want.SampleCount, want.Sum, want.Average, want.Maximum = aws.Float64(11), aws.Float64(30), aws.Float64(30.0/11), aws.Float64(10)
		check("added to by the next process", want)
	})
}

func TestSecondsUnitsAndPeriods(t *testing.T) {
	each(t, func(f *fixture) {
		fine := func(d *types.MetricDatum) { d.StorageResolution = aws.Int32(1) }
		for i := range 20 {
			f.put("M", float64(i), fine, ago(-time.Duration(i)*time.Second))
		}
		f.put("M", 100, func(d *types.MetricDatum) { d.Unit = types.StandardUnitCount })
		get := cloudwatch.GetMetricStatisticsInput{MetricName: aws.String("M"), Period: aws.Int32(10), Statistics: []types.Statistic{"Sum"}, Unit: "None"}
		got := f.statistics(get)
		if len(got) != 2 || *got[0].Sum != 45 || *got[1].Sum != 145 || !got[1].Timestamp.Equal(began.Add(10*time.Second)) {
			t.Errorf("periods of 10 s: %s", mustJSON(got))
		}
		get.Unit, get.Period = "", aws.Int32(3600)
		if got = f.statistics(get); len(got) != 2 {
			t.Errorf("units are not apart: %s", mustJSON(got))
		}
	})
}

func TestBadDataIsRefused(t *testing.T) {
	now := began.UnixMilli()
	datum := func(f func(*types.MetricDatum)) *types.MetricDatum {
		d := &types.MetricDatum{MetricName: aws.String("M"), Value: aws.Float64(1)}
		f(d)
		return d
	}
	for want, f := range map[string]func(*types.MetricDatum){
		"MissingRequiredParameterException: The parameter P.MetricName is required.":                                                    func(d *types.MetricDatum) { d.MetricName = nil },
		"MissingRequiredParameterException: The parameter P.Value is required.":                                                         func(d *types.MetricDatum) { d.Value = nil },
		"InvalidParameterCombinationException: The parameters P.Value and P.Values are mutually exclusive and you have specified both.": func(d *types.MetricDatum) { d.Values = []float64{1} },
		"InvalidParameterValueException: The value NaN for parameter P.Value is invalid.":                                               func(d *types.MetricDatum) { d.Value = aws.Float64(math.NaN()) },
		"InvalidParameterValueException: The parameters P.Values and P.Counts must be of the same size.":                                func(d *types.MetricDatum) { d.Value, d.Values, d.Counts = nil, []float64{1}, []float64{1, 2} },
		"InvalidParameterValueException: The collection P.Values must not have a size greater than 150.":                                func(d *types.MetricDatum) { d.Value, d.Values = nil, make([]float64, 151) },
		"MissingRequiredParameterException: The parameter P.StatisticValues.Sum is required.": func(d *types.MetricDatum) {
			d.Value, d.StatisticValues = nil, &types.StatisticSet{SampleCount: aws.Float64(1)}
		},
		"InvalidParameterValueException: The parameter P.Timestamp must specify a time within the past two weeks.":             ago(15 * 24 * time.Hour),
		"InvalidParameterValueException: The parameter P.Timestamp must specify a time no more than two hours in the future.":  ago(-3 * time.Hour),
		"InvalidParameterValueException: The value 5 for parameter P.StorageResolution is invalid. Valid values are 1 and 60.": func(d *types.MetricDatum) { d.StorageResolution = aws.Int32(5) },
		"MissingRequiredParameterException: The parameter P.Dimensions.member.1.Value is required.":                            func(d *types.MetricDatum) { d.Dimensions = []types.Dimension{{Name: aws.String("n")}} },
		"InvalidParameterValueException: The collection P.Dimensions must not have a size greater than 30.":                    func(d *types.MetricDatum) { d.Dimensions = make([]types.Dimension, 31) },
		"InvalidParameterValueException: The value +Inf for parameter P.Value is invalid.":                                     func(d *types.MetricDatum) { d.Value = aws.Float64(math.Inf(1)) },
	} {
		_, err := check(datum(f), "P", now)
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestMetricsAreListed(t *testing.T) {
	each(t, func(f *fixture) {
		dim := func(name, value string) func(*types.MetricDatum) {
			return func(d *types.MetricDatum) {
				d.Dimensions = append(d.Dimensions, types.Dimension{Name: &name, Value: &value})
			}
		}
		f.put("B", 1, dim("z", "1"), dim("a", "2"))
		f.put("A", 1)
		list := func(in cloudwatch.ListMetricsInput) (names []string) {
			t.Helper()
			out, err := f.ListMetrics(t.Context(), &in)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range out.Metrics {
				n := *m.MetricName
				for _, d := range m.Dimensions {
					n += " " + *d.Name + "=" + *d.Value
				}
				names = append(names, n)
			}
			return names
		}
		for range 2 {
			same(t, list(cloudwatch.ListMetricsInput{Namespace: aws.String("Test")}), []string{"A", "B a=2 z=1"})
			same(t, list(cloudwatch.ListMetricsInput{Dimensions: []types.DimensionFilter{{Name: aws.String("z")}}}), []string{"B a=2 z=1"})
			same(t, list(cloudwatch.ListMetricsInput{MetricName: aws.String("C")}), []string(nil))
			if err := f.flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		f.clock.Advance(15 * 24 * time.Hour)
		same(t, list(cloudwatch.ListMetricsInput{}), []string(nil))
	})
}

func TestOldDataMoveIntoWiderBuckets(t *testing.T) {
	each(t, func(f *fixture) {
		ctx := t.Context()
		for i := range 5 {
			f.put("M", float64(i+1), func(d *types.MetricDatum) { d.StorageResolution = aws.Int32(1) }, ago(-time.Duration(i)*time.Minute))
		}
		count := func() (n int64) {
			if err := f.db.View(ctx, func(tx *db.Tx) (err error) {
				n, err = db.One(tx, db.Value[int64], "SELECT count(*) FROM cloudwatch_bucket")
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return n
		}
		get := cloudwatch.GetMetricStatisticsInput{MetricName: aws.String("M"), Period: aws.Int32(3600), Statistics: []types.Statistic{"Sum"}, ExtendedStatistics: []string{"p50"},
			StartTime: aws.Time(began), EndTime: aws.Time(began.Add(time.Hour))}
		for _, c := range []struct {
			advance time.Duration
			rows    int64
		}{{0, 5}, {4 * time.Hour, 5}, {16 * 24 * time.Hour, 1}, {60 * 24 * time.Hour, 1}} {
			f.clock.Advance(c.advance)
			if err := f.flush(ctx); err != nil {
				t.Fatal(err)
			}
			if err := f.sweep(ctx); err != nil {
				t.Fatal(err)
			}
			got := f.statistics(get)
			if len(got) != 1 || *got[0].Sum != 15 || got[0].ExtendedStatistics["p50"] != 3 {
				t.Errorf("after %v: %s", c.advance, mustJSON(got))
			}
			same(t, count(), c.rows)
		}
		f.clock.Advance(400 * 24 * time.Hour)
		if err := f.sweep(ctx); err != nil {
			t.Fatal(err)
		}
		same(t, count(), int64(0))
	})
}

func TestPercentilesAreExactForFewValuesAndCloseForMany(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 500).Draw(t, "n")
		var d, half distribution
		for i := range n {
			v := float64(i+1) * 1.7
			if i%2 == 0 {
				d.add(v, 1)
			} else {
				half.add(v, 1)
			}
		}
		stored, err := decodeDistribution(half.encode())
		if err != nil {
			t.Fatal(err)
		}
		d.merge(&stored)
		q := rapid.Float64Range(0.01, 1).Draw(t, "q")
		got, ok := d.quantile(q)
		want := math.Ceil(q*float64(n)-1e-9) * 1.7
		if !ok || math.Abs(got-want) > want*accuracy*1.001 || n <= exactValues && got != want {
			t.Fatalf("p%v of %d values is %v, expected %v", 100*q, n, got, want)
		}
	})
}

func FuzzDistribution(f *testing.F) {
	var d distribution
	d.add(1, 2)
	f.Add(d.encode())
	f.Add([]byte{storedUnknown})
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, err := decodeDistribution(b); err == nil {
			d.quantile(0.5)
		}
	})
}

func query1(id, name, stat string) types.MetricDataQuery {
	return types.MetricDataQuery{Id: &id, MetricStat: &types.MetricStat{Metric: &types.Metric{Namespace: aws.String("Test"), MetricName: &name},
		Period: aws.Int32(60), Stat: &stat}}
}

func expression(id, text string) types.MetricDataQuery {
	return types.MetricDataQuery{Id: &id, Expression: &text}
}

func TestMetricMath(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := &fixture{t, New(d, newClock(), nil), nil, d}
		for i, v := range []float64{10, 20, 40} {
			f.put("Invocations", v, ago(-time.Duration(i)*time.Minute))
		}
		f.put("Errors", 5, ago(0))
		f.put("Errors", 10, ago(-2*time.Minute))
		for text, want := range map[string][]float64{
			"e / i * 100":               {50, 25},
			"FILL(e, 0) / i":            {0.5, 0, 0.25},
			"FILL(e, REPEAT)":           {5, 5, 10},
			"FILL(e, LINEAR)":           {5, 7.5, 10},
			"IF(i > 15, 1, 0)":          {0, 1, 1},
			"IF(i > 15 AND i < 30, i)":  {20},
			"SUM([e, i])":               {15, 20, 50},
			"SUM(METRICS())":            {15, 20, 50},
			"MAX(METRICS())":            {10, 20, 40},
			"i - AVG(i) + 1":            {10 - 70.0/3 + 1, 20 - 70.0/3 + 1, 40 - 70.0/3 + 1},
			"MIN(i)":                    {10, 10, 10},
			"-i ^ 2 / 100":              {-1, -4, -16},
			"RATE(i)":                   {10.0 / 60, 20.0 / 60},
			"DIFF(i)":                   {10, 20},
			"e / 0":                     {},
			"PERIOD(i)":                 {60, 60, 60},
			"RUNNING_SUM(i)":            {10, 30, 70},
			"ABS(0 - i) + CEIL(0.2)":    {11, 21, 41},
			"METRIC_COUNT(METRICS())":   {2, 2, 2},
			"1e1 + 2 * (3 - 1) == 14.0": {1, 1, 1},
		} {
			invocations, failures := query1("i", "Invocations", "Sum"), query1("e", "Errors", "Sum")
			invocations.ReturnData, failures.ReturnData = aws.Bool(false), aws.Bool(false)
			out, err := f.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{StartTime: aws.Time(began), EndTime: aws.Time(began.Add(3 * time.Minute)),
				ScanBy: types.ScanByTimestampAscending, MetricDataQueries: []types.MetricDataQuery{expression("x", text), invocations, failures}})
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			if len(out.MetricDataResults) != 1 {
				t.Fatalf("%s: %d results", text, len(out.MetricDataResults))
			}
			got := out.MetricDataResults[0].Values
			ok := len(got) == len(want)
			for i := range got {
				ok = ok && math.Abs(got[i]-want[i]) < 1e-9
			}
			if !ok {
				t.Errorf("%s is %v, expected %v", text, got, want)
			}
		}
	})
}

func TestWrongExpressionsAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"SEARCH('{x}', 'Sum')":       "unexpected",
		`SEARCH("{x}", "Sum")`:       "the function SEARCH is not supported",
		"ANOMALY_DETECTION_BAND(m1)": "the function ANOMALY_DETECTION_BAND is not supported",
		"SELECT AVG(x) FROM y":       "Metrics Insights queries are not supported",
		"m1 +":                       "it ends too early",
		"nope":                       "The id nope is not defined",
		"x":                          "it refers to itself",
		"(m1":                        "a closing parenthesis is missing",
		"ABS(m1, m1)":                "does not take 2 arguments",
		"m1 m1":                      `unexpected "m1"`,
	} {
		_, err := compile(callerOf(), []types.MetricDataQuery{expression("x", text), query1("m1", "M", "Sum")})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, expected %q", text, err, want)
		}
	}
}

func FuzzExpression(f *testing.F) {
	for _, s := range []string{"m1 / m2 * 100", `IF(m1 > 2 && m1 != 3, FILL(m1, REPEAT), [m1, -2.5e3])`, `SUM(METRICS("m"))`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := compile(callerOf(), []types.MetricDataQuery{expression("x", text), query1("m1", "M", "Sum")})
		if err != nil {
			return
		}
		data := []bucket{{slot: slot{0, minute, "None"}, part: "p"}}
		data[0].add(2, 1)
		_, _ = p.evaluate(0, 5*minute, 0, func(*input) ([]bucket, error) { return data, nil })
	})
}

func TestMetricDataArePaged(t *testing.T) {
	each(t, func(f *fixture) {
		for i := range 5 {
			f.put("M", float64(i), ago(-time.Duration(i)*time.Minute))
			f.put("N", float64(10+i), ago(-time.Duration(i)*time.Minute))
		}
		in := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(began), EndTime: aws.Time(began.Add(5 * time.Minute)), MaxDatapoints: aws.Int32(4),
			MetricDataQueries: []types.MetricDataQuery{query1("m", "M", "Sum"), query1("n", "N", "p90")}}
		in.MetricDataQueries[1].Label = aws.String("${PROP('MetricName')} ${PROP('Stat')}")
		got := map[string][]float64{}
		pages := 0
		for {
			out, err := f.GetMetricData(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range out.MetricDataResults {
				got[*r.Label] = append(got[*r.Label], r.Values...)
			}
			if pages++; out.NextToken == nil {
				break
			}
			in.NextToken = out.NextToken
		}
		same(t, pages, 3)
		same(t, got, map[string][]float64{"M": {4, 3, 2, 1, 0}, "N p90": {14, 13, 12, 11, 10}})
		in.NextToken = aws.String("!")
		if _, err := f.GetMetricData(t.Context(), in); err == nil {
			t.Error("a wrong token was accepted")
		}
	})
}
