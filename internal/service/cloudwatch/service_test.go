package cloudwatch

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

// began is a whole hour, so that periods of any length begin there.
var began = time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC)

type fixture struct {
	*testing.T
	*Service
	clock *clock.Fake
	db    *db.DB
}

func start(t *testing.T, d *db.DB, c *clock.Fake, l lambdaAPI) *fixture {
	t.Helper()
	s := New(d, c, l)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &fixture{t, s, c, d}
}

// each runs the test on every store, with a clock that stands at began.
func each(t *testing.T, test func(f *fixture)) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		test(start(t, d, clock.NewFake(began), nil))
	})
}

func (f *fixture) put(name string, v float64, more ...func(*types.MetricDatum)) {
	f.Helper()
	d := types.MetricDatum{MetricName: &name, Value: &v}
	for _, m := range more {
		m(&d)
	}
	_, err := f.PutMetricData(f.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("Test"), MetricData: []types.MetricDatum{d}})
	if err != nil {
		f.Fatal(err)
	}
}

// errors is an alarm on one error in a minute, as deployments use it.
func errorsAlarm(name string) *cloudwatch.PutMetricAlarmInput {
	return &cloudwatch.PutMetricAlarmInput{AlarmName: &name, Namespace: aws.String("Test"), MetricName: aws.String("Errors"),
		Statistic: types.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(0),
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("notBreaching")}
}

func (f *fixture) alarm(in *cloudwatch.PutMetricAlarmInput) {
	f.Helper()
	if _, err := f.PutMetricAlarm(f.Context(), in); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) describe(name string) types.MetricAlarm {
	f.Helper()
	out, err := f.DescribeAlarms(f.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}})
	if err != nil {
		f.Fatal(err)
	}
	if len(out.MetricAlarms) != 1 {
		f.Fatalf("%d alarms named %s", len(out.MetricAlarms), name)
	}
	return out.MetricAlarms[0]
}

// becomes waits, in wall time, until the alarm has the state.
func (f *fixture) becomes(name string, state types.StateValue) types.MetricAlarm {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), 10*time.Second)
	defer cancel()
	for {
		a := f.describe(name)
		if a.StateValue == state {
			return a
		}
		select {
		case <-time.After(2 * time.Millisecond):
		case <-ctx.Done():
			f.Fatalf("alarm %s is %s (%s), expected %s", name, a.StateValue, aws.ToString(a.StateReason), state)
		}
	}
}

func TestAnAlarmFiresWithinTheRunningPeriod(t *testing.T) {
	each(t, func(f *fixture) {
		notices := make(chan string, 10)
		f.db.Subscribe(TopicAlarm, func(n db.Notice) {
			if n.Payload != "" { // else: look at everything
				notices <- n.Payload
			}
		})
		f.alarm(errorsAlarm("errors"))
		a := f.becomes("errors", types.StateValueOk)
		if got, want := *a.StateReason, "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching]."; got != want {
			t.Errorf("reason %q, expected %q", got, want)
		}
		<-notices
		f.clock.Advance(40*time.Minute + 7*time.Second)
		f.put("Errors", 0)
		f.put("Errors", 1)
		f.put("Errors", 2)
		a = f.becomes("errors", types.StateValueAlarm)
		if !strings.HasPrefix(*a.StateReason, "Threshold Crossed: 1 datapoint [") || !strings.HasSuffix(*a.StateReason, "(21/11/26 05:40:00)] was greater than the threshold (0.0).") {
			t.Errorf("reason %q", *a.StateReason)
		}
		if n := <-notices; !strings.Contains(n, `"name":"errors","state":"ALARM"`) {
			t.Errorf("notice %s", n)
		}
	})
}

func TestAnAverageWaitsForThePeriodsEnd(t *testing.T) {
	each(t, func(f *fixture) {
		in := errorsAlarm("slow")
		in.Statistic, in.Threshold, in.DatapointsToAlarm = types.StatisticAverage, aws.Float64(10), aws.Int32(1)
		f.alarm(in)
		f.becomes("slow", types.StateValueOk)
		f.put("Errors", 30)
		f.put("Errors", 3)
		time.Sleep(50 * time.Millisecond) // long enough for a wrong early decision
		if a := f.describe("slow"); a.StateValue != types.StateValueOk {
			t.Fatalf("%s before the period ended", a.StateValue)
		}
		f.clock.Advance(time.Minute)
		a := f.becomes("slow", types.StateValueAlarm)
		if got, want := *a.StateReason, "Threshold Crossed: 1 out of the last 1 datapoints [16.5 (21/11/26 05:00:00)] was greater than the threshold (10.0) (minimum 1 datapoint for OK -> ALARM transition)."; got != want {
			t.Errorf("reason\n%s\nexpected\n%s", got, want)
		}
		f.clock.Advance(time.Minute)
		f.put("Errors", 1)
		f.clock.Advance(time.Minute)
		f.becomes("slow", types.StateValueOk)
	})
}

func newClock() *clock.Fake { return clock.NewFake(began) }

func callerOf() caller.Caller { return caller.From(context.Background()) }

func TestAPeriodThatEndsWhileTheStoreIsAwayIsEvaluatedLater(t *testing.T) {
	each(t, func(f *fixture) {
		in := errorsAlarm("slow")
		in.Statistic, in.Threshold = types.StatisticAverage, aws.Float64(10) // of a whole period: decided at its end alone
		f.alarm(in)
		f.becomes("slow", types.StateValueOk)
		f.put("Errors", 30)
		rename := func(statement string) {
			if err := f.db.Update(f.Context(), func(tx *db.Tx) error { _, err := tx.Exec(statement); return err }); err != nil {
				f.Fatal(err)
			}
		}
		rename("ALTER TABLE cloudwatch_alarm RENAME TO away")
		f.clock.Advance(time.Minute)
		time.Sleep(2*settle + 100*time.Millisecond) // the evaluation fails meanwhile
		rename("ALTER TABLE away RENAME TO cloudwatch_alarm")
		f.becomes("slow", types.StateValueAlarm)
	})
}
