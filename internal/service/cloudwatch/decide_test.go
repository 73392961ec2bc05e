package cloudwatch

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"pgregory.net/rapid"
)

const (
	insufficient = types.StateValueInsufficientData
	okay         = types.StateValueOk
	alarming     = types.StateValueAlarm
	retain       = types.StateValue("retain")
)

// pointsOf reads AWS's notation, oldest first: 0 within the threshold, X breaching, - missing.
func pointsOf(text string) []point {
	var out []point
	for i, c := range strings.Fields(text) {
		p := point{start: int64(i) * minute, present: c != "-", samples: 1}
		if c == "X" {
			p.value = 9
		}
		out = append(out, p)
	}
	slices.Reverse(out)
	return out
}

// The tables of AWS's page "Configuring how CloudWatch alarms treat missing data": N is 3, five
// points are looked at. And what its text on premature transitions says besides.
func TestMissingDataAsDocumented(t *testing.T) {
	for _, c := range []struct {
		m                                        int
		points                                   string
		missing, ignore, breaching, notBreaching types.StateValue
	}{
		{3, "0 - X - X", okay, okay, okay, okay},
		{3, "0 - - - -", okay, okay, okay, okay},
		{3, "- - - - -", insufficient, retain, alarming, okay},
		{3, "0 X X - X", alarming, alarming, alarming, alarming},
		{3, "- - X - -", alarming, retain, alarming, okay},
		{3, "X - - - -", alarming, retain, alarming, okay},
		{3, "- - - - X", insufficient, retain, alarming, okay},
		{3, "- - - X -", insufficient, retain, alarming, okay},
		{3, "- - - X 0", okay, okay, okay, okay},
		{2, "0 - X - X", alarming, alarming, alarming, alarming},
		{2, "0 0 X 0 X", alarming, alarming, alarming, alarming},
		{2, "0 - X - -", okay, okay, alarming, okay},
		{2, "- - - - 0", okay, okay, alarming, okay},
		{2, "- - - X -", alarming, retain, alarming, okay},
	} {
		for treat, want := range map[string]types.StateValue{"missing": c.missing, "": c.missing, "ignore": c.ignore, "breaching": c.breaching, "notBreaching": c.notBreaching} {
			r := rule{periods: 3, alarms: c.m, operator: types.ComparisonOperatorGreaterThanThreshold, threshold: 1, missing: treat}
			for _, current := range types.StateValueOk.Values() {
				expected := want
				if want == retain {
					expected = current
				}
				if got := r.decide(pointsOf(c.points), current).state; got != expected {
					t.Errorf("%d out of 3 of %s, %q, from %s: %s, expected %s", c.m, c.points, treat, current, got, expected)
				}
			}
		}
	}
}

func TestReasonsReadLikeThoseOfAWS(t *testing.T) {
	for _, c := range []struct {
		n, m   int
		points string
		treat  string
		mOfN   bool
		want   string
	}{
		{1, 1, "- - X", "missing", true, "Threshold Crossed: 1 out of the last 1 datapoints [9.0 (01/01/70 00:02:00)] was greater than the threshold (1.5) (minimum 1 datapoint for OK -> ALARM transition)."},
		{1, 1, "- - 0", "missing", true, "Threshold Crossed: 1 out of the last 1 datapoints [0.0 (01/01/70 00:02:00)] was not greater than the threshold (1.5) (minimum 1 datapoint for ALARM -> OK transition)."},
		{1, 1, "- - X", "missing", false, "Threshold Crossed: 1 datapoint [9.0 (01/01/70 00:02:00)] was greater than the threshold (1.5)."},
		{2, 2, "- - X X", "missing", false, "Threshold Crossed: 2 datapoints [9.0 (01/01/70 00:03:00), 9.0 (01/01/70 00:02:00)] were greater than the threshold (1.5)."},
		{3, 2, "- - X 0 X", "missing", true, "Threshold Crossed: 2 out of the last 3 datapoints [9.0 (01/01/70 00:04:00), 9.0 (01/01/70 00:02:00)] were greater than the threshold (1.5) (minimum 2 datapoints for OK -> ALARM transition)."},
		{1, 1, "- - -", "notBreaching", true, "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching]."},
		{2, 2, "- - - -", "breaching", true, "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching]."},
		{2, 2, "- - - 0", "breaching", true, "Threshold Crossed: 1 datapoint [0.0 (01/01/70 00:03:00)] was not greater than the threshold (1.5) and 1 missing datapoint was treated as [Breaching]."},
		{1, 1, "- - -", "missing", true, "Insufficient Data: 1 datapoint was unknown."},
		{3, 3, "- - - - -", "missing", true, "Insufficient Data: 3 datapoints were unknown."},
	} {
		r := rule{periods: c.n, alarms: c.m, operator: types.ComparisonOperatorGreaterThanThreshold, threshold: 1.5, missing: c.treat}
		if got := r.reason(r.decide(pointsOf(c.points), okay), c.mOfN); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.points, got, c.want)
		}
	}
}

