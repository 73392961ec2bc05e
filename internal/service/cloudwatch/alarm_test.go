package cloudwatch

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

func (f *fixture) history(name string, kind types.HistoryItemType) []types.AlarmHistoryItem {
	f.Helper()
	out, err := f.DescribeAlarmHistory(f.Context(), &cloudwatch.DescribeAlarmHistoryInput{AlarmName: &name, HistoryItemType: kind, ScanBy: types.ScanByTimestampAscending})
	if err != nil {
		f.Fatal(err)
	}
	return out.AlarmHistoryItems
}

func summaries(items []types.AlarmHistoryItem) (out []string) {
	for _, i := range items {
		out = append(out, *i.HistorySummary)
	}
	return out
}

// states is the history of the alarm's states, as "OK ALARM …".
func (f *fixture) states(name string) string {
	var out []string
	for _, s := range summaries(f.history(name, types.HistoryItemTypeStateUpdate)) {
		out = append(out, s[strings.LastIndexByte(s, ' ')+1:])
	}
	return strings.Join(out, " ")
}

func TestTwoOutOfThreeTenSecondPeriods(t *testing.T) {
	each(t, func(f *fixture) {
		in := errorsAlarm("a")
		in.Period, in.EvaluationPeriods, in.DatapointsToAlarm = aws.Int32(10), aws.Int32(3), aws.Int32(2)
		f.alarm(in)
		f.becomes("a", okay)
		fine := func(d *types.MetricDatum) { d.StorageResolution = aws.Int32(1) }
		for _, v := range []float64{1, 0, 2} {
			f.clock.Advance(9 * time.Second)
			f.put("Errors", v, fine, ago(began.Sub(f.clock.Now())))
			if a := f.describe("a"); v != 2 && a.StateValue != okay {
				t.Fatalf("%s too early", a.StateValue)
			}
			if v != 2 {
				f.clock.Advance(time.Second)
			}
		}
		a := f.becomes("a", alarming)
		want := "Threshold Crossed: 2 out of the last 3 datapoints [2.0 (21/11/26 05:00:20), 1.0 (21/11/26 05:00:00)] was"
		if !strings.HasPrefix(*a.StateReason, strings.TrimSuffix(want, " was")) {
			t.Errorf("reason %s", *a.StateReason)
		}
	})
}

func TestSetAlarmStateLastsUntilThePeriodEnds(t *testing.T) {
	each(t, func(f *fixture) {
		f.alarm(errorsAlarm("a"))
		f.becomes("a", okay)
		f.clock.Advance(10 * time.Second)
		_, err := f.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("a"), StateValue: alarming, StateReason: aws.String("a drill")})
		if err != nil {
			t.Fatal(err)
		}
		f.put("Errors", 0, ago(time.Minute)) // late data do not end the drill either
		time.Sleep(30 * time.Millisecond)
		if a := f.describe("a"); a.StateValue != alarming || *a.StateReason != "a drill" {
			t.Fatalf("%s: %s", a.StateValue, *a.StateReason)
		}
		f.clock.Advance(50 * time.Second)
		f.becomes("a", okay)
		_, err = f.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("nope"), StateValue: alarming, StateReason: aws.String("x")})
		var nf *types.ResourceNotFound
		if !errors.As(err, &nf) {
			t.Errorf("unknown alarm: %v", err)
		}
	})
}

func TestMissedPeriodsAreCaughtUpAfterARestart(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		f := start(t, d, c, nil)
		in := errorsAlarm("a")
		in.TreatMissingData = nil
		in.Statistic, in.Threshold = types.StatisticAverage, aws.Float64(1)
		f.alarm(in)
		c.Advance(time.Second)
		f.put("Errors", 5)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		c.Advance(time.Hour)
		f = start(t, d, c, nil)
		deadline := time.Now().Add(10 * time.Second)
		for f.states("a") != "ALARM INSUFFICIENT_DATA" && time.Now().Before(deadline) {
			time.Sleep(5 * time.Millisecond)
		}
		same(t, f.states("a"), "ALARM INSUFFICIENT_DATA")
		items := f.history("a", types.HistoryItemTypeStateUpdate)
		same(t, items[0].Timestamp.UTC(), began.Add(time.Minute))
		same(t, items[1].Timestamp.UTC(), began.Add(4*time.Minute)) // three periods look back at the datum
	})
}

func TestAnEarlyAlarmIsNotUndoneByWhatIsKnownOfThePast(t *testing.T) {
	each(t, func(f *fixture) {
		f.alarm(errorsAlarm("a"))
		f.becomes("a", okay)
		f.clock.Advance(5 * time.Minute)
		f.put("Errors", 1, ago(-5*time.Minute))
		f.becomes("a", alarming)
		f.put("Errors", 0, ago(-4*time.Minute)) // late
		in := errorsAlarm("a")
		in.AlarmDescription = aws.String("changed")
		f.alarm(in)
		f.put("Errors", 0, ago(-3*time.Minute))
		time.Sleep(50 * time.Millisecond)
		same(t, f.states("a"), "OK ALARM")
		f.clock.Advance(time.Minute)
		time.Sleep(500 * time.Millisecond)
		same(t, f.states("a"), "OK ALARM")
	})
}

// functions is a Lambda that notes how it was invoked.
type functions struct {
	mu    sync.Mutex
	calls []string
	err   error
}

func (l *functions) Invoke(_ context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, *in.FunctionName+" "+string(in.InvocationType)+" "+string(in.Payload))
	return &lambda.InvokeOutput{StatusCode: 202}, l.err
}

func TestActionsAreCarriedOutAndRecorded(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		l := &functions{}
		f := start(t, d, newClock(), l)
		in := errorsAlarm("a")
		in.AlarmActions = []string{"arn:aws:lambda:us-east-1:000000000000:function:pager", "arn:aws:sns:us-east-1:000000000000:topic"}
		f.alarm(in)
		f.becomes("a", okay)
		f.put("Errors", 1)
		f.becomes("a", alarming)
		var got []types.AlarmHistoryItem
		for deadline := time.Now().Add(5 * time.Second); len(got) < 2 && time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
			got = f.history("a", types.HistoryItemTypeAction)
		}
		same(t, summaries(got), []string{
			"Successfully executed action arn:aws:lambda:us-east-1:000000000000:function:pager",
			`Failed to execute action arn:aws:sns:us-east-1:000000000000:topic. Received error: "sns is not available on this platform"`,
		})
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.calls) != 1 || !strings.HasPrefix(l.calls[0], "arn:aws:lambda:us-east-1:000000000000:function:pager Event ") {
			t.Fatalf("calls %v", l.calls)
		}
		var event struct {
			AlarmARN  string `json:"alarmArn"`
			AlarmData struct {
				State, PreviousState struct{ Value string }
			} `json:"alarmData"`
		}
		if err := json.Unmarshal([]byte(l.calls[0][strings.IndexByte(l.calls[0], '{'):]), &event); err != nil {
			t.Fatal(err)
		}
		same(t, []string{event.AlarmARN, event.AlarmData.State.Value, event.AlarmData.PreviousState.Value},
			[]string{"arn:aws:cloudwatch:us-east-1:000000000000:alarm:a", "ALARM", "OK"})
	})
}

func TestAnActionLeftByADeadNodeIsCarriedOut(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, l := newClock(), &functions{}
		dead := New(d, c, l) // never started: it commits and then does nothing
		f := &fixture{t, dead, c, d}
		in := errorsAlarm("a")
		in.AlarmActions = []string{"arn:aws:lambda:us-east-1:000000000000:function:pager"}
		f.alarm(in)
		if _, err := f.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("a"), StateValue: alarming, StateReason: aws.String("x")}); err != nil {
			t.Fatal(err)
		}
		if err := dead.act(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := dead.act(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, len(l.calls), 1)
	})
}

func TestDisabledActionsAreNotCarriedOut(t *testing.T) {
	each(t, func(f *fixture) {
		in := errorsAlarm("a")
		in.OKActions = []string{"arn:aws:lambda:us-east-1:000000000000:function:pager"}
		in.ActionsEnabled = aws.Bool(false)
		f.alarm(in)
		f.becomes("a", okay)
		if _, err := f.EnableAlarmActions(t.Context(), &cloudwatch.EnableAlarmActionsInput{AlarmNames: []string{"a", "unknown"}}); err != nil {
			t.Fatal(err)
		}
		same(t, *f.describe("a").ActionsEnabled, true)
		same(t, len(f.history("a", types.HistoryItemTypeAction)), 0)
		same(t, summaries(f.history("a", types.HistoryItemTypeConfigurationUpdate)), []string{`Alarm "a" created`, `Alarm "a" updated`})
	})
}

func TestAnAlarmOnMetricMath(t *testing.T) {
	each(t, func(f *fixture) {
		i, e := query1("i", "Invocations", "Sum"), query1("e", "Errors", "Sum")
		i.ReturnData, e.ReturnData = aws.Bool(false), aws.Bool(false)
		f.alarm(&cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("rate"), Metrics: []types.MetricDataQuery{i, e, expression("r", "100 * FILL(e, 0) / i")},
			ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, Threshold: aws.Float64(5), EvaluationPeriods: aws.Int32(1)})
		f.put("Invocations", 100)
		f.put("Errors", 6)
		f.clock.Advance(time.Minute)
		f.becomes("rate", alarming)
		f.put("Invocations", 100, ago(-time.Minute))
		f.clock.Advance(time.Minute)
		f.becomes("rate", okay)
	})
}