func TestReasonDataReadsLikeThatOfAWS(t *testing.T) {
	r := rule{periods: 2, alarms: 1, operator: types.ComparisonOperatorGreaterThanThreshold, threshold: 1, missing: "breaching"}
	got := r.data(r.decide(pointsOf("- - X -"), okay), "Sum", "", 60, 240_000)
	want := `{"version":"1.0","queryDate":"1970-01-01T00:04:00.000+0000","startDate":"1970-01-01T00:02:00.000+0000","statistic":"Sum","period":60,` +
		`"recentDatapoints":[9.0],"threshold":1.0,"evaluatedDatapoints":[{"timestamp":"1970-01-01T00:03:00.000+0000"},` +
		`{"timestamp":"1970-01-01T00:02:00.000+0000","sampleCount":1.0,"value":9.0}]}`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNumbersAreWrittenAsJavaDoes(t *testing.T) {
	for f, want := range map[float64]string{0: "0.0", 3: "3.0", 0.25: "0.25", 134217728: "1.34217728E8", 1e7: "1.0E7", 9999999: "9999999.0", 0.0001: "1.0E-4", -2: "-2.0"} {
		if got := javaFloat(f); got != want {
			t.Errorf("%v is written %s, expected %s", f, got, want)
		}
	}
}

func genRule(t *rapid.T) rule {
	n := rapid.IntRange(1, 6).Draw(t, "N")
	return rule{periods: n, alarms: rapid.IntRange(1, n).Draw(t, "M"), threshold: 1, operator: types.ComparisonOperatorGreaterThanThreshold,
		missing: rapid.SampledFrom([]string{"missing", "ignore", "breaching", "notBreaching"}).Draw(t, "missing")}
}

func genPoints(t *rapid.T, n int, kinds ...string) []point {
	return pointsOf(strings.Join(rapid.SliceOfN(rapid.SampledFrom(kinds), n, n).Draw(t, "points"), " "))
}

func TestWithoutMissingDataItIsMOutOfN(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := genRule(t)
		points := genPoints(t, r.periods+extraPoints, "0", "X")
		breaches := 0
		for _, p := range points[:r.periods] {
			if p.value > 1 {
				breaches++
			}
		}
		if got := r.decide(points, insufficient).state == alarming; got != (breaches >= r.alarms) {
			t.Fatalf("%d breaches of %d needed: alarm %v", breaches, r.alarms, got)
		}
	})
}

// What an early evaluation relies on: a point that breaches instead of not never ends an alarm.
func TestABreachMoreNeverEndsAnAlarm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := genRule(t)
		points := genPoints(t, r.periods+extraPoints, "0", "X", "-")
		before := r.decide(points, okay).state
		i := rapid.IntRange(0, len(points)-1).Draw(t, "i")
		if points[i].present {
			points[i].value = 9
		}
		if after := r.decide(points, okay).state; before == alarming && after != alarming {
			t.Fatalf("from %s to %s", before, after)
		}
	})
}

func TestTreatmentsAreOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := genRule(t)
		points := genPoints(t, r.periods+extraPoints, "0", "X", "-")
		state := func(missing string) types.StateValue {
			r.missing = missing
			return r.decide(points, okay).state
		}
		if state("notBreaching") == alarming && state("breaching") != alarming {
			t.Fatal("an alarm only if missing data are good")
		}
		if state("notBreaching") == alarming && state("missing") != alarming {
			t.Fatal("real data make an alarm, which missing data undo")
		}
	})
}