// On a shared store every node evaluates; each change still happens once.
func TestManyNodesMakeOneChange(t *testing.T) {
	d := dbtest.Open(t, dbtest.Postgres(t))
	c := newClock()
	var nodes []*fixture
	for range 3 {
		nodes = append(nodes, start(t, d, c, nil))
	}
	f := nodes[0]
	f.alarm(errorsAlarm("a"))
	f.becomes("a", okay)
	for i := range 5 {
		nodes[i%3].put("Errors", 1, ago(began.Sub(c.Now())))
		f.becomes("a", alarming)
		c.Advance(5 * time.Minute)
		f.becomes("a", okay)
	}
	same(t, f.states("a"), "OK"+strings.Repeat(" ALARM OK", 5))
}

func TestWrongAlarmsAreRefused(t *testing.T) {
	each(t, func(f *fixture) {
		for want, change := range map[string]func(*cloudwatch.PutMetricAlarmInput){
			"The parameter AlarmName is required.":           func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmName = nil },
			"The parameter MetricName is required.":          func(in *cloudwatch.PutMetricAlarmInput) { in.MetricName = nil },
			"The parameter Threshold is required.":           func(in *cloudwatch.PutMetricAlarmInput) { in.Threshold = nil },
			"The parameter Statistic is required.":           func(in *cloudwatch.PutMetricAlarmInput) { in.Statistic = "" },
			"mutually exclusive":                             func(in *cloudwatch.PutMetricAlarmInput) { in.ExtendedStatistic = aws.String("p99") },
			"The value 45 for parameter Period is invalid":   func(in *cloudwatch.PutMetricAlarmInput) { in.Period = aws.Int32(45) },
			"The value 1 for parameter Period is invalid":    func(in *cloudwatch.PutMetricAlarmInput) { in.Period = aws.Int32(1) },
			"Metrics cannot be checked across more than a d": func(in *cloudwatch.PutMetricAlarmInput) { in.EvaluationPeriods = aws.Int32(1441) },
			"DatapointsToAlarm must be between 1 and":        func(in *cloudwatch.PutMetricAlarmInput) { in.DatapointsToAlarm = aws.Int32(2) },
			"parameter TreatMissingData is invalid":          func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = aws.String("maybe") },
			"Invalid arn syntax: x":                          func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmActions = []string{"x"} },
			"Anomaly detection is not supported": func(in *cloudwatch.PutMetricAlarmInput) {
				in.ComparisonOperator = types.ComparisonOperatorGreaterThanUpperThreshold
			},
			"cannot be used together with Metrics": func(in *cloudwatch.PutMetricAlarmInput) {
				in.Metrics = []types.MetricDataQuery{query1("m", "M", "Sum")}
			},
		} {
			in := errorsAlarm("wrong")
			change(in)
			if _, err := f.PutMetricAlarm(t.Context(), in); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, expected %q", err, want)
			}
		}
		out, err := f.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
		if err != nil || len(out.MetricAlarms) != 0 {
			t.Errorf("alarms after bad input: %v, %v", out, err)
		}
	})
}

func TestAlarmsAreListedFoundTaggedAndDeleted(t *testing.T) {
	each(t, func(f *fixture) {
		ctx := t.Context()
		for _, n := range []string{"b-1", "A-1", "a-2", "a-1"} {
			in := errorsAlarm(n)
			in.Tags = []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}
			f.alarm(in)
		}
		var names []string
		in := &cloudwatch.DescribeAlarmsInput{MaxRecords: aws.Int32(3)}
		for {
			out, err := f.DescribeAlarms(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range out.MetricAlarms {
				names = append(names, *a.AlarmName)
			}
			if in.NextToken = out.NextToken; in.NextToken == nil {
				break
			}
		}
		same(t, names, []string{"A-1", "a-1", "a-2", "b-1"})
		found, err := f.DescribeAlarmsForMetric(ctx, &cloudwatch.DescribeAlarmsForMetricInput{Namespace: aws.String("Test"), MetricName: aws.String("Errors"), Statistic: types.StatisticSum})
		if err != nil || len(found.MetricAlarms) != 4 {
			t.Errorf("alarms for the metric: %v, %v", found, err)
		}
		name := f.describe("a-1").AlarmArn
		if _, err := f.UntagResource(ctx, &cloudwatch.UntagResourceInput{ResourceARN: name, TagKeys: []string{"k"}}); err != nil {
			t.Fatal(err)
		}
		if _, err := f.TagResource(ctx, &cloudwatch.TagResourceInput{ResourceARN: name, Tags: []types.Tag{{Key: aws.String("x"), Value: aws.String("y")}}}); err != nil {
			t.Fatal(err)
		}
		tags, err := f.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: name})
		if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Key != "x" {
			t.Errorf("tags %v, %v", tags, err)
		}
		if _, err := f.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"a-1", "nope"}}); err == nil {
			t.Error("an unknown alarm was deleted")
		}
		if _, err := f.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"a-1", "a-2"}}); err != nil {
			t.Fatal(err)
		}
		out, err := f.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String("a")})
		if err != nil || len(out.MetricAlarms) != 0 {
			t.Errorf("after deletion: %v, %v", out, err)
		}
		if !slices.Contains(summaries(f.history("a-1", "")), `Alarm "a-1" deleted`) {
			t.Error("the deletion is not in the history")
		}
	})
}
